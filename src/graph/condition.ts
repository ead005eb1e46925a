import type { Filter, FilterType, List, Order } from './list.ts';
import { conditionsOf, type Seek } from './page.ts';
import { type Binder, column } from './sql.ts';

/** The filters that were given, as conditions on the row's alias. */
export function filterSql(list: List, args: Record<string, unknown>, row: string, bind: Binder): string[] {
  return conditionsOf(list, args).map(({ filter, value }) => {
    const cell = `${row}.${column(filter.column)}`;
    const cast = castOf(filter.type, list);
    if (filter.op === 'present') return `${cell} is ${value ? 'not null' : 'null'}`;
    if (filter.op === 'absent') return `${cell} is ${value ? 'null' : 'not null'}`;
    if (filter.op === 'in') return `${cell} = any(${bind.add(value, `${cast}[]`)})`;
    if (filter.op === 'named') return namedSql(cell, value as string[], bind);
    if (filter.op === 'contains') return `${cell} ilike '%' || ${bind.add(value, cast)} || '%'`;
    return `${cell} ${OPERATOR[filter.op]} ${bind.add(value, cast)}`;
  });
}

/** A family is the range of what begins with its name and a dot, which an index finds; `/` comes after the dot. */
function namedSql(cell: string, names: string[], bind: Binder): string {
  const inOrder = `${cell} collate "C"`;
  const families = names.filter((name) => FAMILY.test(name)).map((name) => name.slice(0, -2));
  const ranges = families.map(
    (name) => `(${inOrder} >= ${bind.add(`${name}.`, 'text')} and ${inOrder} < ${bind.add(`${name}/`, 'text')})`,
  );
  const exact = names.filter((name) => !FAMILY.test(name));
  if (exact.length > 0 || ranges.length === 0) ranges.push(`${inOrder} = any(${bind.add(exact, 'text[]')})`);
  return `(${ranges.join(' or ')})`;
}

/** `booking.*` is every name of the family. */
export const FAMILY = /^[^.]*\.\*$/;

/** The rows past a cursor, in the direction walked. */
export function seekSql(list: List, { order, key, value, walked }: Seek, row: string, bind: Binder): string {
  const past = walked === 'asc' ? '>' : '<';
  const idCast = list.id ?? 'int';
  if (order.column === 'id') return `${row}.id ${past} ${bind.add(key, idCast)}`;
  return `(${row}.${column(order.column)}, ${row}.id) ${past} (${bind.add(value, ORDER_CAST[order.kind])}, ${bind.add(key, idCast)})`;
}

const OPERATOR: Record<Exclude<Filter['op'], 'present' | 'absent' | 'in' | 'named' | 'contains'>, string> = {
  equals: '=',
  gte: '>=',
  lte: '<=',
  gt: '>',
  lt: '<',
};

/** What a parameter is sent as. An enum's type has the enum's own name in the database; in rows that are made it is text. */
function castOf(type: FilterType, { source }: List): string {
  if (typeof type !== 'object') return CAST[type];
  return source ? 'text' : `"${type.enum}"`;
}

const CAST: Record<Extract<FilterType, string>, string> = {
  ID: 'int',
  Int: 'int',
  String: 'text',
  Boolean: 'boolean',
  LocalDate: 'date',
  DateTime: 'timestamptz',
  UUID: 'uuid',
};

const ORDER_CAST: Record<Order['kind'], string> = {
  int: 'int',
  date: 'date',
  instant: 'timestamptz',
  text: 'text',
  uuid: 'uuid',
};
