import { listRow, type Row } from '../../graph/row.ts';
import { statementCsv } from './csv.ts';
import { statementPdf } from './pdf.ts';
import { statements } from './types.ts';

const tag = 'Statements';

/** New keys go to the end: a spreadsheet knows the CSV's columns by their places. */
const STATEMENT = `
  id owner_id: ownerId owner_name: ownerName from to revision currency revenue commission expenses net
  sources_hash: sourcesHash generated_at: generatedAt created_at: createdAt updated_at: updatedAt`;

const LINE = `
  position kind property_id: propertyId property { id code name } booking_id: bookingId label
  nights revenue commission expense net`;

export const statementRoutes: Row[] = [
  listRow({ path: '/v1/statements', list: statements, fields: STATEMENT, tag, summary: 'List owner statements' }),
  {
    method: 'GET',
    path: '/v1/statements/{id}',
    tag,
    summary: 'Read an owner statement with its lines',
    document: `query ($id: ID!) { data: statement(id: $id) { ${STATEMENT} lines { ${LINE} } } }`,
    forms: [
      { name: 'csv', type: 'text/csv', print: statementCsv },
      { name: 'pdf', type: 'application/pdf', print: statementPdf },
    ],
  },
  {
    method: 'POST',
    path: '/v1/statements/generate',
    tag,
    summary: 'Make the owner statements of a month',
    document: `mutation ($month: String!, $owner_id: ID) {
      data: generateStatements(month: $month, ownerId: $owner_id) { ${STATEMENT} }
    }`,
    example: { month: '2026-07' },
  },
];
