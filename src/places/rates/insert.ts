import { clock } from '../../core/clock.ts';
import { toMinor } from '../../core/money.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import type { Push } from './push.ts';

/**
 * Writes the rates of pushes that have no problems, in one statement. What isn't said is left to PostgreSQL, and keys are
 * one letter: Prisma reads a parameter twice on its way, so it matters whether 36,500 rows are 2 MB of it or 12. They rank
 * by the number that this write is about to have.
 */
export async function insertPushed(viewer: Viewer, tx: Transaction, pushes: Push[]): Promise<void> {
  const { id: agencyId, currency } = viewer.agency;
  const rows = pushes.flatMap(({ propertyId, rates }) =>
    rates.map((terms) => ({
      i: propertyId,
      f: terms.from,
      t: terms.to,
      p: toMinor(terms.price, currency),
      n: terms.name?.trim() || undefined,
      w: terms.weekdays ?? undefined,
      m: terms.minStay ?? undefined,
      a: terms.closedToArrival ?? undefined,
      d: terms.closedToDeparture ?? undefined,
      o: terms.priority ?? undefined,
    })),
  );
  await tx.$executeRawUnsafe(INSERT, JSON.stringify(rows), agencyId, clock.now());
}

const INSERT = `
  insert into rate (agency_id, property_id, name, "from", "to", weekdays, price_minor, min_stay, closed_to_arrival,
    closed_to_departure, priority, pushed, rank, created_at, updated_at)
  select p.agency_id, p.id, r.n, r.f, r.t, coalesce(r.w, '{}'), r.p, coalesce(r.m, 1), coalesce(r.a, false),
    coalesce(r.d, false), coalesce(r.o, 0), true, p.version + 1, $3::timestamptz, $3::timestamptz
  from json_to_recordset($1::json) as r(i int, f date, t date, p int, n text, w "Weekday"[], m int, a boolean, d boolean, o int)
  join property p on p.agency_id = $2::int and p.id = r.i`;
