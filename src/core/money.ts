import { data as iso4217 } from 'currency-codes';

/** Money is integer minor units inside (centimes, fils), and a decimal number with an ISO 4217 code outside. */

const digits = new Map(iso4217.map((currency) => [currency.code, currency.digits]));

/**
 * How many decimals a currency has: 2 for MAD, 0 for JPY, 3 for TND, by ISO 4217. Not by Intl, which goes by what people use (none
 * for HUF) and changes with Node, while what is stored in minor units stays.
 */
export function decimals(currency: string): number {
  return digits.get(currency) ?? 2; // One that ISO has brought in or taken away since.
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

export function isCurrency(code: string): boolean {
  return currencies.has(code);
}

/** 76613 → 766.13. A double holds every amount of our range exactly to its last decimal when printed. */
export function toDecimal(minor: number | bigint, currency: string): number {
  return Number(minor) / 10 ** decimals(currency);
}

/** The most that a column of a price or a stay holds. */
export const MAX_MINOR = 2_147_483_647;

/** The most that a sum of them may be: a double still prints 15 digits as they are. */
export const MAX_TOTAL_MINOR = 999_999_999_999_999;

/**
 * "766.13" → 76613. Undefined for what isn't an amount in this currency: more decimals than it has, not a number, or
 * more than `most`. Goes by the decimal text, so 1.005 isn't quietly rounded.
 */
export function toMinor(amount: number | string, currency: string, most = MAX_MINOR): number | undefined {
  const text = String(amount).trim();
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return undefined;
  const scale = decimals(currency);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > scale) return undefined;
  const minor = Number(match[2]! + fraction.padEnd(scale, '0'));
  if (minor > most) return undefined;
  return match[1] ? -minor : minor;
}

/** Hundredths of a percent of an amount, half up. In two parts, because a large total times 10,000 is beyond what a double counts. */
export function basisPoints(minor: number, points: number): number {
  const whole = Math.floor(minor / 10_000);
  return whole * points + Math.floor(((minor - whole * 10_000) * points + 5_000) / 10_000);
}
