import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import type { Config } from '../config.ts';
import { clock } from '../core/clock.ts';
import { DomainError } from '../core/errors.ts';
import { Viewer, type ViewerAgency } from '../core/viewer.ts';
import type { Database } from '../database/index.ts';
import { isPlanAlive, type PlanFacts, whyPlanIsOver } from '../finance/subscription/plan.ts';
import type { Wake } from '../outbox/wake.ts';
import { parseToken, secretMatches } from '../platform/tokens/secret.ts';
import type { Refusals } from './refusals.ts';

/** From a request's headers to who is asking, or a refusal. */
export type Authenticate = (headers: IncomingHttpHeaders, from: Origin) => Promise<Viewer>;

/** Where a request comes from. */
export interface Origin {
  ip?: string;
  requestId: string;
  traceparent?: string;
}

interface Known {
  tokenId: number;
  name: string;
  secretHash: string;
  abilities: ReadonlySet<string>;
  expiresAt: Date | null;
  revokedAt: Date | null;
  plan: PlanFacts;
  agency: ViewerAgency;
}

/** A row is believed for this long, so that a busy token doesn't cost a statement a request. */
const BELIEVED_MS = 1_000;
/** `last_used_at` is written at most this often a token. */
const USED_EVERY_MS = 60_000;

/**
 * Looks tokens up, and believes for a second what it found. A revocation is notified to every gateway when it commits;
 * the second is for the case that nobody was listening just then.
 */
export function openAuthentication(services: {
  database: Database;
  wake: Wake;
  config: Config;
  log: Logger;
  refusals: Refusals;
}): Authenticate {
  const believed = new LRUCache<number, Promise<Known | undefined>>({ max: 10_000, ttl: BELIEVED_MS });
  const used = new LRUCache<number, number>({ max: 10_000 });
  services.wake.onTokenChanged((tokenId) => believed.delete(tokenId));

  return authenticate;

  async function authenticate(headers: IncomingHttpHeaders, from: Origin): Promise<Viewer> {
    const { ip, requestId, traceparent } = from;
    const token = parseToken(bearer(headers.authorization) ?? '');
    if (!token) throw unauthenticated();
    let lookup = believed.get(token.id);
    if (!lookup) {
      lookup = find(services.database, token.id);
      believed.set(token.id, lookup);
      const forget = () => believed.delete(token.id);
      lookup.then((found) => found ?? forget(), forget); // A token that is made next must not be refused for a second.
    }
    const known = await lookup;
    const now = clock.now();
    if (!known) throw unauthenticated();
    if (!isProven(known, token.secret, now)) {
      const nobody = new Viewer(known.agency, { name: 'unknown', ip, requestId }, new Set(), services);
      void services.refusals.noteUnproven(nobody, known.tokenId); // Nobody waits for it here.
      throw unauthenticated();
    }
    noteUse(known, now.getTime(), { ip, requestId });
    const viewer = new Viewer(
      known.agency,
      { name: `token:${known.tokenId}`, tokenId: known.tokenId, tokenName: known.name, ip, requestId, traceparent },
      known.abilities,
      services,
    );
    if (!isPlanAlive(known.plan, now)) viewer.lapsed = whyPlanIsOver(known.plan);
    viewer.stillLetIn = async () => {
      const { lapsed } = await authenticate(headers, from);
      if (lapsed && !viewer.lapsed) throw new DomainError('PLAN_REQUIRED', lapsed);
    };
    return viewer;
  }

  function noteUse({ tokenId, name, agency }: Known, now: number, from: { ip?: string; requestId: string }): void {
    if (now - (used.get(tokenId) ?? 0) < USED_EVERY_MS) return;
    used.set(tokenId, now);
    services.database.system
      .query({
        name: 'token-used',
        text: NOTE_USE,
        values: [tokenId, new Date(now), uuid(), agency.id, name, from.ip ?? null, from.requestId],
      })
      .catch((error) => services.log.warn({ err: error }, 'the use of a token was not noted'));
  }
}

function isProven({ secretHash, revokedAt, expiresAt }: Known, secret: string, now: Date): boolean {
  return secretMatches(secret, secretHash) && !revokedAt && !(expiresAt && expiresAt <= now);
}

// A token's first use of a day (UTC) is its sign-in, and stands in the audit log. Of two gateways that see it at once, the
// second waits for the first one's row and finds the day begun.
const NOTE_USE = `
  with before as (
    select last_used_at from access_token where id = $1 for update
  ), used as (
    update access_token set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $2)
  )
  insert into audit_entry (id, agency_id, occurred_at, actor, token_name, ip, request_id, action, subject)
  select $3, $4, $2, 'token:' || $1::int, $5, $6, $7, 'token.used', 'token:' || $1::int
  from before where last_used_at is null or last_used_at < date_trunc('day', $2::timestamptz)`;

async function find(database: Database, tokenId: number): Promise<Known | undefined> {
  const { rows } = await database.system.query({
    name: 'token',
    text: `select t.id as token_id, t.name as token_name, t.secret_hash, t.abilities, t.expires_at, t.revoked_at, a.plan, a.trial_ends_at, a.paid_until, a.grace_until,
             a.id, a.name, a.currency, a.timezone, a.commission_basis_points
           from access_token t join agency a on a.id = t.agency_id where t.id = $1`,
    values: [tokenId],
  });
  const row = rows[0];
  if (!row) return undefined;
  return {
    tokenId: row.token_id,
    name: row.token_name,
    secretHash: row.secret_hash,
    abilities: new Set<string>(row.abilities),
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    plan: {
      plan: row.plan,
      trialEndsAt: row.trial_ends_at,
      paidUntil: row.paid_until,
      graceUntil: row.grace_until,
    },
    agency: {
      id: row.id,
      name: row.name,
      currency: row.currency,
      timezone: row.timezone,
      commissionBasisPoints: row.commission_basis_points,
    },
  };
}

/** The token in `Authorization: Bearer`, or as the user name of Basic, which is what BI tools can send. */
function bearer(authorization: string | undefined): string | undefined {
  const [scheme, value] = authorization?.split(' ', 2) ?? [];
  if (/^bearer$/i.test(scheme ?? '')) return value;
  if (/^basic$/i.test(scheme ?? '') && value) return Buffer.from(value, 'base64').toString('utf8').split(':', 1)[0];
  return undefined;
}

const unauthenticated = () =>
  new DomainError('UNAUTHENTICATED', 'Unauthenticated.', undefined, { 'www-authenticate': 'Bearer realm="bellhop"' });
