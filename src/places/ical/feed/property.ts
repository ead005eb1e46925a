import ICAL from 'ical.js';
import type { RawEvent } from './components.ts';
import { type Moment, momentOf } from './moment.ts';
import { zoneOf } from './zones.ts';

/** One property of an event, as ical.js takes it apart; undefined where there is none, or none that can be read. */
export function textOf(event: RawEvent, name: string): string | undefined {
  const line = event.lines.get(name)?.[0];
  const value = line === undefined ? undefined : propertyOf(line)?.[3];
  return typeof value === 'string' ? value : undefined;
}

/** The date that a property has, if it has one that can be read. */
export function momentIn(event: RawEvent, name: string): Moment | undefined {
  return momentsIn(event, name, 1)[0];
}

/** The first dates of all lines with that name (EXDATE may have many of both); those that can't be read are undefined. */
export function momentsIn(event: RawEvent, name: string, most: number): (Moment | undefined)[] {
  const moments: (Moment | undefined)[] = [];
  for (const line of event.lines.get(name) ?? []) {
    if (moments.length >= most) break;
    const tzid = propertyOf(line)?.[1].tzid;
    const zone = zoneOf(typeof tzid === 'string' ? tzid : undefined, event.zones);
    const values = rawValue(line).split(',', most - moments.length);
    moments.push(...values.map((value) => momentOf(value, zone)));
  }
  return moments;
}

/** What stands after a line's last colon. Dates have none inside; what comes before may, like TZID=(UTC+01:00) Rabat. */
export function rawValue(line: string): string {
  return line.slice(line.lastIndexOf(':') + 1).trim();
}

/** [name, parameters, type, values…]: jCal, as ical.js writes it. Undefined for a line that it refuses. */
export function propertyOf(
  line: string,
): [string, Record<string, string | string[]>, string, ...unknown[]] | undefined {
  try {
    return ICAL.parse.property(line.replace(/^([A-Za-z0-9-]+)[ \t]+/, '$1'));
  } catch {
    return undefined; // A quote that isn't closed, for instance.
  }
}
