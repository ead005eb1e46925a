import { createHash } from 'node:crypto';
import { type GraphQLObjectType, getNamedType } from 'graphql';
import { DomainError } from '../../core/errors.ts';
import { snake } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Operation } from './operation.ts';

/** A strong validator: 162 bits of the bytes' SHA-256. */
export function etagOf(body: string | Uint8Array): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

/** Whether `If-None-Match` names what the client already has. It compares weakly, as RFC 9110 says. */
export function isKnown(header: string, etag: string): boolean {
  return tagsIn(header).some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}

/** A resource that can be read by its id, with what it takes to hold it still. */
export interface Resource {
  /** The name of its row's key: `id`. */
  variable: string;
  /** Locks its row until the transaction ends; undefined when no single table holds it. */
  lock: string | undefined;
  /** The body that a GET answers with, or NotFound. */
  read(viewer: Viewer, variables: Record<string, unknown>): Promise<string>;
}

/**
 * The statement that locks what an operation reads, from the model that its type stands for. What has a UUID for a key is
 * history (deliveries): no request changes it, and the role that serves requests may not lock it.
 */
export function lockOf({ field, variables }: Operation, variable: string): string | undefined {
  const model = (getNamedType(field.type) as GraphQLObjectType).extensions.pothosPrismaModel;
  const key = variables.find(({ name }) => name === variable);
  if (typeof model !== 'string' || !key || getNamedType(key.type).name === 'UUID') return undefined;
  return `select 1 from ${snake(model).slice(1)} where id = $1::text::int for update`;
}

/**
 * Holds a write to `If-Match`: inside its transaction, before any fact changes, the resource is locked, read as a GET would
 * read it now, and compared. So nobody can change it between the comparison and the write.
 */
export function requireMatch(
  viewer: Viewer,
  header: string,
  resource: Resource | undefined,
  variables: Record<string, unknown>,
): void {
  if (!resource) throw new DomainError('PRECONDITION_FAILED', 'There is no ETag at this path. Leave If-Match out.');
  const before = viewer.precondition;
  viewer.precondition = async (tx) => {
    await before?.(tx);
    const id = String(variables[resource.variable]);
    if (resource.lock) await tx.$queryRawUnsafe(resource.lock, id);
    const etag = etagOf(await resource.read(viewer.within(tx), { [resource.variable]: id }));
    if (tagsIn(header).some((tag) => tag === '*' || tag === etag)) return;
    throw new DomainError(
      'PRECONDITION_FAILED',
      'It has changed since you read it. Read it again, and decide with what it says now.',
    );
  };
}

const tagsIn = (header: string): string[] => header.split(',').map((tag) => tag.trim());
