import { type GraphQLInputType, getNamedType, getNullableType, isEnumType, isListType } from 'graphql';
import { Invalid, NotFound } from '../../core/errors.ts';
import { parseId } from '../../graph/ids.ts';
import type { Row } from '../../graph/row.ts';
import { complain, type Problems, readerOf, unknown } from './input.ts';
import type { Operation, Variable } from './operation.ts';

/** A request as far as its variables can come from it. */
export interface Source {
  /** What stood for each `{name}` of the path, in its order. */
  path: string[];
  /** What the query string says, `a[]=1` and `a=1` alike under `a`. */
  query: ReadonlyMap<string, string[]>;
  /** A parsed JSON object; undefined for a method that has none. */
  body: Record<string, unknown> | undefined;
}

/** Where each variable of a row comes from, decided at boot. */
export interface Parameters {
  path: Variable[];
  query: Variable[];
  /** The body's keys; empty when `input` is the whole body. */
  body: Variable[];
  input: Variable | undefined;
  /** Reads all of them, or throws one error that names everything that is wrong. */
  read(source: Source): Record<string, unknown>;
}

/** Nobody's variables: they say how a list is written, and whether all of it. */
const WRITING = ['format', 'all'];

/** Those of them that a row takes. */
function writingOf({ walk, forms, tables }: Row): string[] {
  if (tables) return ['format', 'rows'];
  return walk ? WRITING : forms ? ['format'] : [];
}

/** Shares a row's variables out between path, query string and body. */
export function parametersOf(row: Row, operation: Operation): Parameters {
  const names = namesIn(row.path);
  const byName = new Map(operation.variables.map((variable) => [variable.name, variable]));
  const path = names.map(
    (name) => byName.get(name) ?? refuseRow(`Its path has {${name}}, and its document no $${name}.`),
  );
  const others = operation.variables.filter(({ name }) => !names.includes(name));
  const input = others.find(({ name }) => name === 'input');
  if (input && others.length > 1) refuseRow('It has $input, which is the whole body, and other variables beside it.');
  const inQuery = row.method === 'GET' || row.method === 'DELETE';
  if (inQuery && input) refuseRow(`A ${row.method} has no body that could be its $input.`);
  const query = inQuery ? others : others.filter(({ name }) => row.query?.includes(name));
  const body = inQuery || input ? [] : others;

  const writing = writingOf(row);
  const queryReaders = new Map(query.map((variable) => [variable.name, fromText(variable.type)]));
  const queryNames = [...new Set([...queryReaders.keys(), ...(row.walk ? ['cursor'] : []), ...writing])];
  const bodyReaders = new Map(body.map((variable) => [variable.name, readerOf(variable.type)]));
  const readInput = input && readerOf(input.type);

  return {
    path,
    query,
    body,
    input,
    read(source) {
      const variables: Record<string, unknown> = {};
      for (const [i, { name, type }] of path.entries()) variables[name] = pathValue(source.path[i]!, type);
      const problems: Problems = Object.create(null); // A client may well name a field __proto__.
      readQuery(source.query, variables, problems);
      if (readInput) variables.input = readInput(source.body, '', problems);
      else if (source.body) readKeys(source.body, variables, problems);
      if (Object.keys(problems).length > 0) throw new Invalid(problems);
      return variables;
    },
  };

  function readQuery(given: Source['query'], variables: Record<string, unknown>, problems: Problems): void {
    for (const [name, values] of given) {
      if (writing.includes(name)) continue;
      if (!queryReaders.has(name)) complain(problems, name, unknown(name, queryNames, 'parameter'));
      else if (values.length > 1 && !isListType(getNullableType(byName.get(name)!.type)))
        complain(problems, name, 'is given more than once');
    }
    for (const [name, read] of queryReaders) {
      const value = read(given.get(name), name, problems);
      if (value !== undefined) variables[name] = value;
    }
  }

  function readKeys(given: Record<string, unknown>, variables: Record<string, unknown>, problems: Problems): void {
    for (const key of Object.keys(given)) {
      if (!bodyReaders.has(key)) complain(problems, key, unknown(key, [...bodyReaders.keys()]));
    }
    for (const [name, read] of bodyReaders) {
      const said = Object.hasOwn(variables, name); // By the query string.
      if (said && !Object.hasOwn(given, name)) continue;
      const value = read(Object.hasOwn(given, name) ? given[name] : undefined, name, problems);
      // Which of the two is meant? A dry run that isn't one can't be taken back.
      if (said && value !== variables[name])
        complain(problems, name, 'is another in the body than in the query string');
      else if (value !== undefined) variables[name] = value;
    }
  }
}

/** The names between braces, in order. */
export function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
}

const NOTHING: ReadonlyMap<string, string[]> = new Map();

/** `a=1&b[]=2&b[]=3` → a: [1], b: [2, 3]. */
export function readSearch(query: string): ReadonlyMap<string, string[]> {
  if (query === '') return NOTHING;
  const groups = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) {
    const name = key.endsWith('[]') ? key.slice(0, -2) : key;
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}

/** Reads what a query string says of a type. An empty value says nothing, as in Laravel. */
function fromText(type: GraphQLInputType): (texts: string[] | undefined, name: string, problems: Problems) => unknown {
  const nullable = getNullableType(type);
  const whole = readerOf(type);
  const one = textOf(type);
  if (!isListType(nullable)) {
    return (texts, name, problems) => whole(texts?.[0] ? one(texts[0]) : undefined, name, problems);
  }
  const item = readerOf(nullable.ofType);
  return (texts, name, problems) => {
    const given = texts?.flatMap((text) => text.split(',')).filter((text) => text !== '');
    if (!given || given.length === 0) return whole(undefined, name, problems);
    return given.map((text) => item(one(text), name, problems));
  };
}

/** From text to what JSON would have said. What doesn't fit stays as it is, for the reader to complain of. */
function textOf(type: GraphQLInputType): (text: string) => unknown {
  const named = getNamedType(type);
  if (isEnumType(named)) return (text) => text;
  switch (named.name) {
    case 'Int':
      return (text) => (/^-?\d+$/.test(text) ? Number(text) : text);
    case 'Float':
      return (text) => (Number.isNaN(Number(text)) ? text : Number(text));
    case 'Boolean':
      return (text) => BOOLEANS.get(text.toLowerCase()) ?? text;
    case 'ID':
      return (text) => (isId(text) ? text : {}); // An object is no id.
    default:
      return (text) => text;
  }
}

/** What a query string says for yes and no. */
export const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const isId = (text: string): boolean => parseId(text) !== undefined || UUID.test(text);

/** What can't be an id is answered like an id that isn't there. */
function pathValue(text: string, type: GraphQLInputType): unknown {
  const { name } = getNamedType(type);
  if (name === 'ID' && !isId(text)) throw new NotFound('resource');
  if (name === 'UUID' && !UUID.test(text)) throw new NotFound('resource');
  return text;
}

function refuseRow(why: string): never {
  throw new Error(why);
}
