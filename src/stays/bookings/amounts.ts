import { refuse } from '../../core/errors.ts';
import { basisPoints, MAX_MINOR, toMinor } from '../../core/money.ts';

export interface Amounts {
  grossMinor: number;
  commissionMinor: number;
  netMinor: number;
}

/**
 * What a stay costs and who gets what of it, in minor units. Where the caller doesn't say, the price is what its nights
 * come to and the commission is the agency's share.
 */
export function priceStay(
  said: { grossAmount?: string | null; commissionAmount?: string | null },
  known: { currency: string; nightsMinor: number; commissionBasisPoints: number },
): Amounts {
  const { currency } = known;
  const grossMinor = said.grossAmount == null ? known.nightsMinor : toMinor(said.grossAmount, currency);
  const commissionMinor =
    said.commissionAmount == null
      ? basisPoints(grossMinor ?? 0, known.commissionBasisPoints)
      : toMinor(said.commissionAmount, currency);
  const wrong = `must be an amount of ${currency}, 0 or more, with no more decimals than ${currency} has`;
  refuse({
    grossAmount: (grossMinor === undefined || grossMinor < 0 || grossMinor > MAX_MINOR) && wrong,
    commissionAmount:
      commissionMinor === undefined || commissionMinor < 0
        ? wrong
        : grossMinor !== undefined &&
          grossMinor >= 0 &&
          commissionMinor > grossMinor &&
          'must not be more than the gross amount',
  });
  return { grossMinor: grossMinor!, commissionMinor: commissionMinor!, netMinor: grossMinor! - commissionMinor! };
}
