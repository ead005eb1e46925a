import type { Ability } from '../../core/abilities.ts';
import { MissingAbility } from '../../core/errors.ts';
import { nearest } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { catalogue, covers } from '../../outbox/event.ts';

/** What is wrong with a list of event patterns, or nothing. A name that isn't in the catalogue is refused with the nearest. */
export function patternProblem(patterns: string[], format: 'STANDARD' | 'CONNECT'): string | undefined {
  if (patterns.length === 0) return 'must name at least one event, such as booking.* or *';
  if (patterns.length > 100) return 'must name at most 100 patterns';
  const known = knownPatterns(format);
  const unknown = patterns.filter((pattern) => !known.has(pattern));
  if (unknown.length === 0) return undefined;
  const near = nearest(unknown[0]!, [...known]);
  return `must be events of the catalogue (GET /v1/webhook-events), family.* or *; ${unknown.join(', ')} is not. Did you mean ${near}?`;
}

/**
 * Refuses a viewer who asks for what it may not read: an event, or a family of which it may read nothing. Of `*`, and of a
 * family in part, an endpoint is told as much as its token may read.
 */
export function refuseUnreadable(viewer: Viewer, patterns: string[]): void {
  const needs = patterns
    .filter((pattern) => pattern !== '*')
    .map((pattern) => abilitiesOf([pattern]))
    .filter((abilities) => !abilities.some((ability) => viewer.can(ability)));
  if (needs.length > 0) throw new MissingAbility([...new Set(needs.flat())]);
}

/** What reading the events takes that any of these patterns covers. */
export function abilitiesOf(patterns: string[]): Ability[] {
  const events = catalogue().filter(({ name, connect }) =>
    patterns.some((pattern) => covers(pattern, name) || pattern === connect?.name),
  );
  return [...new Set(events.map(({ ability }) => ability as Ability))];
}

/** All that a subscription may say. */
export function knownPatterns(format: 'STANDARD' | 'CONNECT'): Set<string> {
  const events = catalogue();
  const families = events.map(({ name }) => `${name.split('.')[0]}.*`);
  const connect = format === 'CONNECT' ? events.flatMap((event) => event.connect?.name ?? []) : [];
  return new Set(['*', ...families, ...events.map(({ name }) => name), ...connect]);
}
