import { Invalid } from '../../core/errors.ts';
import { JSON_TYPE } from './answer.ts';
import type { Asked } from './route.ts';

/** The ways in which a list can be written, by their names in `?format=`. */
export type Format = 'json' | 'csv' | 'ndjson';

/** Their names in `Accept`. Among equals the first is answered. */
const TYPES: [Format, string][] = [
  ['json', JSON_TYPE],
  ['csv', 'text/csv'],
  ['ndjson', 'application/x-ndjson'],
];

/** What is answered when nothing else is asked for. */
export const AS_JSON: [string, string] = ['json', JSON_TYPE];

/** `?format=` decides; without it, an Accept that prefers something to JSON, which is the first of the types. */
export function formatOf<Name extends string = Format>(
  { query, headers: { accept } }: Pick<Asked, 'query' | 'headers'>,
  types: [Name, string][] = TYPES as [Name, string][],
): Name {
  const said = query.get('format')?.at(-1);
  const [named] = types.find(([format]) => format === said) ?? [];
  if (named) return named;
  if (said !== undefined) throw new Invalid({ format: [`must be ${oneOf(types.map(([name]) => name))}`] });
  if (!accept || accept === '*/*' || accept === JSON_TYPE) return types[0]![0];
  const weighed = types.map(([format, type]) => ({ format, weight: weight(accept, type) }));
  return weighed.reduce((best, one) => (one.weight > best.weight ? one : best)).format;
}

const oneOf = (names: string[]): string => `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

/** The q of a type that an Accept header names; 0 when it doesn't. */
function weight(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return q ? Number(q.slice(2)) || 0 : 1;
  }
  return 0;
}
