import { decimals } from '../core/money.ts';
import { snake } from '../core/text.ts';

/** What an SQL expression may know beside the row: what the request is bound to anyway. */
export interface Known {
  /** The agency's currency, an ISO 4217 code. */
  currency: string;
}

/** An SQL expression for a field, given the row's alias. It stands beside the resolver and means the same. */
export type Expression = (row: string, known: Known) => string;

/**
 * Minor units as a decimal number: the same division of the same doubles as `core/money.ts` makes, and PostgreSQL prints a
 * double as JavaScript does, with the fewest digits that mean it.
 */
export function amount(minor: string, currency: string, known: Known): string {
  return `(${minor} / ${powers(currency, known)}::float8)`;
}

/** How many minor units a unit of a currency has. The agency's own comes first, because nearly every row is in it. */
function powers(currency: string, known: Known): string {
  const own = String(10 ** decimals(known.currency));
  if (currency === literal(known.currency)) return own;
  return `(case when ${currency} = ${literal(known.currency)} then ${own} ${ODD.map(([power, codes]) => `when ${currency} = any(${codes}) then ${power}`).join(' ')} else 100 end)`;
}

/** The currencies that don't have two decimals, by how many minor units a unit of them has. */
const ODD = [1, 10, 1_000, 10_000].flatMap((power): [number, string][] => {
  const codes = Intl.supportedValuesOf('currency').filter((code) => 10 ** decimals(code) === power);
  return codes.length > 0 ? [[power, literal(`{${codes.join(',')}}`)]] : [];
});

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A Prisma field's column. A test holds this rule, and the next, to the database. */
export const column = (field: string): string => {
  let known = columns.get(field);
  if (!known) {
    known = `"${snake(field)}"`;
    columns.set(field, known);
  }
  return known;
};
const columns = new Map<string, string>();

/** A Prisma model's table. */
export const table = (model: string): string => `"${snake(model).replace(/^_/, '')}"`;

/** Collects a statement's parameters. */
export class Binder {
  readonly values: unknown[] = [];

  add(value: unknown, cast: string): string {
    this.values.push(value);
    return `$${this.values.length}::${cast}`;
  }
}
