import { clock } from '../../core/clock.ts';
import type { Viewer } from '../../core/viewer.ts';

/**
 * What leaves as a file stands in the audit log: a whole list (`?all=true`), a page of at least a hundred rows as CSV or
 * NDJSON, every report as a table, and every statement, invoice or tax report as CSV or PDF. Shorter pages are how a
 * program keeps up with what is new, and JSON is what an application reads its screens from; both are bounded by the limit
 * of requests, and neither is an export.
 */
export const EXPORTED_ROWS = 100;

/** Whoever takes so many rows of a list within an hour takes the agency's data along. */
const BULK_ROWS = 10_000;
const WITHIN_MS = 3_600_000;

/** Rows that were sent, or are about to be. The export with which a token's rows of this list become too many is critical. */
export async function auditRows(
  viewer: Viewer,
  facts: { list: string; format: string; rows: number; complete: boolean },
): Promise<void> {
  const subject = `list:${facts.list}`;
  await viewer.write(async (tx, _emit, audit) => {
    // From the log itself, so that a list that is taken page by page, or through several servers, adds up.
    const [earlier] = await tx.$queryRaw<{ rows: number }[]>`
      select coalesce(sum((changes ->> 'rows')::int), 0)::int as rows from audit_entry
      where occurred_at > ${new Date(clock.now().getTime() - WITHIN_MS)}::timestamptz and action = ${EXPORTED}
        and subject = ${subject} and actor = ${viewer.actor.name}`;
    const before = earlier!.rows;
    const bulk = facts.rows > BULK_ROWS || (before <= BULK_ROWS && before + facts.rows > BULK_ROWS);
    audit(
      EXPORTED,
      subject,
      { ...facts, ...(before > 0 && { rowsWithinHour: before + facts.rows }) },
      bulk ? 'CRITICAL' : 'INFO',
    );
  });
}

const EXPORTED = 'list.exported';

/** One thing as a file. */
export async function auditFile(viewer: Viewer, { path, format }: { path: string; format: string }): Promise<void> {
  await viewer.write(async (_tx, _emit, audit) => audit('file.exported', `file:${path}`, { format }));
}
