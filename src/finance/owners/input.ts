import { refuse } from '../../core/errors.ts';
import { textProblem } from '../../core/text.ts';
import { ibanProblem, normalIban } from './iban.ts';

/** What a caller may say of an owner. Undefined leaves a field as it is; null empties it. */
export interface OwnerInput {
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  address?: string | null;
  taxId?: string | null;
  iban?: string | null;
  commissionPercent?: number | null;
}

/** The columns that an input fills, or one error that names every field that can't be used. */
export function ownerColumns(input: OwnerInput) {
  const { commissionPercent } = input;
  refuse({
    name: textProblem(input.name, { required: true }),
    email: textProblem(input.email),
    phone: textProblem(input.phone, { most: 50 }),
    address: textProblem(input.address, { most: 1_000 }),
    taxId: textProblem(input.taxId, { most: 50 }),
    iban: ibanProblem(input.iban),
    commissionPercent: commissionPercent != null && percentProblem(commissionPercent),
  });
  return {
    name: input.name?.trim(),
    email: blankIsNone(input.email),
    phone: blankIsNone(input.phone),
    address: blankIsNone(input.address),
    taxId: blankIsNone(input.taxId),
    iban: input.iban == null ? input.iban : normalIban(input.iban),
    commissionBasisPoints: commissionPercent == null ? commissionPercent : Math.round(commissionPercent * 100),
  };
}

/** Hundredths of a percent are what an amount is divided by; a third decimal would be rounded away unseen. */
function percentProblem(percent: number): string | false {
  const points = percent * 100;
  const fits = percent >= 0 && percent <= 100 && Math.abs(points - Math.round(points)) < 1e-6;
  return !fits && 'must be from 0 to 100, with two decimals at most';
}

function blankIsNone(text: string | null | undefined): string | null | undefined {
  return text == null ? text : text.trim() || null;
}
