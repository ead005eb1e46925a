import { eventNamed } from '../outbox/event.ts';
import { NOW } from './transaction.ts';

/**
 * SQL of the abilities that decide what endpoint `w` may be told now: its token's, none once that is revoked or expired,
 * all for one that was made without a token. They are asked for at dispatch and again with each attempt, because a right
 * may be taken away in between.
 */
export const RIGHTS = `(case when w.created_by_id is null then '{*}'::text[] else coalesce((
    select t.abilities from access_token t
    where t.id = w.created_by_id and t.agency_id = w.agency_id
      and t.revoked_at is null and (t.expires_at is null or t.expires_at > ${NOW})), '{}') end)`;

/** Which of these abilities somebody lacks. */
export function missing(abilities: readonly string[], needs: readonly string[]): string[] {
  return abilities.includes('*') ? [] : needs.filter((ability) => !abilities.includes(ability));
}

/** Whether somebody with these abilities may hear of an event. One that isn't known here is told to those who may read all. */
export function mayHear(abilities: readonly string[], eventType: string): boolean {
  return missing(abilities, needsOf(eventType)).length === 0;
}

/** What hearing of an event takes. */
export function needsOf(eventType: string): string[] {
  return [eventNamed(eventType)?.ability ?? '*'];
}

/** Why a delivery is withheld, and how it gets on. */
export function whyForbidden(lacks: readonly string[]): string {
  return `Not sent: the endpoint's token may no longer read this (${lacks.join(', ')}). Save the endpoint with a token that may, then replay it.`;
}
