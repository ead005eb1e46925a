import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { z } from 'zod';
import { clock } from '../core/clock.ts';
import { instant } from '../core/dates.ts';
import type { Transaction } from '../database/index.ts';
import { canonical } from './canonical.ts';
import { disclose } from './disclose.ts';
import { declareEvent } from './event.ts';
import { recordAll } from './record.ts';

/** CRITICAL is told at once, as an event; WARNING is what an auditor looks through; all else is INFO. */
export type Severity = 'INFO' | 'WARNING' | 'CRITICAL';

/** A line of the audit log, with the keys that the table, `/v1` and the event have. */
export interface AuditLine {
  id: string;
  agency_id: number;
  occurred_at: Date;
  severity: Severity;
  actor: string;
  token_name?: string;
  ip?: string;
  request_id?: string;
  action: string;
  subject: string;
  /** What changed, by name: the value that it has now, or `{from, to}`. */
  changes?: Record<string, unknown>;
}

/** The lines of one transaction, gathered while it works and written at its end. */
export class AuditLines {
  private readonly lines: AuditLine[] = [];
  private readonly salts: { entry_id: string; agency_id: number; occurred_at: Date; salt: string }[] = [];

  constructor(
    private readonly agencyId: number,
    private readonly actor: { name: string; tokenName?: string; ip?: string; requestId?: string },
  ) {}

  /** Personal data becomes a salted commitment, and what is secret isn't kept at all. */
  add(action: string, subject: string, changes?: object | null, severity: Severity = 'INFO'): void {
    const { name, tokenName, ip, requestId } = this.actor;
    const salt = changes ? randomBytes(32).toString('hex') : '';
    const told = changes ? disclose(changes, subject, (value) => commitment(salt, value)) : undefined;
    const at = { agency_id: this.agencyId, occurred_at: clock.now() };
    const line: AuditLine = {
      id: uuid(),
      ...at,
      severity,
      actor: name,
      token_name: tokenName,
      ip,
      request_id: requestId,
      action,
      subject,
      changes: told?.changes,
    };
    this.lines.push(line);
    if (told?.committed) this.salts.push({ entry_id: line.id, ...at, salt });
  }

  /**
   * Statements whose texts never change; Prisma would compile its own anew for each number of lines. A critical line is
   * told in the transaction that it stands in.
   */
  async write(tx: Transaction, { silent }: { silent: boolean }): Promise<void> {
    if (this.lines.length === 0) return;
    await tx.$executeRaw`
      insert into audit_entry
        (id, agency_id, occurred_at, severity, actor, token_name, ip, request_id, action, subject, changes)
      select id, agency_id, occurred_at, severity, actor, token_name, ip, request_id, action, subject, changes
      from json_populate_recordset(null::audit_entry, ${JSON.stringify(this.lines)}::json)`;
    if (this.salts.length > 0) {
      await tx.$executeRaw`
        insert into audit_salt (agency_id, entry_id, occurred_at, salt)
        select agency_id, entry_id, occurred_at, salt
        from json_populate_recordset(null::audit_salt, ${JSON.stringify(this.salts)}::json)`;
    }
    const critical = this.lines.filter(({ severity }) => severity === 'CRITICAL');
    if (critical.length > 0) await recordAll(tx, this.agencyId, auditCriticalEvent, critical, { silent });
  }
}

/** SHA-256 of salt and canonical value, in hex: whoever has both can show what the value was, and nobody else can guess. */
export function commitment(salt: string, value: unknown): string {
  return createHash('sha256')
    .update(salt)
    .update(canonical(value ?? null))
    .digest('hex');
}

/** What of a row has changed, by field, with both values. Null when nothing has. */
export function changed(before: object, after: object): Record<string, { from: unknown; to: unknown }> | null {
  const now = after as Record<string, unknown>;
  const differing = Object.entries(before).filter(
    ([field, value]) => !KEPT_BY_US.has(field) && field in now && canonical(value) !== canonical(now[field]),
  );
  if (differing.length === 0) return null;
  return Object.fromEntries(differing.map(([field, from]) => [field, { from, to: now[field] }]));
}

/** What a row held that is no more. What it was when it was made needs no line: the row says it, or its first change, or this. */
export function whole(row: object): Record<string, { from: unknown; to: null }> {
  const held = Object.entries(row).filter(
    ([field, value]) => !KEPT_BY_US.has(field) && !KNOWN_ALREADY.has(field) && value !== null,
  );
  return Object.fromEntries(held.map(([field, from]) => [field, { from, to: null }]));
}

/** What changes with every write, and says nothing. */
const KEPT_BY_US = new Set(['version', 'updatedAt', 'previousStatus', 'rank']);
/** The line's own agency and subject. */
const KNOWN_ALREADY = new Set(['id', 'agencyId']);

const AuditData = z.object({
  audit_entry: z.object({
    id: z.uuid(),
    occurred_at: z.iso.datetime({ offset: true }),
    severity: z.enum(['info', 'warning', 'critical']),
    actor: z.string().describe('token:7, cli, relay, timer …'),
    token_name: z.string().nullable().describe('What the token was called then.'),
    ip: z.string().nullable(),
    request_id: z.string().nullable(),
    action: z.string().describe('token.created, webhook.secret_rotated …'),
    subject: z.string().nullable().describe('What it was done to: token:8'),
    changes: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('By name, the value that is true now, or {from, to}; {sha256} stands for personal data.'),
  }),
});

export const auditCriticalEvent = declareEvent<AuditLine>({
  name: 'audit.critical_event',
  summary: 'Critical event in the audit log',
  ability: 'audit:read',
  data: AuditData,
  render: (line): z.infer<typeof AuditData> => ({
    audit_entry: {
      id: line.id,
      occurred_at: instant(line.occurred_at),
      severity: line.severity.toLowerCase() as 'critical',
      actor: line.actor,
      token_name: line.token_name ?? null,
      ip: line.ip ?? null,
      request_id: line.request_id ?? null,
      action: line.action,
      subject: line.subject,
      changes: line.changes ?? null,
    },
  }),
  read: 'auditEntry',
  subject: ({ id }) => ({ kind: 'audit_entry', id, version: 1 }),
  example: {
    audit_entry: {
      id: '019a7c8e-5b0e-7c3a-9d53-3c1f0a4e7b21',
      occurred_at: '2026-07-15T10:23:41+00:00',
      severity: 'critical',
      actor: 'token:7',
      token_name: 'Head office',
      ip: '196.200.131.7',
      request_id: '019a7c8e-5b0d-7a11-8e0c-51d6f3a9c402',
      action: 'webhook.secret_rotated',
      subject: 'webhook:3',
      changes: { overlap_hours: 24 },
    },
  },
});
