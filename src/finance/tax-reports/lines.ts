import { toDecimal } from '../../core/money.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import { declareList } from '../../graph/list.ts';
import type { Making, Source } from '../../graph/source.ts';
import { amount, type Expression, literal } from '../../graph/sql.ts';
import { TaxKind } from './tariffs/types.ts';

/** A column of the line's own tariff or report, which can't be changed once a line points at it. */
const ofTariff = (l: string, value: string): string =>
  `(select ${value} from tax_tariff t where t.agency_id = ${l}.agency_id and t.id = ${l}.tariff_id)`;
const currencyOf: Expression = (l) =>
  `(select r.currency from tax_report r where r.agency_id = ${l}.agency_id and r.id = ${l}.report_id)`;

export const TaxReportLine = builder.prismaObject('TaxReportLine', {
  description: 'What a property owes of one tax by one tariff.',
  fields: (t) => ({
    id: t.exposeID('id'),
    reportId: t.exposeID('reportId', { description: 'The report that it belongs to.' }),
    report: t.relation('report', { description: 'The report that it belongs to.' }),
    propertyId: t.exposeID('propertyId'),
    property: t.relation('property', { abilityBeyondName: 'properties:read' }),
    commune: t.exposeString('commune', {
      nullable: true,
      description: 'Where the property was when the report was made.',
    }),
    category: t.exposeString('category', {
      nullable: true,
      description: 'The tax category that the property had when the report was made.',
    }),
    tax: t.expose('tax', { type: TaxKind, description: 'Which tax it is of.' }),
    tariffId: t.exposeID('tariffId', { description: 'The tariff that it goes by.' }),
    tariff: t.relation('tariff', { description: 'The tariff that it goes by.' }),
    rateRef: t.string({
      nullable: true,
      description: 'The decree or the order that the tariff names.',
      select: { tariff: { select: { reference: true } } },
      resolve: ({ tariff }) => tariff.reference,
      sql: (l) => ofTariff(l, 't.reference'),
    }),
    stays: t.exposeInt('stays', { description: 'How many bookings have nights in it.' }),
    persons: t.exposeInt('persons', { description: 'How many guests these bookings are for.' }),
    exemptPersons: t.exposeInt('exemptPersons', {
      description: 'How many of them are exempt as children. Nights beyond a limit show in the person-nights alone.',
    }),
    personNights: t.exposeInt('personNights', { description: 'Every guest’s every night.' }),
    taxablePersonNights: t.exposeInt('taxablePersonNights', { description: 'Those of them that no rule exempts.' }),
    rate: t.float({
      description: 'Of a person and night an amount; of VAT a percentage.',
      select: {
        tariff: { select: { amountMinor: true, rateBasisPoints: true } },
        report: { select: { currency: true } },
      },
      resolve: ({ tariff, report }) =>
        tariff.amountMinor === null ? tariff.rateBasisPoints! / 100 : toDecimal(tariff.amountMinor, report.currency),
      sql: (l, known) =>
        ofTariff(
          l,
          `coalesce(${amount('t.amount_minor', currencyOf(l, known), known)}, t.rate_basis_points / 100::float8)`,
        ),
    }),
    base: t.float({
      description: 'What the rate is of: the taxable person-nights, or for VAT the gross amount of the nights.',
      select: { report: { select: { currency: true } } },
      resolve: ({ tax, baseMinor, report }) =>
        tax === 'VAT' ? toDecimal(baseMinor, report.currency) : Number(baseMinor),
      sql: (l, known) =>
        `(case when ${l}.tax::text = ${literal('VAT')} then ${amount(`${l}.base_minor`, currencyOf(l, known), known)} else ${l}.base_minor end)`,
    }),
    amount: t.field({
      type: 'Money',
      description: 'What is owed: the rate of the base, rounded half up once.',
      select: { report: { select: { currency: true } } },
      resolve: ({ amountMinor, report }) => toDecimal(amountMinor, report.currency),
      sql: (l, known) => amount(`${l}.amount_minor`, currencyOf(l, known), known),
    }),
    currency: t.field({
      type: 'Currency',
      select: { report: { select: { currency: true } } },
      resolve: ({ report }) => report.currency,
      sql: currencyOf,
    }),
  }),
});

/** A line has no life of its own, so it can't be asked for by when it changed; otherwise this is the table. */
const linesOfReports: Source = {
  arguments: { reportId: { type: 'ID', description: 'Of this report; of all of them when not said.' } },
  refuse() {},
  // Made rows hold an enum as text, which is how a filter on it is sent.
  select: (made) => ({
    text: `select l.id, l.agency_id, l.report_id, l.position, l.property_id, l.tariff_id, l.tax::text as tax, l.commune, l.category, l.stays, l.persons,
        l.exempt_persons, l.person_nights, l.taxable_person_nights, l.base_minor, l.amount_minor
      from tax_report_line l where ${whichSql(made)}`,
    skip: 0,
  }),
  count: (made) => `(select count(*)::int from tax_report_line l where ${whichSql(made)})`,
  mostRows: () => undefined,
};

function whichSql({ args, agency, bind }: Making): string {
  const own = `l.agency_id = ${agency}`;
  if (args.reportId == null) return own;
  // No report has -1, as none has an id that isn't there.
  return `${own} and l.report_id = ${bind.add(parseId(args.reportId as string) ?? -1, 'int')}`;
}

export const taxReportLines = declareList({
  field: 'taxReportLines',
  type: 'TaxReportLine',
  source: linesOfReports,
  ability: 'tax_reports:read',
  description: 'The lines of tax reports, for a table of them: `?report_id=7&format=csv&all=true`.',
  filters: {
    tax: { column: 'tax', op: 'in', type: { enum: 'TaxKind', ref: TaxKind }, description: 'Of any of these taxes.' },
    propertyId: { column: 'propertyId', op: 'equals', type: 'ID', description: 'Of this property.' },
  },
  orders: { ID: { column: 'id', kind: 'int' } },
  defaultOrder: 'ID_ASC',
});
