import type { Readable } from 'node:stream';
import { clock } from '../../core/clock.ts';
import { saidByPostgres } from '../../core/constraints.ts';
import { DomainError } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { datesTaken } from '../../places/inventory.ts';
import { busiestNight, unitsNeeded } from '../../places/inventory-many.ts';
import { growProperties, isFromImport, makeProperties } from '../../places/properties/from-import.ts';
import type { PropertyRow } from '../../places/properties/types.ts';
import { readLines, UnreadableRest } from './import-file.ts';
import { amountsOf, type ImportRow, readRow, reasonOf } from './import-row.ts';
import { type Stay, writeBookings } from './write-many.ts';

export interface ImportOptions {
  /** Makes the properties that the agency doesn't know, and gives those as many units as their busiest night needs. */
  createProperties?: boolean;
  /** Called after each batch, with the rows read so far. */
  onProgress?: (rows: number) => void;
}

export interface ImportResult {
  rows: number;
  created: number;
  /** Rows whose reference the agency has already: such a booking is left as it is. */
  unchanged: number;
  failed: number;
  propertiesCreated: number;
  /** The first thousand; `failed` counts them all. */
  errors: RowError[];
  /** The line from which on the file could not be read. Everything before it was. */
  unreadFrom: UnreadableRest | undefined;
}

export interface RowError {
  line: number;
  reference: string;
  code: string;
  message: string;
}

/** Rows a transaction: enough that statements cost nothing, few enough that nobody waits long for its locks. */
const BATCH = 500;
const MOST_ERRORS = 1_000;

/**
 * Imports bookings from a CSV file. Each batch is one transaction with its events and its audit line; so whatever cuts an
 * import off, it can be run again and goes on where it stopped. A bad row is reported and doesn't stop the others.
 */
export async function importBookings(
  viewer: Viewer,
  input: Readable,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const result: ImportResult = {
    rows: 0,
    created: 0,
    unchanged: 0,
    failed: 0,
    propertiesCreated: 0,
    errors: [],
    unreadFrom: undefined,
  };
  const linesByReference = new Map<string, number>();
  const now = clock.now();
  let batch: ImportRow[] = [];
  let writing = Promise.resolve();

  try {
    for await (const { line, cells, problem } of readLines(input)) {
      result.rows += 1;
      try {
        if (problem) throw new DomainError('VALIDATION', problem);
        const row = readRow(line, cells, viewer.agency, now);
        const before = linesByReference.get(row.reference);
        if (before) throw new DomainError('REFERENCE_TAKEN', `reference stands on line ${before} already`);
        linesByReference.set(row.reference, line);
        batch.push(row);
      } catch (error) {
        fail({ line, reference: cells.reference! }, error);
      }
      if (batch.length === BATCH) await flush();
    }
  } catch (error) {
    await writing.catch(() => {}); // Nobody closes the database under it.
    if (!(error instanceof UnreadableRest)) throw error;
    result.unreadFrom = error;
  }
  await flush();
  await writing;
  result.errors.sort((a, b) => a.line - b.line);
  return result;

  /** Begins to write what was read, once the batch before is in; the next is read meanwhile. */
  async function flush(): Promise<void> {
    const rows = batch;
    batch = [];
    await writing;
    options.onProgress?.(result.rows);
    writing = settle(rows);
    writing.catch(() => {}); // It is awaited before the next batch, or at the end.
  }

  /** Writes the rows in one transaction. When the database itself refuses it, halves find the row that is to blame. */
  async function settle(rows: ImportRow[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      const done = await writeBatch(viewer, rows, options);
      result.created += done.created;
      result.unchanged += done.unchanged;
      result.propertiesCreated += done.propertiesCreated;
      for (const [row, error] of done.failed) fail(row, error);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      if (rows.length === 1) return fail(rows[0]!, new DomainError('VALIDATION', refusal));
      const half = rows.length >> 1;
      await settle(rows.slice(0, half));
      await settle(rows.slice(half));
    }
  }

  function fail({ line, reference }: { line: number; reference: string }, error: unknown): void {
    if (!(error instanceof DomainError)) throw error;
    result.failed += 1;
    if (result.errors.length < MOST_ERRORS)
      result.errors.push({ line, reference, code: error.code, message: reasonOf(error) });
  }
}

/** One transaction: the rows that are new and can be booked are in it, and the others say why not. */
function writeBatch(viewer: Viewer, rows: ImportRow[], { createProperties = false }: ImportOptions) {
  return viewer.write(async (tx, _emit, audit) => {
    const failed: [ImportRow, unknown][] = [];
    const known = await referencesIn(tx, rows);
    const fresh = rows.filter(({ reference }) => !known.has(reference));
    const propertiesCreated = createProperties ? await makeUnknown(viewer, tx, fresh) : 0;
    const places = await placesOf(tx, fresh);

    const placed: [ImportRow, Stay][] = [];
    for (const row of fresh) {
      try {
        placed.push([row, stayAt(viewer, places.get(row.property), row)]);
      } catch (error) {
        failed.push([row, error]);
      }
    }
    if (createProperties) await growToFit(viewer, tx, places, placed);
    const full = await writeBookings(
      viewer,
      tx,
      placed.map(([, stay]) => stay),
    );
    for (const [i, nights] of full.entries()) if (nights.length > 0) failed.push([placed[i]![0], datesTaken(nights)]);

    const created = fresh.length - failed.length;
    const lines = `lines ${rows[0]!.line} to ${rows.at(-1)!.line}`;
    if (created > 0) audit('bookings.imported', `agency:${viewer.agency.id}`, { lines, created, propertiesCreated });
    return { created, unchanged: known.size, propertiesCreated, failed };
  });
}

async function referencesIn(tx: Transaction, rows: ImportRow[]): Promise<Set<string>> {
  const found = await tx.$queryRaw<{ reference: string }[]>`
    select reference from booking where reference = any(${rows.map(({ reference }) => reference)})`;
  return new Set(found.map(({ reference }) => reference));
}

interface Place {
  property: PropertyRow;
  roomType: { id: number; units: number };
  /** What the agency keeps of the owner's stays, where that isn't its usual share. */
  commissionBasisPoints: number | null;
}

/** The properties that the rows name, by code, each with its first room type. */
async function placesOf(tx: Transaction, rows: ImportRow[]): Promise<Map<string, Place>> {
  const properties = await tx.property.findMany({
    where: { code: { in: [...new Set(rows.map(({ property }) => property))] } },
    include: {
      roomTypes: { orderBy: { id: 'asc' }, take: 1 },
      owner: { select: { commissionBasisPoints: true } },
    },
  });
  return new Map(
    properties.map(({ roomTypes, owner, ...property }) => [
      property.code,
      { property, roomType: roomTypes[0]!, commissionBasisPoints: owner?.commissionBasisPoints ?? null },
    ]),
  );
}

async function makeUnknown(viewer: Viewer, tx: Transaction, rows: ImportRow[]): Promise<number> {
  const known = await placesOf(tx, rows);
  const codes = [...new Set(rows.map(({ property }) => property))].filter((code) => !known.has(code));
  const places = codes.map((code) => {
    const stays = rows.filter((row) => row.property === code && row.holds);
    return { code, units: Math.max(1, busiestNight(stays)) };
  });
  await makeProperties(viewer, tx, places);
  return codes.length;
}

/** The row with its place and its price, or why it can't be booked there. */
function stayAt(viewer: Viewer, place: Place | undefined, row: ImportRow): Stay {
  if (!place) {
    throw new DomainError(
      'NOT_FOUND',
      `property ${row.property} is unknown; create it, or import with --create-properties`,
    );
  }
  const { property, roomType } = place;
  // History may be written of a place that has left; nobody can be expected there.
  if (property.archivedAt && row.holds && row.checkOut > viewer.today) {
    throw new DomainError('PROPERTY_ARCHIVED', `property ${row.property} is archived and takes no bookings`);
  }
  const {
    line: _line,
    property: _code,
    holds: _holds,
    grossAmount: _gross,
    commissionAmount: _commission,
    ...stay
  } = row;
  const commissionBasisPoints = place.commissionBasisPoints ?? viewer.agency.commissionBasisPoints;
  const amounts = amountsOf(row, { ...viewer.agency, commissionBasisPoints }, property.basePriceMinor);
  return { ...stay, ...amounts, propertyId: property.id, roomTypeId: roomType.id };
}

async function growToFit(
  viewer: Viewer,
  tx: Transaction,
  places: Map<string, Place>,
  placed: [ImportRow, Stay][],
): Promise<void> {
  const growable = [...places.values()].filter(({ property }) => isFromImport(property));
  if (growable.length === 0) return;
  const ids = new Set(growable.map(({ roomType }) => roomType.id));
  const stays = placed.filter(([row, stay]) => row.holds && ids.has(stay.roomTypeId)).map(([, stay]) => stay);
  const needed = await unitsNeeded(tx, stays);
  const tooSmall = growable
    .map(({ property, roomType }) => ({
      propertyId: property.id,
      roomTypeId: roomType.id,
      has: roomType.units,
      units: needed.get(roomType.id) ?? 0,
    }))
    .filter(({ has, units }) => units > has);
  await growProperties(viewer, tx, tooSmall);
}

/** What PostgreSQL says of data that it won't hold; undefined when that isn't what went wrong. */
function refusalOf(error: unknown): string | undefined {
  const { originalCode = '', originalMessage } = saidByPostgres(error);
  return /^2[23]/.test(originalCode) ? originalMessage : undefined;
}
