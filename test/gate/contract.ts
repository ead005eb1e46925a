import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Shape } from './shape.ts';

/** What clients build on, as a folder holds it. */
export interface Contract {
  graphql: string;
  openapi: Shape;
  /** By file: `events/booking.created`, `connect/create_reservation`. */
  events: Record<string, Shape>;
}

const PARTS = ['schema.graphql', 'openapi.json', 'events', 'connect'];

export function readContract(folder: string): Contract {
  const events = ['events', 'connect'].flatMap((kind) =>
    readdirSync(join(folder, kind)).map((file) => [
      `${kind}/${basename(file, '.json')}`,
      json(join(folder, kind, file)),
    ]),
  );
  return {
    graphql: readFileSync(join(folder, 'schema.graphql'), 'utf8'),
    openapi: json(join(folder, 'openapi.json')),
    events: Object.fromEntries(events),
  };
}

/** Which version a copy is the contract of. */
export const versionOf = (released: string): string => readFileSync(join(released, 'VERSION'), 'utf8').trim();

/**
 * Keeps today's contract as the released one. It lies beside today's and not in git's history, because a checkout for CI
 * often has none.
 */
export function keepAsReleased(folder: string, released: string, version: string): void {
  rmSync(released, { recursive: true, force: true });
  mkdirSync(released);
  for (const part of PARTS) cpSync(join(folder, part), join(released, part), { recursive: true });
  writeFileSync(join(released, 'VERSION'), `${version}\n`);
}

const json = (file: string): Shape => JSON.parse(readFileSync(file, 'utf8'));
