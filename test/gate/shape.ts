import { isDeepStrictEqual } from 'node:util';
import { Changes } from './change.ts';

// biome-ignore lint/suspicious/noExplicitAny: a schema is whatever JSON was published
export type Shape = Record<string, any>;

/**
 * Compares two JSON Schemas of the same thing. What a client sends (`asked`) may only be taken more freely than before, and
 * what it reads (`told`) only say more and stay as strict: the same edit is harmless one way and breaks clients the other.
 */
export function compareShapes(before: Shape, after: Shape, comparison: Comparison): void {
  const { at, direction, changes, references } = comparison;
  const [was, is] = [references.before(before), references.after(after)];
  if (was.name || is.name) {
    const pair = `${direction} ${was.name} ${is.name}`;
    if (comparison.met.has(pair)) return; // A shape may hold itself, and many hold the same.
    comparison.met.add(pair);
  }
  const here = { ...comparison, at: was.name ? `${comparison.document} ${was.name}` : at };
  const [olds, news] = [alternatives(was.shape, references.before), alternatives(is.shape, references.after)];
  // Told, all that may come must have been expected; asked, all that was taken must still be.
  const [sources, targets] = direction === 'told' ? [news, olds] : [olds, news];
  for (const source of sources) {
    const partners = targets.filter((target) => fits(source, target));
    const compare = (target: Shape, into: Comparison) =>
      direction === 'told' ? compareOne(target, source, into) : compareOne(source, target, into);
    if (partners.length === 0) {
      const what = kindOf(source);
      changes.breaking(direction === 'told' ? `${here.at} may be ${what} now` : `${here.at} takes no ${what} any more`);
    } else if (partners.length === 1) compare(partners[0]!, here);
    else compare(partners.find((target) => isQuiet((into) => compare(target, into), here)) ?? partners[0]!, here);
  }
}

export interface Comparison {
  direction: 'asked' | 'told';
  /** Where in the contract, as a line begins: "GET /v1/bookings 200". */
  at: string;
  /** What a component's name stands behind: "OpenAPI". */
  document: string;
  changes: Changes;
  references: { before: Resolve; after: Resolve };
  /** Pairs of components that have been compared. */
  met: Set<string>;
}

/** The shape that a reference leads to, with its name, or the shape itself. */
export type Resolve = (shape: Shape) => { shape: Shape; name?: string };

/** For documents that refer to nothing. */
export const whole: Resolve = (shape) => ({ shape });

/** A shape as the list of what it may be, each of one type, so that `anyOf`, `["string", "null"]` and a reference are alike. */
function alternatives(shape: Shape, resolve: Resolve): Shape[] {
  const { anyOf, oneOf, ...rest } = shape;
  const options: Shape[] | undefined = anyOf ?? oneOf;
  if (options)
    return options.flatMap((option) => ('$ref' in option ? [option] : alternatives({ ...rest, ...option }, resolve)));
  if (!Array.isArray(shape.type)) return [shape];
  return shape.type.map((type: string) => {
    const one: Shape = { ...shape, type };
    if (type === 'null') return { type };
    if (shape.enum) one.enum = shape.enum.filter((value: unknown) => value !== null);
    return one;
  });
}

const kindOf = (shape: Shape): string =>
  shape.$ref?.split('/').at(-1) ?? shape.type ?? ('const' in shape ? JSON.stringify(shape.const) : 'anything');

/** Whether one could stand where the other stood. A reference may lead to anything. */
function fits(source: Shape, target: Shape): boolean {
  if (source.$ref || target.$ref) return Boolean(source.$ref && target.$ref);
  const [from, to] = [kindOf(source), kindOf(target)];
  return from === to || to === 'anything' || (from === 'integer' && to === 'number');
}

function isQuiet(compare: (into: Comparison) => void, comparison: Comparison): boolean {
  const changes = new Changes();
  compare({ ...comparison, changes, met: new Set(comparison.met) });
  return changes.all().every(({ kind }) => kind !== 'breaking');
}

/** Two shapes of one type each. */
function compareOne(before: Shape, after: Shape, comparison: Comparison): void {
  if (before.$ref || after.$ref) {
    compareShapes(before, after, comparison);
    return;
  }
  compareValues(before, after, comparison);
  compareBounds(before, after, comparison);
  compareProperties(before, after, comparison);
  compareOthers(before, after, comparison);
  if (before.items || after.items)
    compareShapes(before.items ?? {}, after.items ?? {}, { ...comparison, at: `${comparison.at}[]` });
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (UNDERSTOOD.has(keyword) || isDeepStrictEqual(before[keyword], after[keyword])) continue;
    comparison.changes.breaking(`${comparison.at} has another "${keyword}", which the gate can't judge`);
  }
}

function compareValues(before: Shape, after: Shape, { at, direction, changes }: Comparison): void {
  const [olds, news] = [valuesOf(before), valuesOf(after)];
  if (olds && news) {
    const gone = olds.filter((value) => !news.includes(value));
    const added = news.filter((value) => !olds.includes(value));
    if (gone.length > 0) changes.breaking(`${at} is not ${list(gone)} any more`);
    if (added.length > 0 && direction === 'told') changes.careful(`${at} may be ${list(added)} now`);
  } else if (news && direction === 'asked') changes.breaking(`${at} takes only ${list(news)} now`);
  else if (olds && direction === 'told') changes.breaking(`${at} may be other than ${list(olds)} now`);
}

const valuesOf = (shape: Shape): unknown[] | undefined => ('const' in shape ? [shape.const] : shape.enum);
const list = (values: unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

function compareBounds(before: Shape, after: Shape, { at, direction, changes }: Comparison): void {
  for (const [keyword, sign] of BOUNDS) {
    const [was, is] = [before[keyword], after[keyword]];
    if (was === is) continue;
    const tighter = was === undefined || (is !== undefined && sign * is < sign * was);
    const line = `${at} has ${keyword} ${is ?? 'none'} instead of ${was ?? 'none'}`;
    if (direction === 'asked' && tighter) changes.breaking(line);
    if (direction === 'told' && !tighter) changes.careful(line);
  }
}

/** 1 where a smaller number is the stricter one. */
const BOUNDS: [keyword: string, sign: 1 | -1][] = [
  ['maximum', 1],
  ['exclusiveMaximum', 1],
  ['maxLength', 1],
  ['maxItems', 1],
  ['minimum', -1],
  ['exclusiveMinimum', -1],
  ['minLength', -1],
  ['minItems', -1],
];

function compareProperties(before: Shape, after: Shape, comparison: Comparison): void {
  const { at, direction, changes } = comparison;
  const [olds, news]: [Shape, Shape] = [before.properties ?? {}, after.properties ?? {}];
  const requires = (shape: Shape, key: string): boolean => shape.required?.includes(key) ?? false;
  for (const key of Object.keys(olds)) {
    const place = `${at}.${key}`;
    if (!(key in news)) changes.breaking(direction === 'told' ? `${place} is gone` : `${place} is not taken any more`);
    else compareShapes(olds[key], news[key], { ...comparison, at: place });
    if (direction === 'told' && key in news && requires(before, key) && !requires(after, key))
      changes.breaking(`${place} may be missing now`);
  }
  if (direction === 'asked')
    for (const key of after.required ?? [])
      if (!requires(before, key)) changes.breaking(`${at}.${key} is required now`);
  compareFurther(before.additionalProperties ?? true, after.additionalProperties ?? true, comparison);
}

/** Keys that have no name in the schema. What is told may gain keys, and so only a known type of theirs is a promise. */
function compareFurther(before: Shape | boolean, after: Shape | boolean, comparison: Comparison): void {
  const { at, direction, changes } = comparison;
  if (before === false || before === after) return;
  if (after === false) {
    if (direction === 'asked') changes.breaking(`${at} refuses other keys now`);
    return;
  }
  const [was, is] = [before === true ? {} : before, after === true ? {} : after];
  compareShapes(was, is, { ...comparison, at: `${at}.*` });
}

function compareOthers(before: Shape, after: Shape, { at, direction, changes }: Comparison): void {
  for (const keyword of ['format', 'pattern']) {
    const [was, is] = [before[keyword], after[keyword]];
    if (was === is) continue;
    const stricter = was === undefined;
    const looser = is === undefined;
    if (direction === 'asked' ? !looser : !stricter)
      changes.breaking(`${at} has ${keyword} ${is ?? 'none'} instead of ${was ?? 'none'}`);
  }
  if (direction === 'asked' && !isDeepStrictEqual(before.default, after.default))
    changes.careful(
      `${at} is ${JSON.stringify(after.default)} instead of ${JSON.stringify(before.default)} when not said`,
    );
}

const UNDERSTOOD = new Set([
  ...[
    'type',
    'enum',
    'const',
    'properties',
    'required',
    'additionalProperties',
    'items',
    'format',
    'pattern',
    'default',
  ],
  ...BOUNDS.map(([keyword]) => keyword),
  ...['title', 'description', 'example', 'examples', '$schema', '$id', '$comment', 'deprecated'], // Words about it.
]);
