import type { TaxKind } from '../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { amount, type Expression } from '../../graph/sql.ts';

/** What is owed of each tax, in minor units. */
export interface Totals {
  currency: string;
  minor: Record<TaxKind, number>;
}

export function totalsFrom(currency: string, lines: { tax: TaxKind; amountMinor: number | bigint }[]): Totals {
  const minor = { TAXE_DE_SEJOUR: 0, TPT: 0, VAT: 0 };
  for (const { tax, amountMinor } of lines) minor[tax] += Number(amountMinor);
  return { currency, minor };
}

/** The same as events and `/v1` write it. */
export function totalsByTax({ currency, minor }: Totals) {
  return {
    taxe_de_sejour: toDecimal(minor.TAXE_DE_SEJOUR, currency),
    tpt: toDecimal(minor.TPT, currency),
    vat: toDecimal(minor.VAT, currency),
  };
}

export const TaxTotals = builder.objectRef<Totals>('TaxTotals').implement({
  description: 'What is owed of each tax, in the currency of the report; 0 for a tax without a line.',
  fields: (t) => {
    const of = (tax: TaxKind, description: string) =>
      t.field({
        type: 'Money',
        description,
        resolve: ({ currency, minor }) => toDecimal(minor[tax], currency),
        sql: sumSql(tax),
      });
    return {
      taxeDeSejour: of('TAXE_DE_SEJOUR', 'Taxe de séjour, to the commune.'),
      tpt: of('TPT', 'Taxe de promotion touristique, to the tourist board.'),
      vat: of('VAT', 'Value added tax.'),
    };
  },
});

/** The sum of a report's lines of one tax. */
function sumSql(tax: TaxKind): Expression {
  return (r, known) => {
    const sum = `(select coalesce(sum(l.amount_minor), 0) from tax_report_line l
      where l.agency_id = ${r}.agency_id and l.report_id = ${r}.id and l.tax = '${tax}')`;
    return amount(sum, `${r}.currency`, known);
  };
}
