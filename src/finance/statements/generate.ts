import { clock } from '../../core/clock.ts';
import { Conflict, Invalid } from '../../core/errors.ts';
import { MAX_TOTAL_MINOR } from '../../core/money.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { parseId } from '../../graph/ids.ts';
import type { Known } from '../../graph/sql.ts';
import { recordAll } from '../../outbox/record.ts';
import { statementReady, type TellableStatement } from './events.ts';
import { type Month, monthOf } from './month.ts';
import { sourcesSql } from './sources.ts';
import { Statement } from './types.ts';

interface Run {
  /** `2026-07` */
  month: string;
  ownerId?: string | null;
  /** Leaves out who has a statement already that was made after the month was over: what the timer asks for. */
  onlyMissing?: boolean;
}

/**
 * Makes the statements of a month, of one owner or of all, and answers with the ids of those that count now, in the order
 * of the owners. What hasn't changed since the last revision makes no new one and tells nobody, however often it is
 * asked for; what has, makes the next revision. Who has nothing in the month gets none, except in the place of one that
 * said otherwise. A month that isn't over can be asked for: it is what is known of it now.
 *
 * One statement reads and writes all of it, so that no booking can change between a line and the total it is in.
 */
export function generateStatements(viewer: Viewer, run: Run): Promise<number[]> {
  const { id: agencyId, currency, timezone } = viewer.agency;
  const month = monthOf(run.month, timezone);
  return viewer.write(async (tx, _emit, audit) => {
    const ownerId = run.ownerId == null ? null : await ownerOf(tx, run.ownerId);
    // Two runs at once would both find the same last revision. One agency's runs follow each other; nobody else waits.
    await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('statements'), ${agencyId}::int)`;
    const made = await tx.$queryRawUnsafe<Made[]>(
      makeSql({ currency }),
      ...[agencyId, month.from, month.to, month.begins, month.ends, ownerId, run.onlyMissing ?? false, timezone],
      clock.now(),
    );
    const written = made.filter((one): one is TellableStatement => one.id !== null);
    await recordAll(
      tx,
      agencyId,
      statementReady,
      written.map((statement) => ({ statement })),
      { silent: viewer.silent },
    );
    for (const { id } of written) audit(statementReady.name, `statement:${id}`);
    for (const { ownerId: owner } of made.filter(({ id }) => id === null)) {
      if (ownerId !== null) throw tooLarge(currency);
      audit('statement.too_large', `owner:${owner}`); // The other owners get theirs all the same.
    }
    return inForce(tx, month, ownerId);
  });
}

type Made = TellableStatement | { id: null; ownerId: number };

async function ownerOf(tx: Transaction, id: string): Promise<number> {
  const owner = await tx.owner.findFirst({ where: { id: parseId(id) ?? -1 }, select: { id: true } });
  if (!owner) throw new Invalid({ ownerId: ['is not an owner of this agency'] });
  return owner.id;
}

/** Writes what has changed. A row without an id is an owner whose totals are more than a column holds. `$9` is now. */
const makeSql = (known: Known): string => `
  with ${sourcesSql(known)}, due as (
    select *, greatest(revenue, commission, expenses) <= ${MAX_TOTAL_MINOR} as fits
    from owed where hash is distinct from hash_before
  ), made as (
    insert into statement (agency_id, owner_id, "from", "to", revision, currency, revenue_minor, commission_minor,
      expenses_minor, net_minor, sources_hash, generated_at, updated_at)
    select $1, owner_id, $2, $3, revision, '${known.currency}', revenue, commission, expenses,
      revenue - commission - expenses, hash, $9::timestamptz, now()
    from due where fits order by owner_id
    returning *
  ), superseded as (
    update statement s set superseded_at = $9::timestamptz from made
    where s.agency_id = $1 and s.owner_id = made.owner_id and s."from" = $2 and s.revision < made.revision and s.superseded_at is null
  ), written as (
    insert into statement_line (agency_id, statement_id, position, kind, property_id, booking_id, label, nights,
      revenue_minor, commission_minor, expense_minor, net_minor)
    select $1, made.id, position, kind, property_id, booking_id, label, nights, revenue, commission, expense,
      revenue - commission - expense
    from source join made using (owner_id)
  )
  select made.id, made.agency_id as "agencyId", due.owner_id as "ownerId", owner.name as "ownerName", made."from", made."to",
    made.revision, made.currency, made.revenue_minor as "revenueMinor", made.commission_minor as "commissionMinor",
    made.expenses_minor as "expensesMinor", made.net_minor as "netMinor", made.generated_at as "generatedAt"
  from due
  join owner on owner.agency_id = $1 and owner.id = due.owner_id
  left join made on made.owner_id = due.owner_id
  order by due.owner_id`;

/** The last revisions of the month. */
async function inForce(tx: Transaction, { from }: Month, ownerId: number | null): Promise<number[]> {
  const rows = await tx.$queryRaw<{ id: number }[]>`
    select id from statement
    where "from" = ${from}::date and superseded_at is null and (${ownerId}::int is null or owner_id = ${ownerId})
    order by owner_id`;
  return rows.map(({ id }) => id);
}

const tooLarge = (currency: string) =>
  new Conflict(
    'AMOUNT_TOO_LARGE',
    `The owner's totals of this month are more than an amount of ${currency} can be here. Divide the properties between two owners.`,
  );

builder.mutationField('generateStatements', (t) =>
  t.prismaField({
    type: [Statement],
    description:
      'Makes the statements of a month, and answers with those that count now. Where nothing has changed, they are the ones there were; where something has, they are new revisions. Bellhop does it by itself on the 1st, for the month before.',
    ability: 'statements:write',
    args: {
      month: t.arg.string({
        required: true,
        description: 'Like `2026-07`, in the agency’s time zone. One that isn’t over is told as far as it is known.',
      }),
      ownerId: t.arg.id({ description: 'This owner alone; all of them when not said.' }),
    },
    resolve: async (query, _root, args, { viewer }) => {
      const ids = await generateStatements(viewer, args);
      return viewer.db.statement.findMany({ ...query, where: { id: { in: ids } }, orderBy: { ownerId: 'asc' } });
    },
  }),
);
