import { clock } from '../core/clock.ts';
import type { Viewer } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';
import { drawIds, insertMany } from '../database/insert.ts';

/**
 * The profiles for many bookings, as `guestFor` finds or makes one: who gives the same e-mail address shares one, and who
 * gives none gets one of their own. Answers with one id a person.
 */
export async function guestsFor(
  viewer: Viewer,
  tx: Transaction,
  people: { name: string; email?: string | null }[],
): Promise<number[]> {
  const emails = people.flatMap(({ email }) => email?.toLowerCase() ?? []);
  const found = await tx.$queryRaw<{ id: number; email: string }[]>`
    select id, email from guest where email = any(${[...new Set(emails)]})`;
  const profiles = new Map(found.map(({ id, email }) => [email, id]));

  const fresh = await drawIds(tx, 'guest', people.length);
  const now = clock.now();
  const rows: { id: number; agencyId: number; name: string; email: string | null; createdAt: Date; updatedAt: Date }[] =
    [];
  const ids = people.map(({ name, email: given }, i) => {
    const email = given?.toLowerCase() ?? null;
    const known = email === null ? undefined : profiles.get(email);
    if (known !== undefined) return known;
    const id = fresh[i]!;
    if (email !== null) profiles.set(email, id);
    rows.push({ id, agencyId: viewer.agency.id, name, email, createdAt: now, updatedAt: now });
    return id;
  });
  // In one order for everybody: two imports with the same guests must not wait for each other in a circle.
  await insertMany(
    tx,
    'guest',
    rows.sort((a, b) => ((a.email ?? '') < (b.email ?? '') ? -1 : 1)),
  );
  return ids;
}
