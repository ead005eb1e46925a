import { nearest } from '../../core/text.ts';
import { catalogue } from '../../outbox/event.ts';

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

/** All that a subscription may say. */
export function knownPatterns(format: 'STANDARD' | 'CONNECT'): Set<string> {
  const events = catalogue();
  const families = events.map(({ name }) => `${name.split('.')[0]}.*`);
  const connect = format === 'CONNECT' ? events.flatMap((event) => event.connect?.name ?? []) : [];
  return new Set(['*', ...families, ...events.map(({ name }) => name), ...connect]);
}
