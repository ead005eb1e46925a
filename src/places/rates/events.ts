import { z } from 'zod';
import { instant, toDay } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import { PropertyData, propertyData, example as propertyExample } from '../properties/events.ts';
import type { PropertyRow } from '../properties/types.ts';
import { nightsIn, type Run } from './effective.ts';
import type { RateRow } from './types.ts';

/** How many runs an event carries: a year of nights of which each changed in its own way. */
const MOST_RUNS = 400;

interface RateChange {
  property: PropertyRow;
  currency: string;
  /** As it is now, or was before it was removed; null where many were set at once. */
  rate: RateRow | null;
  kind: 'added' | 'modified' | 'removed' | 'replaced';
  /** The first and the last night that the write spoke of. */
  from: string;
  to: string;
  runs: Run[];
}

const RateData = PropertyData.extend({
  rate: z
    .object({
      id: z.int(),
      name: z.string().nullable(),
      from: z.iso.date(),
      to: z.iso.date().describe('The last night, itself included.'),
      weekdays: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).describe('Empty means all of them.'),
      price: z.number().describe('Of one night.'),
      currency: z.string().length(3),
      min_stay: z.int(),
      closed_to_arrival: z.boolean(),
      closed_to_departure: z.boolean(),
      priority: z.int(),
      created_at: z.iso.datetime({ offset: true }),
      updated_at: z.iso.datetime({ offset: true }),
    })
    .nullable()
    .describe('As it is now, or was before it was removed; null where many were set at once.'),
  change: z.object({
    kind: z.enum(['added', 'modified', 'removed', 'replaced']).describe('`replaced` where many were set at once.'),
    from: z.iso.date().describe('The first night that the write spoke of.'),
    to: z.iso.date().describe('The last night, itself included.'),
    nights: z
      .int()
      .describe('How many nights now cost or ask for something else; another rate may stand above this one.'),
    changes: z
      .array(
        z.object({
          from: z.iso.date(),
          to: z.iso.date().describe('The last night, itself included.'),
          price: z.number().describe('What a night costs now.'),
          min_stay: z.int(),
          closed_to_arrival: z.boolean(),
          closed_to_departure: z.boolean(),
          previous_price: z.number(),
          previous_min_stay: z.int(),
          previous_closed_to_arrival: z.boolean(),
          previous_closed_to_departure: z.boolean(),
        }),
      )
      .describe('The nights that changed, those that follow each other and changed alike as one.'),
    truncated: z
      .boolean()
      .describe(
        `True when there are more than ${MOST_RUNS} changes. These are the first; the calendar has all nights.`,
      ),
  }),
});

const example: z.infer<typeof RateData> = {
  ...propertyExample,
  rate: {
    id: 341,
    name: 'High season',
    from: '2026-08-01',
    to: '2026-08-31',
    weekdays: [],
    price: 2400,
    currency: 'MAD',
    min_stay: 3,
    closed_to_arrival: false,
    closed_to_departure: false,
    priority: 0,
    created_at: '2026-07-15T10:23:41+00:00',
    updated_at: '2026-07-15T10:23:41+00:00',
  },
  change: {
    kind: 'added',
    from: '2026-08-01',
    to: '2026-08-31',
    nights: 31,
    changes: [
      {
        from: '2026-08-01',
        to: '2026-08-31',
        price: 2400,
        min_stay: 3,
        closed_to_arrival: false,
        closed_to_departure: false,
        previous_price: 1850,
        previous_min_stay: 1,
        previous_closed_to_arrival: false,
        previous_closed_to_departure: false,
      },
    ],
    truncated: false,
  },
};

function rateData({ property, currency, rate, kind, from, to, runs }: RateChange): z.infer<typeof RateData> {
  return {
    ...propertyData({ property, currency }),
    rate: rate && rateFacts(rate, currency),
    change: {
      kind,
      from,
      to,
      nights: nightsIn(runs),
      changes: runs.slice(0, MOST_RUNS).map((run) => runFacts(run, currency)),
      truncated: runs.length > MOST_RUNS,
    },
  };
}

function rateFacts(rate: RateRow, currency: string) {
  return {
    id: rate.id,
    name: rate.name,
    from: toDay(rate.from),
    to: toDay(rate.to),
    weekdays: rate.weekdays.map((day) => day.toLowerCase() as 'mon'),
    price: toDecimal(rate.priceMinor, currency),
    currency,
    min_stay: rate.minStay,
    closed_to_arrival: rate.closedToArrival,
    closed_to_departure: rate.closedToDeparture,
    priority: rate.priority,
    created_at: instant(rate.createdAt),
    updated_at: instant(rate.updatedAt),
  };
}

function runFacts({ from, to, before, after }: Run, currency: string) {
  const [, price, minStay, closedToArrival, closedToDeparture] = after;
  const [, previousPrice, previousMinStay, previousClosedToArrival, previousClosedToDeparture] = before;
  return {
    from,
    to,
    price: toDecimal(price, currency),
    min_stay: minStay,
    closed_to_arrival: closedToArrival,
    closed_to_departure: closedToDeparture,
    previous_price: toDecimal(previousPrice, currency),
    previous_min_stay: previousMinStay,
    previous_closed_to_arrival: previousClosedToArrival,
    previous_closed_to_departure: previousClosedToDeparture,
  };
}

/** It is the property's event, numbered by the property's version: rates come and go, and what a night costs stays a question. */
export const propertyRateChanged = declareEvent<RateChange>({
  name: 'property.rate_changed',
  summary: 'Seasonal rate added, modified or removed',
  ability: 'rates:read',
  data: RateData,
  render: rateData,
  read: 'property',
  subject: ({ property }) => ({ kind: 'property', id: property.id, version: property.version }),
  example,
});
