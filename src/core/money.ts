/** Money is integer minor units inside (centimes, fils), and a decimal number with an ISO 4217 code outside. */

const digits = new Map<string, number>();

/** How many decimals a currency has: 2 for MAD, 0 for JPY, 3 for TND. From the ICU data that ships with Node. */
export function decimals(currency: string): number {
  let known = digits.get(currency);
  if (known === undefined) {
    known = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
    digits.set(currency, known);
  }
  return known;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

export function isCurrency(code: string): boolean {
  return currencies.has(code);
}

/** 76613 → 766.13. A double holds every amount of our range exactly to its last decimal when printed. */
export function toDecimal(minor: number, currency: string): number {
  return minor / 10 ** decimals(currency);
}

/** The most that a column holds. */
export const MAX_MINOR = 2_147_483_647;

/**
 * "766.13" → 76613. Undefined for what isn't an amount in this currency: more decimals than it has, not a number, or
 * more than a column holds. Goes by the decimal text, so 1.005 isn't quietly rounded.
 */
export function toMinor(amount: number | string, currency: string): number | undefined {
  const text = String(amount).trim();
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return undefined;
  const scale = decimals(currency);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > scale) return undefined;
  const minor = Number(match[2]! + fraction.padEnd(scale, '0'));
  if (minor > MAX_MINOR) return undefined;
  return match[1] ? -minor : minor;
}

/** Hundredths of a percent of an amount, half up. */
export function basisPoints(minor: number, points: number): number {
  return Math.floor((minor * points + 5_000) / 10_000);
}
