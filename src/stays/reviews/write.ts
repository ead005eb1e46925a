import { clock } from '../../core/clock.ts';
import { Invalid } from '../../core/errors.ts';
import type { Audit, Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { drawIds, insertMany } from '../../database/insert.ts';
import { parseId } from '../../graph/ids.ts';
import { changed } from '../../outbox/audit.ts';
import { recordAll } from '../../outbox/record.ts';
import { reviewReceived } from './events.ts';
import { type ReviewInput, scaleOf } from './input.ts';
import { rate } from './rating.ts';
import type { ReviewRow } from './types.ts';

export interface Written {
  review: ReviewRow;
  outcome: 'created' | 'updated' | 'unchanged';
}

/**
 * Writes reviews that have no problems of their own, in a handful of statements however many they are. A new one is told with
 * review.received; one that the source has told before changes quietly or not at all. `at` names a field of the i-th input.
 */
export async function writeReviews(
  viewer: Viewer,
  tx: Transaction,
  audit: Audit,
  inputs: ReviewInput[],
  at: (i: number, field: string) => string,
): Promise<Written[]> {
  const known = await lockKnown(tx, inputs);
  await refuseStrangers(tx, inputs, known, at);
  const ids = await drawIds(tx, 'review', inputs.filter((input) => !known.has(keyOf(input))).length);
  const written = inputs.map((input): Written => {
    const before = known.get(keyOf(input));
    if (!before) return { review: newRow(viewer, ids.shift()!, input), outcome: 'created' };
    const review = { ...before, ...columnsOf(input) };
    return isSame(before, review)
      ? { review: before, outcome: 'unchanged' }
      : { review: { ...review, updatedAt: clock.now(), version: before.version + 1 }, outcome: 'updated' };
  });
  const rows = (outcome: Written['outcome']) =>
    written.filter((one) => one.outcome === outcome).map((one) => one.review);
  const created = rows('created');
  const updated = rows('updated');
  await insertMany(tx, 'review', created);
  await updateMany(tx, updated);
  const { silent } = viewer;
  await recordAll(
    tx,
    viewer.agency.id,
    reviewReceived,
    created.map((review) => ({ review })),
    { silent },
  );
  for (const { id } of created) audit(reviewReceived.name, `review:${id}`);
  for (const review of updated) {
    audit('review.updated', `review:${review.id}`, changed(known.get(keyOf(review))!, review));
  }
  return written;
}

/** What the source calls a review. Without that it can't be recognised, and is always new. */
function keyOf({ source, externalId }: Pick<ReviewInput, 'source' | 'externalId'>): string | undefined {
  return externalId == null ? undefined : JSON.stringify([source, externalId]);
}

/**
 * The reviews that are here already, held until the transaction ends. One that somebody else is writing at this moment isn't
 * seen; its unique key stands in the way of the insert then, and all is done again.
 */
async function lockKnown(tx: Transaction, inputs: ReviewInput[]): Promise<Map<string | undefined, ReviewRow>> {
  const asked = inputs.filter(({ externalId }) => externalId != null);
  if (asked.length === 0) return new Map();
  const held = await tx.$queryRaw<{ id: number }[]>`
    select r.id from review r
    join unnest(${asked.map(({ source }) => source)}::text[], ${asked.map(({ externalId }) => externalId!)}::text[])
      as a (source, external_id) on r.source = a.source and r.external_id = a.external_id
    order by r.id for update of r`;
  const rows = await tx.review.findMany({ where: { id: { in: held.map(({ id }) => id) } } });
  return new Map(rows.map((row) => [keyOf(row), row]));
}

/** Refuses what names something that isn't there, or that belongs elsewhere: all of it at once. */
async function refuseStrangers(
  tx: Transaction,
  inputs: ReviewInput[],
  known: Map<string | undefined, ReviewRow>,
  at: (i: number, field: string) => string,
): Promise<void> {
  const propertyIds = [...new Set(inputs.map(({ propertyId }) => idOf(propertyId)))];
  const bookingIds = [...new Set(inputs.flatMap(({ bookingId }) => (bookingId == null ? [] : [idOf(bookingId)])))];
  const properties = await tx.property.findMany({ where: { id: { in: propertyIds } }, select: { id: true } });
  const bookings =
    bookingIds.length === 0
      ? []
      : await tx.booking.findMany({ where: { id: { in: bookingIds } }, select: { id: true, propertyId: true } });
  const ours = new Set(properties.map(({ id }) => id));
  const placeOf = new Map(bookings.map(({ id, propertyId }) => [id, propertyId]));
  const wrong: Record<string, string[]> = {};
  for (const [i, input] of inputs.entries()) {
    const propertyId = idOf(input.propertyId);
    const before = known.get(keyOf(input));
    if (!ours.has(propertyId)) wrong[at(i, 'propertyId')] = ['is not a property of this agency'];
    else if (before && before.propertyId !== propertyId)
      wrong[at(i, 'externalId')] = [`is a review of property ${before.propertyId} already`];
    if (input.bookingId != null && placeOf.get(idOf(input.bookingId)) !== propertyId)
      wrong[at(i, 'bookingId')] = ['is not a booking of this property'];
  }
  if (Object.keys(wrong).length > 0) throw new Invalid(wrong);
}

const idOf = (id: string): number => parseId(id) ?? -1;

/** The columns that an input says something of. */
function columnsOf(input: ReviewInput): Partial<ReviewRow> {
  const { bookingId, guestName, comment, reviewedAt } = input;
  return {
    ...rate(input.rating, scaleOf(input)),
    ...(bookingId !== undefined && { bookingId: bookingId && idOf(bookingId) }),
    ...(guestName !== undefined && { guestName }),
    ...(comment !== undefined && { comment }),
    ...(reviewedAt !== undefined && { reviewedAt }),
  } as Partial<ReviewRow>;
}

const COMPARED = ['bookingId', 'ratingHundredths', 'ratingScaleHundredths', 'guestName', 'comment'] as const;

const isSame = (before: ReviewRow, after: ReviewRow): boolean =>
  COMPARED.every((column) => before[column] === after[column]) &&
  before.reviewedAt?.getTime() === after.reviewedAt?.getTime();

function newRow(viewer: Viewer, id: number, input: ReviewInput): ReviewRow {
  const now = clock.now();
  return {
    id,
    agencyId: viewer.agency.id,
    propertyId: idOf(input.propertyId),
    bookingId: null,
    source: input.source,
    externalId: input.externalId ?? null,
    guestName: null,
    comment: null,
    reviewedAt: null,
    ...rate(input.rating, scaleOf(input)),
    ...columnsOf(input),
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}

async function updateMany(tx: Transaction, rows: ReviewRow[]): Promise<void> {
  if (rows.length === 0) return;
  const changed = rows.map((row) => ({
    id: row.id,
    booking_id: row.bookingId,
    rating_hundredths: row.ratingHundredths,
    rating_scale_hundredths: row.ratingScaleHundredths,
    score_hundredths: row.scoreHundredths,
    low_rating: row.lowRating,
    guest_name: row.guestName,
    comment: row.comment,
    reviewed_at: row.reviewedAt,
    updated_at: row.updatedAt,
    version: row.version,
  }));
  await tx.$executeRaw`
    update review r set booking_id = n.booking_id, rating_hundredths = n.rating_hundredths,
      rating_scale_hundredths = n.rating_scale_hundredths, score_hundredths = n.score_hundredths,
      low_rating = n.low_rating, guest_name = n.guest_name, comment = n.comment, reviewed_at = n.reviewed_at,
      updated_at = n.updated_at, version = n.version
    from json_populate_recordset(null::review, ${JSON.stringify(changed)}::json) n where r.id = n.id`;
}
