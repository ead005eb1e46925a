import type { AuditEntry as AuditEntryRow } from '../../../prisma/generated/client/client.ts';
import { builder } from '../../graph/builder.ts';
import { declareList } from '../../graph/list.ts';
import { declareRead } from '../../graph/read.ts';
import { SAYS } from './says.ts';
import { sealOf } from './seal-of.ts';

export type { AuditEntryRow };

export const AuditSeverity = builder.enumType('AuditSeverity', {
  description:
    'CRITICAL is told at once, as the event `audit.critical_event`; WARNING is what an auditor looks through.',
  values: ['INFO', 'WARNING', 'CRITICAL'] as const,
});

const AuditSeal = builder
  .objectRef<{ seq: number; hash: string; entryHash: string; sealedAt: Date }>('AuditSeal')
  .implement({
    description: 'An entry’s place in its agency’s chain. Nothing before it can change without changing its hash.',
    fields: (t) => ({
      seq: t.exposeInt('seq', { description: '1 is the agency’s first; without gaps.' }),
      entryHash: t.exposeString('entryHash', { description: 'SHA-256 of the entry as canonical JSON, in hex.' }),
      hash: t.exposeString('hash', { description: 'SHA-256 of the hash before it and `entryHash`, in hex.' }),
      sealedAt: t.expose('sealedAt', { type: 'DateTime', description: 'When it was sealed, about a second later.' }),
    }),
  });

export const AuditEntry = builder.prismaObject('AuditEntry', {
  description: 'Who did what: one line for each write, secret, sign-in of a day, export and refusal.',
  fields: (t) => ({
    id: t.expose('id', { type: 'UUID', description: SAYS.id }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: SAYS.occurredAt }),
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
      sql: (entry) => `${entry}.changes`,
    }),
    cursor: t.string({
      description:
        'Reading on after this entry, in the order of the ids: give it to `after`, or to `cursor` in `/v1`. Who follows the log reads `sealedAuditLog` instead: an entry that is written late can have an earlier id.',
      resolve: ({ id }) => Buffer.from(JSON.stringify([id])).toString('base64url'),
      sql: (entry) => `translate(encode(convert_to('["' || ${entry}.id || '"]', 'UTF8'), 'base64'), E'+/=\\n', '-_')`,
    }),
    seal: t.field({
      type: AuditSeal,
      nullable: true,
      description: 'Null for the second or so until it is sealed.',
      resolve: ({ id }, _args, { viewer }) => sealOf(viewer, id),
    }),
  }),
});

export const auditLog = declareList({
  field: 'auditLog',
  type: 'AuditEntry',
  model: 'auditEntry',
  id: 'uuid',
  ability: 'audit:read',
  description:
    'The audit log, to look things up in. Who follows it, as a SIEM does, reads `sealedAuditLog`, in which nothing comes in between.',
  filters: {
    since: { column: 'occurredAt', op: 'gte', type: 'DateTime', description: 'Done at or after this instant.' },
    until: { column: 'occurredAt', op: 'lt', type: 'DateTime', description: 'Done before this instant.' },
    severity: {
      column: 'severity',
      op: 'in',
      type: { enum: 'AuditSeverity', ref: AuditSeverity },
      description: 'Of any of these severities.',
    },
    actor: { column: 'actor', op: 'in', type: 'String', description: 'By any of these: `token:7`, `cli` …' },
    action: { column: 'action', op: 'named', type: 'String', description: 'Any of these actions, or `booking.*`.' },
    subject: { column: 'subject', op: 'equals', type: 'String', description: 'Done to this: `booking:9876`.' },
    // An entry never changes, so it was changed last when it was written.
    updatedSince: { column: 'occurredAt', op: 'gte', type: 'DateTime', description: 'The same as `since`.' },
  },
  orders: { ID: { column: 'id', kind: 'uuid' }, OCCURRED_AT: { column: 'occurredAt', kind: 'instant' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'auditEntry', noun: 'entry of the audit log', list: auditLog });
