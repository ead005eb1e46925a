import { listRow, type Row } from '../../graph/row.ts';
import { sealedAuditLog } from './sealed.ts';
import { auditLog } from './types.ts';

const ENTRY = `
  id occurred_at: occurredAt severity actor token_name: tokenName ip request_id: requestId action subject changes cursor`;

const SEALED = `
  seq id occurred_at: occurredAt severity actor token_name: tokenName ip request_id: requestId action subject changes
  entry_hash: entryHash hash sealed_at: sealedAt cursor`;

const tag = 'Audit log';

export const auditRoutes: Row[] = [
  listRow({ path: '/v1/audit-log', list: auditLog, fields: ENTRY, tag, summary: 'Read the audit log' }),
  listRow({
    path: '/v1/audit-log/sealed',
    list: sealedAuditLog,
    fields: SEALED,
    tag,
    summary: 'Follow the audit log in the order of its chain',
  }),
  {
    method: 'GET',
    path: '/v1/audit-log/{id}',
    tag,
    summary: 'Read an entry of the audit log with its seal',
    document: `query ($id: UUID!) {
      data: auditEntry(id: $id) { ${ENTRY} seal { seq entry_hash: entryHash hash sealed_at: sealedAt } }
    }`,
  },
];
