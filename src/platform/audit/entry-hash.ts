import { createHash } from 'node:crypto';
import { canonical } from '../../outbox/canonical.ts';

/** An entry as sealing and verifying read it: every column, as text where JavaScript could lose some of it. */
export interface SealedColumns {
  id: string;
  agency_id: number;
  occurred_at: Date;
  xid: string;
  severity: string;
  actor: string;
  token_name: string | null;
  ip: string | null;
  request_id: string | null;
  action: string;
  subject: string | null;
  changes: unknown;
  written_by: string;
}

/** The columns of an entry `e`, for a SELECT. */
export const SEALED_COLUMNS = `e.id, e.agency_id, e.occurred_at, e.xid::text as xid, e.severity::text as severity, e.actor,
  e.token_name, e.ip, e.request_id, e.action, e.subject, e.changes, e.written_by`;

/** SHA-256, in hex, of the entry's columns as canonical JSON: `{"action":…,"actor":…}`, instants in UTC to the millisecond. */
export function entryHash(entry: SealedColumns): string {
  const { id, agency_id, occurred_at, xid, severity, actor, token_name, ip, request_id } = entry;
  const { action, subject, changes, written_by } = entry;
  const whole = { id, agency_id, occurred_at, xid, severity, actor, token_name, ip, request_id };
  return sha256(canonical({ ...whole, action, subject, changes, written_by }));
}

/** SHA-256, in hex, of the two hashes as they are written, one after the other. */
export const link = (before: string, hash: string): string => sha256(before + hash);

/** What the first entry of an agency is linked to. */
export const GENESIS = '0'.repeat(64);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
