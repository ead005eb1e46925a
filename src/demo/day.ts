import { addDays, fromDay, toDay } from '../core/dates.ts';
import type { Viewer } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';
import { insertMany } from '../database/insert.ts';
import { cleaningAssigned } from '../operations/cleaning/events.ts';
import { maintenanceCreated } from '../operations/maintenance/events.ts';
import { recordAll } from '../outbox/record.ts';
import { reviewReceived } from '../stays/reviews/events.ts';
import { rate } from '../stays/reviews/rating.ts';
import { MENDING, OPINIONS, TEAM } from './people.ts';
import type { Random } from './random.ts';
import { type BuiltPlace, SEASON } from './season.ts';

/**
 * The agency's working day around the season of stays: prices by month, cleaning after who has left, things that broke, and
 * what guests said. The same date makes the same day.
 */
export async function makeDay(viewer: Viewer, tx: Transaction, places: BuiltPlace[], { random, now }: Present) {
  const { today, agency, silent } = viewer;
  const common = { agencyId: agency.id, createdAt: now, updatedAt: now };
  await insertMany(
    tx,
    'rate',
    places.flatMap((place) => seasonsOf(place, today).map((season) => ({ ...common, ...season, rank: 1 }))),
  );
  const stays = await tx.booking.findMany({
    where: { status: 'CHECKED_OUT' },
    orderBy: [{ checkOut: 'desc' }, { id: 'desc' }],
  });

  const left = stays.filter(({ checkOut }) => toDay(checkOut) >= addDays(today, -7));
  await insertMany(
    tx,
    'cleaning_task',
    left.map(({ id: bookingId, propertyId, checkOut }) => {
      const isDone = toDay(checkOut) < addDays(today, -1);
      return {
        ...common,
        propertyId,
        bookingId,
        date: toDay(checkOut),
        status: isDone ? 'COMPLETED' : 'ASSIGNED',
        assignee: random.pick(TEAM),
        checklist: CHECKLIST.map((label) => ({ label, done: isDone })),
        assignedAt: checkOut,
        completedAt: isDone ? new Date(checkOut.getTime() + 14 * 3_600_000) : null,
        version: isDone ? 2 : 1,
      };
    }),
  );
  await insertMany(
    tx,
    'maintenance_ticket',
    MENDING.map(({ solved, ...ticket }, i) => ({
      ...common,
      ...ticket,
      propertyId: places[(i * 3) % places.length]!.propertyId,
      currency: agency.currency,
      status: solved ? 'RESOLVED' : 'OPEN',
      resolution: solved?.resolution ?? null,
      costMinor: solved ? solved.cost * 100 : null,
      resolvedAt: solved ? now : null,
    })),
  );
  await insertMany(
    tx,
    'review',
    stays
      .filter(() => random.chance(0.3))
      .map(({ id: bookingId, propertyId, source, guestName, checkOut }) => {
        const [stars, comment] = random.pick(OPINIONS);
        const outOf = source === 'booking' ? 10 : 5;
        return {
          ...common,
          ...rate(stars * (outOf / 5), outOf),
          propertyId,
          bookingId,
          source,
          externalId: `DEMO-${bookingId}`,
          guestName,
          comment,
          reviewedAt: new Date(Math.min(checkOut.getTime() + random.between(1, 6) * 86_400_000, now.getTime())),
        };
      }),
  );

  const tasks = await tx.cleaningTask.findMany({ orderBy: { id: 'asc' } });
  const tickets = await tx.maintenanceTicket.findMany({ orderBy: { id: 'asc' } });
  const reviews = await tx.review.findMany({ orderBy: { id: 'asc' } });
  const cleaned = tasks.map((task) => ({ task }));
  const broken = tickets.map((ticket) => ({ ticket }));
  const said = reviews.map((review) => ({ review }));
  await recordAll(tx, agency.id, cleaningAssigned, cleaned, { silent });
  await recordAll(tx, agency.id, maintenanceCreated, broken, { silent });
  await recordAll(tx, agency.id, reviewReceived, said, { silent });
}

interface Present {
  random: Random;
  now: Date;
}

const CHECKLIST = [
  'Change the sheets',
  'Clean the kitchen',
  'Empty the bins',
  'Count the towels',
  'Close the shutters',
];

/** A rate for each of the next twelve months and one for New Year above them, as `season.ts` prices the stays. */
function seasonsOf({ propertyId, price }: BuiltPlace, today: string) {
  const first = fromDay(`${today.slice(0, 7)}-01`);
  const months = Array.from({ length: 12 }, (_, i) => {
    const from = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + i, 1));
    const to = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + i + 1, 0));
    const factor = SEASON[from.getUTCMonth()]!;
    return { from: toDay(from), to: toDay(to), factor, name: null as string | null, priority: 0, minStay: 1 };
  });
  const year = Number(today.slice(0, 4));
  const newYear = {
    from: `${year}-12-22`,
    to: `${year + 1}-01-02`,
    factor: 1.6,
    name: 'New Year',
    priority: 10,
    minStay: 3,
  };
  return [...months, newYear].map(({ factor, ...season }) => ({
    propertyId,
    ...season,
    weekdays: [],
    priceMinor: Math.round((price * factor) / 10) * 1_000,
  }));
}
