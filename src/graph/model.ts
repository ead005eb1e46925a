import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import { fromDay } from '../core/dates.ts';
import type { Context } from './builder.ts';
import { FAMILY } from './condition.ts';
import type { Filter, List, Model, Order, Row } from './list.ts';
import { conditionsOf, type PageArgs, type Seek } from './page.ts';
import type { Place } from './source.ts';

/** The rows of a page, one more than it takes, and the count, by Prisma. */
export function readModel(
  declaration: List & { model: Model },
  args: PageArgs,
  { context, info }: { context: Context; info: GraphQLResolveInfo },
  { extent, walked, order, seek }: Place & { order: Order },
) {
  const delegate = (context.viewer.db as unknown as Record<Model, Delegate>)[declaration.model];
  const where = { AND: conditionsOf(declaration, args).map(condition) };
  const query = queryFromInfo({ context, info, typeName: declaration.type, paths: [['nodes'], ['edges', 'node']] });
  return {
    rows: () =>
      delegate.findMany({
        ...query,
        where: { AND: [...where.AND, ...(seek ? [beyond(seek)] : [])] },
        orderBy: order.column === 'id' ? [{ id: walked }] : [{ [order.column]: walked }, { id: walked }],
        take: extent.take + 1, // One more than asked for tells whether there are more.
        skip: extent.skip,
      }),
    total: () => delegate.count({ where }),
  };
}

interface Delegate {
  findMany(query: object): Promise<Row[]>;
  count(query: object): Promise<number>;
}

function condition({ filter, value }: { filter: Filter; value: unknown }): object {
  const { column, op, type } = filter;
  if (op === 'present' || op === 'absent') return { [column]: value === (op === 'present') ? { not: null } : null };
  if (op === 'named') return { OR: (value as string[]).map((name) => ({ [column]: named(name) })) };
  const mode = op === 'contains' ? { mode: 'insensitive' } : {};
  return { [column]: { [op]: type === 'LocalDate' ? fromDay(value as string) : value, ...mode } };
}

const named = (name: string) => (FAMILY.test(name) ? { startsWith: name.slice(0, -1) } : { equals: name });

/** The rows past a cursor in the direction walked. The first bound says nothing new; it lets the index be used. */
function beyond({ order, walked, key, value }: Seek): object {
  const past = walked === 'asc' ? 'gt' : 'lt';
  if (order.column === 'id') return { id: { [past]: key } };
  return {
    [order.column]: { [`${past}e`]: value },
    OR: [{ [order.column]: { [past]: value } }, { [order.column]: value, id: { [past]: key } }],
  };
}
