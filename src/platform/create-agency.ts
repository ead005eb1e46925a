import { v7 as uuid } from 'uuid';
import type { Plan } from '../../prisma/generated/client/enums.ts';
import { clock } from '../core/clock.ts';
import { isTimezone } from '../core/dates.ts';
import { refuse } from '../core/errors.ts';
import { isCurrency } from '../core/money.ts';
import { textProblem } from '../core/text.ts';
import type { ViewerAgency } from '../core/viewer.ts';
import type { Database } from '../database/index.ts';

export interface NewAgency {
  name: string;
  /** ISO 4217, for good: the agency's prices are in it. */
  currency: string;
  /** An IANA name. */
  timezone: string;
  /** The agency's share of a stay, from 0 to 100, with two decimals at most. */
  commissionPercent: number;
  /** TRIAL when not said, for 14 days. */
  plan?: Plan;
  demo?: boolean;
}

export interface CreatedAgency extends ViewerAgency {
  plan: Plan;
  trialEndsAt: Date | null;
}

const TRIAL_DAYS = 14;

/**
 * Creates an agency. No agency can do that for another, and so no viewer: it is the operator's, at the command line.
 * `actor` is who the audit line names.
 */
export async function createAgency(database: Database, input: NewAgency, actor: string): Promise<CreatedAgency> {
  const { currency, timezone, commissionPercent, plan = 'TRIAL', demo = false } = input;
  const name = input.name.trim();
  const commissionBasisPoints = Math.round(commissionPercent * 100);
  const isShare =
    commissionPercent >= 0 &&
    commissionPercent <= 100 &&
    Math.abs(commissionPercent * 100 - commissionBasisPoints) < 1e-6;
  refuse({
    name: textProblem(name, { required: true }),
    currency: !isCurrency(currency) && 'must be an ISO 4217 code like MAD',
    timezone: !isTimezone(timezone) && 'must be an IANA name like Africa/Casablanca',
    commissionPercent: !isShare && 'must be from 0 to 100 with at most two decimals',
  });
  const now = clock.now();
  const trialEndsAt = plan === 'TRIAL' ? new Date(now.getTime() + TRIAL_DAYS * 86_400_000) : null;
  const { rows } = await database.system.query<{ id: number }>(
    `with made as (
       insert into agency (name, currency, timezone, commission_basis_points, plan, trial_ends_at, demo, created_at, updated_at)
       values ($1, $2, $3, $4, $5::"Plan", $6, $7, $8, $8)
       returning id
     ), line as (
       insert into audit_entry (id, agency_id, occurred_at, actor, action, subject)
       select $9::uuid, id, $8, $10, 'agency.created', 'agency:' || id from made
     )
     select id from made`,
    [name, currency, timezone, commissionBasisPoints, plan, trialEndsAt, demo, now, uuid(), actor],
  );
  return { id: rows[0]!.id, name, currency, timezone, commissionBasisPoints, plan, trialEndsAt };
}
