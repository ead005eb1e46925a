import type { Agency as AgencyRow } from '../../../prisma/generated/client/client.ts';

/** What of an agency says whether its plan is alive. */
export type PlanFacts = Pick<AgencyRow, 'plan' | 'trialEndsAt' | 'paidUntil' | 'graceUntil'>;

/**
 * Whether the plan that the API is part of is alive: Business while it is paid for, or in the days of grace after a payment
 * that failed; or the trial until it ends. Nobody has to end anything: the times are read at each request.
 */
export function isPlanAlive({ plan, trialEndsAt, paidUntil, graceUntil }: PlanFacts, now: Date): boolean {
  if (plan === 'TRIAL') return !trialEndsAt || trialEndsAt > now;
  if (plan !== 'BUSINESS') return false;
  return !paidUntil || paidUntil > now || (graceUntil !== null && graceUntil > now);
}

/** The same as SQL, of an agency's row and an instant. */
export const planIsAlive = (agency: string, now: string): string => `(case ${agency}.plan
  when 'TRIAL' then coalesce(${agency}.trial_ends_at > ${now}, true)
  when 'BUSINESS' then coalesce(${agency}.paid_until > ${now}, true) or coalesce(${agency}.grace_until > ${now}, false)
  else false end)`;

/** Why not, and what to do. */
export function whyPlanIsOver({ plan }: PlanFacts): string {
  if (plan === 'TRIAL')
    return 'The 14-day trial has ended. The API is part of the Business plan: upgrade to go on; your data and tokens are kept.';
  if (plan === 'BUSINESS')
    return 'The Business plan has run out. The API is part of it: renew it to go on; your data and tokens are kept.';
  return 'The API is part of the Business plan. Upgrade the agency’s plan to use it.';
}
