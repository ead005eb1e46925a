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
  if (currency === literal(known.currency)) return String(10 ** decimals(known.currency));
  const odd = ODD.map(([code, power]) => `when '${code}' then ${power}`).join(' ');
  return `(case ${currency} when ${literal(known.currency)} then ${10 ** decimals(known.currency)} ${odd} else 100 end)`;
}

/** The currencies that don't have two decimals. */
const ODD = Intl.supportedValuesOf('currency')
  .map((code) => [code, 10 ** decimals(code)] as const)
  .filter(([, power]) => power !== 100);

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A Prisma field's column. A test holds this rule, and the next, to the database. */
export const column = (field: string): string => `"${snake(field)}"`;

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
