import type { TaxTariff as TaxTariffRow } from '../../../../prisma/generated/client/client.ts';
import type { TaxKind as Kinds } from '../../../../prisma/generated/client/enums.ts';
import { toDecimal } from '../../../core/money.ts';
import { builder } from '../../../graph/builder.ts';
import { declareList } from '../../../graph/list.ts';
import { declareRead } from '../../../graph/read.ts';
import { amount, literal } from '../../../graph/sql.ts';

export type { TaxTariffRow };

const KINDS: Record<keyof typeof Kinds, { description: string }> = {
  TAXE_DE_SEJOUR: { description: 'Taxe de séjour: to the commune, of a person and night.' },
  TPT: { description: 'Taxe de promotion touristique: to the tourist board, of a person and night.' },
  VAT: { description: 'Value added tax on the accommodation: a percentage of the gross amount.' },
};

export const TaxKind = builder.enumType('TaxKind', { description: 'A tax on stays.', values: KINDS });

export const TaxTariff = builder.prismaObject('TaxTariff', {
  description:
    'What a tax asks from a day on. On each night the tariff holds that names commune and category, else the commune, else the category, else neither; among those the one that begins last, and of one day the one entered last. A tariff is never changed.',
  fields: (t) => ({
    id: t.exposeID('id'),
    tax: t.expose('tax', { type: TaxKind, description: 'Which tax it is of.' }),
    commune: t.exposeString('commune', {
      nullable: true,
      description: 'For properties in this commune, however its letters are cased; null for all.',
    }),
    category: t.exposeString('category', {
      nullable: true,
      description: 'For properties of this tax category, however its letters are cased; null for all.',
    }),
    validFrom: t.expose('validFrom', { type: 'LocalDate', description: 'The first night.' }),
    validTo: t.expose('validTo', {
      type: 'LocalDate',
      nullable: true,
      description: 'The last night, itself included; null while it goes on.',
    }),
    amount: t.field({
      type: 'Money',
      nullable: true,
      description: "Of a person and night, in the agency's currency; null for VAT.",
      resolve: ({ amountMinor }, _args, { viewer }) =>
        amountMinor === null ? null : toDecimal(amountMinor, viewer.agency.currency),
      sql: (r, known) => amount(`${r}.amount_minor`, literal(known.currency), known),
    }),
    ratePercent: t.float({
      nullable: true,
      description: 'Of the gross amount, for VAT; null for the others.',
      resolve: ({ rateBasisPoints }) => (rateBasisPoints === null ? null : rateBasisPoints / 100),
      sql: (r) => `(${r}.rate_basis_points / 100::float8)`,
    }),
    childrenExempt: t.exposeBoolean('childrenExempt', {
      description: 'Whether the children of a booking are exempt. Where a booking says none, nobody is.',
    }),
    exemptAfterNights: t.exposeInt('exemptAfterNights', {
      nullable: true,
      description: 'How many nights of a stay are taxed, counted from its check-in; null for all.',
    }),
    reference: t.exposeString('reference', { nullable: true, description: 'The decree or the order that says so.' }),
    currency: t.field({
      type: 'Currency',
      description: "The agency's.",
      resolve: (_tariff, _args, { viewer }) => viewer.agency.currency,
      sql: (_r, known) => literal(known.currency),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const taxTariffs = declareList({
  field: 'taxTariffs',
  type: 'TaxTariff',
  model: 'taxTariff',
  ability: 'tax_reports:read',
  description: 'What the taxes ask, by commune, category and date.',
  filters: {
    tax: { column: 'tax', op: 'in', type: { enum: 'TaxKind', ref: TaxKind }, description: 'Of any of these taxes.' },
    commune: { column: 'commune', op: 'equals', type: 'String', description: 'For this commune, written like this.' },
    category: {
      column: 'category',
      op: 'equals',
      type: 'String',
      description: 'For this category, written like this.',
    },
    validFrom: { column: 'validFrom', op: 'gte', type: 'LocalDate', description: 'Beginning on this day or later.' },
    validTo: { column: 'validTo', op: 'lte', type: 'LocalDate', description: 'Ended on this day or earlier.' },
  },
  orders: {
    ID: { column: 'id', kind: 'int' },
    VALID_FROM: { column: 'validFrom', kind: 'date' },
    UPDATED_AT: { column: 'updatedAt', kind: 'instant' },
  },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'taxTariff', noun: 'tax tariff', list: taxTariffs });
