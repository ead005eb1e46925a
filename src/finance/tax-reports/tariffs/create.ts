import type { TaxKind as Kind } from '../../../../prisma/generated/client/enums.ts';
import { fromDay } from '../../../core/dates.ts';
import { refuse } from '../../../core/errors.ts';
import { toMinor } from '../../../core/money.ts';
import { textProblem } from '../../../core/text.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { TaxKind, TaxTariff, type TaxTariffRow } from './types.ts';

interface NewTaxTariff {
  tax: Kind;
  commune?: string | null;
  category?: string | null;
  validFrom: string;
  validTo?: string | null;
  /** Of a person and night, as decimal text. */
  amount?: string | null;
  ratePercent?: number | null;
  childrenExempt?: boolean | null;
  exemptAfterNights?: number | null;
  reference?: string | null;
}

/** The calendar of tariffs. Nobody means a day outside it. */
const FIRST_DAY = '1900-01-01';
const LAST_DAY = '2199-12-31';
/** Longer than any stay. */
const MOST_NIGHTS = 1_000;
/** Keeps two clients that enter the same tariff at once from both entering it. */
const TARIFF_LOCK = 0x7a71;

/**
 * Enters a tariff. It is never changed: what a tax asks from another day on is another tariff, and one that was entered
 * wrongly is put right by one of the same day, because of those the last holds.
 */
export function createTaxTariff(viewer: Viewer, input: NewTaxTariff): Promise<TaxTariffRow> {
  refuse(problemsOf(input, viewer.agency.currency));
  const { id: agencyId, currency } = viewer.agency;
  const isVat = input.tax === 'VAT';
  const terms = {
    tax: input.tax,
    commune: input.commune?.trim() || null,
    category: input.category?.trim() || null,
    validFrom: fromDay(input.validFrom),
    validTo: input.validTo == null ? null : fromDay(input.validTo),
    amountMinor: isVat ? null : toMinor(input.amount!, currency)!,
    rateBasisPoints: isVat ? Math.round(input.ratePercent! * 100) : null,
    childrenExempt: isVat ? false : (input.childrenExempt ?? true),
    exemptAfterNights: input.exemptAfterNights ?? null,
    reference: input.reference?.trim() || null,
  };
  return viewer.write(async (tx, _emit, audit) => {
    await tx.$executeRaw`select pg_advisory_xact_lock(${TARIFF_LOCK}::int, ${agencyId}::int)`;
    const known = await lastOfDay(tx, terms);
    if (known && isAsSaid(known, terms)) return known; // A retry has nothing to add.
    const tariff = await tx.taxTariff.create({ data: { agencyId, ...terms } });
    audit('tax_tariff.created', `tax_tariff:${tariff.id}`);
    return tariff;
  });
}

type Terms = Omit<TaxTariffRow, 'id' | 'agencyId' | 'createdAt' | 'updatedAt'>;

/** The tariff for the same properties from the same day on that was entered last. */
function lastOfDay(tx: Transaction, { tax, commune, category, validFrom }: Terms): Promise<TaxTariffRow | null> {
  return tx.taxTariff.findFirst({ where: { tax, commune, category, validFrom }, orderBy: { id: 'desc' } });
}

function isAsSaid(known: TaxTariffRow, terms: Terms): boolean {
  const plain = (value: unknown) => (value instanceof Date ? value.getTime() : value);
  return Object.entries(terms).every(([key, value]) => plain(known[key as keyof Terms]) === plain(value));
}

function problemsOf(input: NewTaxTariff, currency: string): Parameters<typeof refuse>[0] {
  const { tax, validFrom, validTo, exemptAfterNights } = input;
  return {
    commune: textProblem(input.commune, { most: 100, required: true }),
    category: textProblem(input.category, { most: 100, required: true }),
    reference: textProblem(input.reference, { most: 500 }),
    validFrom: (validFrom < FIRST_DAY || validFrom > LAST_DAY) && `must be from ${FIRST_DAY} to ${LAST_DAY}`,
    validTo:
      validTo != null &&
      (validTo < validFrom ? 'must not be before validFrom' : validTo > LAST_DAY && `must not be after ${LAST_DAY}`),
    amount: amountProblem(input, currency),
    ratePercent: percentProblem(input),
    childrenExempt: tax === 'VAT' && input.childrenExempt && 'is for taxes of a person and night, not for VAT',
    exemptAfterNights:
      exemptAfterNights != null &&
      (tax === 'VAT'
        ? 'is for taxes of a person and night, not for VAT'
        : (exemptAfterNights < 1 || exemptAfterNights > MOST_NIGHTS) && `must be from 1 to ${MOST_NIGHTS}`),
  };
}

function amountProblem({ tax, amount }: NewTaxTariff, currency: string): string | false {
  if (tax === 'VAT') return amount != null && 'is for taxes of a person and night; say ratePercent for VAT';
  const minor = amount == null ? undefined : toMinor(amount, currency);
  return (minor === undefined || minor < 0) && `must be an amount of ${currency}, 0 or more, of a person and night`;
}

function percentProblem({ tax, ratePercent }: NewTaxTariff): string | false {
  if (tax !== 'VAT') return ratePercent != null && 'is for VAT; say the amount of a person and night';
  const points = (ratePercent ?? -1) * 100;
  const isWhole = Math.abs(points - Math.round(points)) < 1e-6; // 5.55 × 100 is a little less than 555.
  return !(isWhole && points >= 0 && points <= 10_000) && 'must be from 0 to 100, with at most two decimals';
}

const CreateTaxTariffInput = builder.inputType('CreateTaxTariffInput', {
  fields: (t) => ({
    tax: t.field({ type: TaxKind, required: true, description: 'Which tax it is of.' }),
    commune: t.string({ description: 'For properties in this commune; all when not said.' }),
    category: t.string({ description: 'For properties of this tax category; all when not said.' }),
    validFrom: t.field({ type: 'LocalDate', required: true, description: 'The first night.' }),
    validTo: t.field({ type: 'LocalDate', description: 'The last night, itself included; without end when not said.' }),
    amount: t.field({ type: 'Money', description: "Of a person and night, in the agency's currency; not for VAT." }),
    ratePercent: t.float({ description: 'For VAT: of the gross amount, 10 for ten percent.' }),
    childrenExempt: t.boolean({ description: 'Whether children are exempt; true when not said, and never of VAT.' }),
    exemptAfterNights: t.int({ description: 'How many nights of a stay are taxed; all of them when not said.' }),
    reference: t.string({ description: 'The decree or the order that says so.' }),
  }),
});

builder.mutationField('createTaxTariff', (t) =>
  t.field({
    type: TaxTariff,
    description:
      'Enters what a tax asks from a day on. It takes over from those for the same properties that begin earlier, and from one of the same day.',
    ability: 'tax_reports:write',
    args: { input: t.arg({ type: CreateTaxTariffInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createTaxTariff(viewer, input),
  }),
);
