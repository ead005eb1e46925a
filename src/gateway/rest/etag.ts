import { createHash } from 'node:crypto';
import { type GraphQLObjectType, getNamedType, isObjectType } from 'graphql';
import { DomainError } from '../../core/errors.ts';
import { snake } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { optionsOf } from '../../graph/guard.ts';
import { fieldsOf } from './leaves.ts';
import type { Operation } from './operation.ts';

/** A strong validator: 162 bits of the bytes' SHA-256. */
export const etagOf = (body: string | Uint8Array): string => `"${digest(body)}"`;

const digest = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64url').slice(0, 27);

/**
 * How the answers of an operation are tagged. Where a part of them changes by itself, a tag says two things, `"decided.whole"`:
 * `If-None-Match` asks for the whole, `If-Match` only for what somebody has decided.
 */
export function taggerOf({ field, selection }: Operation): (body: string | Uint8Array) => string {
  const type = getNamedType(field.type);
  const moving = !isObjectType(type)
    ? []
    : fieldsOf(selection!)
        .filter(({ name }) => type.getFields()[name.value] && optionsOf(type.getFields()[name.value]!).changesByItself)
        .map(({ name, alias }) => (alias ?? name).value);
  if (moving.length === 0) return etagOf;
  return (body) => {
    const { data } = JSON.parse(String(body));
    for (const key of moving) delete data[key];
    return `"${digest(JSON.stringify(data))}.${digest(body)}"`;
  };
}

/** What `If-Match` compares of a tag. */
const decided = (tag: string): string => tag.replace(/\..*"$/, '"');

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
  tagOf(body: string): string;
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
    const etag = resource.tagOf(await resource.read(viewer.within(tx), { [resource.variable]: id }));
    if (tagsIn(header).some((tag) => tag === '*' || decided(tag) === decided(etag))) return;
    throw new DomainError(
      'PRECONDITION_FAILED',
      'It has changed since you read it. Read it again, and decide with what it says now.',
    );
  };
}

const tagsIn = (header: string): string[] => header.split(',').map((tag) => tag.trim());
