import { listRow, type Row } from '../../graph/row.ts';
import { taxReportLines } from './lines.ts';
import { taxTariffs } from './tariffs/types.ts';
import { taxReports } from './types.ts';

const tag = 'Taxes';

const REPORT = `
  id period granularity from to commune revision latest final currency
  totals_by_tax: totalsByTax { taxe_de_sejour: taxeDeSejour tpt vat } total due_on: dueOn
  sources_hash: sourcesHash generated_at: generatedAt created_at: createdAt updated_at: updatedAt`;

const LINE = `
  property_id: propertyId property { id code name } tax tariff_id: tariffId rate_ref: rateRef
  stays persons exempt_persons: exemptPersons person_nights: personNights taxable_person_nights: taxablePersonNights
  rate base amount`;

const TARIFF = `
  id tax commune category valid_from: validFrom valid_to: validTo amount rate_percent: ratePercent
  children_exempt: childrenExempt exempt_after_nights: exemptAfterNights reference currency
  created_at: createdAt updated_at: updatedAt`;

export const taxReportRoutes: Row[] = [
  listRow({ path: '/v1/tax-reports', list: taxReports, fields: REPORT, tag, summary: 'List tax reports' }),
  {
    method: 'GET',
    path: '/v1/tax-reports/{id}',
    tag,
    summary: 'Read a tax report with its lines',
    document: `query ($id: ID!) { data: taxReport(id: $id) { ${REPORT} lines { ${LINE} commune category } } }`,
  },
  {
    method: 'POST',
    path: '/v1/tax-reports/generate',
    tag,
    summary: 'Generate the tax report of a month or a quarter',
    document: `mutation ($period: String!, $commune: String) {
      data: generateTaxReport(period: $period, commune: $commune) {
        data: report { ${REPORT} lines { ${LINE} commune category } }
        changed left_out: leftOut { property_id: propertyId tax reason nights } warnings
      }
    }`,
    example: { period: '2026-Q3' },
  },
  listRow({
    path: '/v1/tax-report-lines',
    list: taxReportLines,
    fields: `id report_id: reportId report { period commune revision } ${LINE} currency commune category`,
    tag,
    summary: 'List the lines of tax reports',
  }),
  listRow({ path: '/v1/tax-tariffs', list: taxTariffs, fields: TARIFF, tag, summary: 'List tax tariffs' }),
  {
    method: 'GET',
    path: '/v1/tax-tariffs/{id}',
    tag,
    summary: 'Read a tax tariff',
    document: `query ($id: ID!) { data: taxTariff(id: $id) { ${TARIFF} } }`,
  },
  {
    method: 'POST',
    path: '/v1/tax-tariffs',
    status: 201,
    tag,
    summary: 'Enter a tax tariff',
    document: `mutation ($input: CreateTaxTariffInput!) { data: createTaxTariff(input: $input) { ${TARIFF} } }`,
    example: {
      tax: 'taxe_de_sejour',
      commune: 'Marrakech',
      category: 'maison_dhotes',
      valid_from: '2026-01-01',
      amount: 25,
      children_exempt: true,
      reference: 'Arrêté communal 12/2025',
    },
  },
  {
    method: 'POST',
    path: '/v1/tax-tariffs/{id}/end',
    tag,
    summary: 'End a tax tariff',
    document: `mutation ($id: ID!, $valid_to: LocalDate!) { data: endTaxTariff(id: $id, validTo: $valid_to) { ${TARIFF} } }`,
    example: { valid_to: '2026-12-31' },
  },
];
