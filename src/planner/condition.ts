import type { Filter, FilterType, List, Order } from '../graph/list.ts';
import { conditionsOf, type Seek } from '../graph/page.ts';
import { type Binder, column } from '../graph/sql.ts';

/** The filters that were given, as conditions on the row's alias. */
export function filterSql(list: List, args: Record<string, unknown>, row: string, bind: Binder): string[] {
  return conditionsOf(list, args).map(({ filter, value }) => {
    const cell = `${row}.${column(filter.column)}`;
    const cast = castOf(filter.type);
    if (filter.op === 'present') return `${cell} is ${value ? 'not null' : 'null'}`;
    if (filter.op === 'in') return `${cell} = any(${bind.add(value, `${cast}[]`)})`;
    if (filter.op === 'contains') return `${cell} ilike '%' || ${bind.add(value, cast)} || '%'`;
    return `${cell} ${OPERATOR[filter.op]} ${bind.add(value, cast)}`;
  });
}

/** The rows past a cursor, in the direction walked. */
export function seekSql({ order, key, value, walked }: Seek, idCast: string, row: string, bind: Binder): string {
  const past = walked === 'asc' ? '>' : '<';
  if (order.column === 'id') return `${row}.id ${past} ${bind.add(key, idCast)}`;
  return `(${row}.${column(order.column)}, ${row}.id) ${past} (${bind.add(value, ORDER_CAST[order.kind])}, ${bind.add(key, idCast)})`;
}

const OPERATOR: Record<Exclude<Filter['op'], 'present' | 'in' | 'contains'>, string> = {
  equals: '=',
  gte: '>=',
  lte: '<=',
  gt: '>',
  lt: '<',
};

/** What a parameter is sent as. An enum's type has the enum's own name in the database. */
function castOf(type: FilterType): string {
  return typeof type === 'object' ? `"${type.enum}"` : CAST[type];
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
