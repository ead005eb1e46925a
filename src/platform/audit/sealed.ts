import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { SAYS } from './says.ts';
import { sealedEntries } from './sealed-entries.ts';
import { AuditSeverity } from './types.ts';

/** A row of `sealed-entries.ts`. */
interface SealedRow {
  id: number;
  entryId: string;
  occurredAt: string;
  severity: 'INFO' | 'WARNING' | 'CRITICAL';
  actor: string;
  tokenName: string | null;
  ip: string | null;
  requestId: string | null;
  action: string;
  subject: string | null;
  changes: unknown;
  entryHash: string;
  hash: string;
  sealedAt: string;
}

export const SealedAuditEntry = builder.objectRef<SealedRow>('SealedAuditEntry').implement({
  description: 'An entry of the audit log at its place in the chain.',
  fields: (t) => ({
    seq: t.int({
      description: '1 is the agency’s first; without gaps. A reader that misses none has missed nothing.',
      resolve: ({ id }) => id,
      sql: (e) => `${e}.id`,
    }),
    id: t.field({ type: 'UUID', description: SAYS.id, resolve: ({ entryId }) => entryId, sql: (e) => `${e}.entry_id` }),
    occurredAt: t.field({
      type: 'DateTime',
      description: SAYS.occurredAt,
      resolve: ({ occurredAt }) => new Date(occurredAt),
      sql: (e) => `${e}.occurred_at`,
    }),
    severity: t.expose('severity', { type: AuditSeverity, description: SAYS.severity }),
    actor: t.exposeString('actor', { description: SAYS.actor }),
    tokenName: t.exposeString('tokenName', { nullable: true, description: SAYS.tokenName }),
    ip: t.exposeString('ip', { nullable: true, description: SAYS.ip }),
    requestId: t.exposeString('requestId', { nullable: true, description: SAYS.requestId }),
    action: t.exposeString('action', { description: SAYS.action }),
    subject: t.exposeString('subject', { nullable: true, description: SAYS.subject }),
    changes: t.field({
      type: 'JSON',
      nullable: true,
      description: SAYS.changes,
      resolve: ({ changes }) => changes,
      sql: (e) => `${e}.changes`,
    }),
    entryHash: t.exposeString('entryHash', { description: 'SHA-256 of the entry as canonical JSON, in hex.' }),
    hash: t.exposeString('hash', {
      description:
        'SHA-256 of the hash before it and `entryHash`, in hex. `bellhop audit verify --head <seq>:<hash>` says whether the chain still holds it.',
    }),
    sealedAt: t.field({
      type: 'DateTime',
      description: 'When it was sealed, about a second after it was written.',
      resolve: ({ sealedAt }) => new Date(sealedAt),
      sql: (e) => `${e}.sealed_at`,
    }),
    cursor: t.string({
      description: 'Reading on after this entry: give it to `after`, or to `cursor` in `/v1`.',
      resolve: ({ id }) => Buffer.from(JSON.stringify([id])).toString('base64url'),
      sql: (e) => `translate(encode(convert_to('[' || ${e}.id || ']', 'UTF8'), 'base64'), E'+/=\\n', '-_')`,
    }),
  }),
});

export const sealedAuditLog = declareList({
  field: 'sealedAuditLog',
  type: 'SealedAuditEntry',
  source: sealedEntries,
  ability: 'audit:read',
  description:
    'The audit log as its chain has it, oldest first, for a SIEM: keep the cursor of the last entry and ask again with it. An entry stands at its place for good about a second after it was written, and none ever comes in before it; so nothing is missed, however late a transaction commits, and nothing comes twice.',
  filters: {},
  orders: { SEQ: { column: 'id', kind: 'int' } },
  defaultOrder: 'SEQ_ASC',
});
