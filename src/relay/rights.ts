import { eventNamed } from '../outbox/event.ts';

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
