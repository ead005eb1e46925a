import { pino } from 'pino';
import { expect, test } from 'vitest';
import { entryHash, GENESIS, link, SEALED_COLUMNS } from '../src/platform/audit/entry-hash.ts';
import { keepAudit, sealAndWatch } from '../src/platform/audit/keep.ts';
import { redactAudit } from '../src/platform/audit/redact.ts';
import { sealAudit } from '../src/platform/audit/seal.ts';
import { verifyAudit } from '../src/platform/audit/verify.ts';
import { ownerOf, sealed, verified } from './support/audit.ts';
import { openTerminal } from './support/cli.ts';
import { startWorld, type World } from './support/world.ts';

const DAY_MS = 86_400_000;
const log = pino({ level: 'silent' });

type Owner = Awaited<ReturnType<typeof ownerOf>>;

/** Three days of the log, each with its anchor, and a little of today. */
async function threeDays(): Promise<{ world: World; owner: Owner; seqOf: (day: number) => Promise<number> }> {
  const world = await startWorld({ today: '2027-05-01' });
  for (let day = 1; day <= 3; day += 1) {
    await world.property();
    await world.property();
    await sealed(world);
    world.pass(DAY_MS);
    await keepAudit(servicesOf(world));
  }
  await world.property();
  await sealed(world);
  expect((await verified(world)).problems).toEqual([]);
  const owner = await ownerOf(world);
  return {
    world,
    owner,
    /** The second seal of a day. */
    async seqOf(day) {
      const { rows } = await owner.query(
        'select seq from audit_seal where sealed_at::date = $1 order by seq offset 1',
        [`2027-05-0${day}`],
      );
      return rows[0].seq;
    },
  };
}

const servicesOf = (world: World) => ({
  database: world.database,
  wake: world.viewer.wake,
  config: world.config,
  log,
});

/** Computes all seals anew from the entries as they are, as somebody would who has read the source. */
async function relink(owner: Owner): Promise<void> {
  const { rows } = await owner.query(
    `select s.seq, ${SEALED_COLUMNS} from audit_seal s join audit_entry e on e.id = s.entry_id order by s.seq`,
  );
  let hash = GENESIS;
  for (const { seq, ...entry } of rows) {
    const own = entryHash(entry);
    hash = link(hash, own);
    await owner.query('update audit_seal set entry_hash = $2, hash = $3 where seq = $1', [seq, own, hash]);
  }
}

// Whoever owns the database can do anything to it, and an auditor must be told that it was done, and where.
test.each<[what: string, attack: (owner: Owner, seq: number) => Promise<unknown>, named: RegExp]>([
  [
    'changes a line and links the whole chain anew',
    async (owner, seq) => {
      await owner.query(
        `update audit_entry set actor = 'nobody' where id = (select entry_id from audit_seal where seq = $1)`,
        [seq],
      );
      await relink(owner);
    },
    /isn’t what its day’s anchor says/,
  ],
  [
    'swaps what two lines say',
    (owner, seq) =>
      owner.query(
        `with pair as (
           select e.id, e.action, e.subject, lead(e.subject, 1, '') over w as next, lag(e.subject) over w as previous
           from audit_seal s join audit_entry e on e.id = s.entry_id where s.seq in ($1, $1 + 1) window w as (order by s.seq))
         update audit_entry e set subject = coalesce(nullif(p.next, ''), p.previous) from pair p where p.id = e.id`,
        [seq],
      ),
    /isn’t what was sealed/,
  ],
  [
    'swaps the entries of two seals',
    (owner, seq) =>
      owner.query(
        `update audit_seal s set entry_id = o.entry_id, entry_occurred_at = o.entry_occurred_at, entry_xid = o.entry_xid
         from audit_seal o where s.seq in ($1, $1 + 1) and o.seq = 2 * $1 + 1 - s.seq`,
        [seq],
      ),
    /isn’t what was sealed/,
  ],
  ['deletes the first line', (owner) => cut(owner, 'seq = 1'), /The seals 1 to 1 are missing/],
  [
    'deletes everything before a day, and says that retention has done it',
    async (owner, seq) => {
      const { rows } = await owner.query(`select seq from audit_anchor where seq > $1 order by seq limit 1`, [seq]);
      await cut(owner, `seq <= ${rows[0].seq}`);
      await owner.query(`insert into audit_retention (dropped_before) values (now() + interval '10 years')`);
    },
    /The seals 1 to \d+ are missing/,
  ],
  ['deletes a whole day', (owner) => cut(owner, `sealed_at::date = '2027-05-02'`), /The seals \d+ to \d+ are missing/],
  [
    'deletes a day’s entries and leaves the seals',
    (owner) => owner.query(`delete from audit_entry where occurred_at::date = '2027-05-02'`),
    /is missing/,
  ],
  [
    'changes a seal',
    (owner, seq) => owner.query(`update audit_seal set hash = repeat('a', 64) where seq = $1`, [seq]),
    /doesn’t follow|anchor says/,
  ],
  [
    'dates a seal back',
    (owner, seq) =>
      owner.query(`update audit_seal set sealed_at = sealed_at - interval '7 days' where seq = $1`, [seq]),
    /is dated .* long before/,
  ],
  [
    'deletes the anchor that is in the way',
    (owner) => owner.query(`delete from audit_anchor where day = '2027-05-01'`),
    /The anchor of 2027-05-01, which ended with seal \d+, is missing/,
  ],
  [
    'deletes all anchors, before they are made anew',
    (owner) => owner.query('delete from audit_anchor'),
    /The anchor of 2027-05-01, which ended with seal \d+, is missing/,
  ],
  [
    'moves an anchor to an earlier seal, to change what comes after it',
    (owner) =>
      owner.query(
        `update audit_anchor a set seq = s.seq, hash = s.hash from audit_seal s where a.day = '2027-05-02' and s.agency_id = a.agency_id and s.seq = a.seq - 1`,
      ),
    /The anchor of 2027-05-02 leaves out seal \d+, which was made on it/,
  ],
  [
    'moves an anchor to an earlier day',
    (owner) => owner.query(`update audit_anchor set day = '2027-04-20' where day = '2027-05-03'`),
    /The anchor of 2027-04-20 is seal \d+, which was made later/,
  ],
  [
    'cuts the end off, before an anchor',
    (owner, seq) => cut(owner, `seq >= ${seq}`),
    /are missing: a day’s anchor knows of them/,
  ],
])('an owner of the database who %s is found out, and the SIEM is told the next day', async (_what, attack, named) => {
  const { world, owner, seqOf } = await threeDays();
  const siem = await world.subscribe('audit.critical_event');
  await sealed(world);
  await attack(owner, await seqOf(2));
  const { ok, problems } = await verified(world);
  expect(ok).toBe(false);
  expect(problems.map(({ what }) => what)).toContainEqual(expect.stringMatching(named));
  world.pass(DAY_MS);
  await keepAudit(servicesOf(world));
  await world.relay();
  expect(siem.received.map(({ json }) => json.data.audit_entry.action)).toEqual(['audit.chain_broken']);
});

async function cut(owner: Owner, where: string): Promise<void> {
  await owner.query(`delete from audit_entry where id in (select entry_id from audit_seal where ${where})`);
  await owner.query(`delete from audit_seal where ${where}`);
}

// Of today there is no anchor yet. The process that sealed it remembers, and whoever has noted the chain's end does.
test.each<[what: string, attack: (owner: Owner) => Promise<unknown>]>([
  ['the last line is deleted with its seal', (owner) => cut(owner, 'seq = (select max(seq) from audit_seal)')],
  [
    'today’s last line is changed and the chain linked anew',
    async (owner) => {
      await owner.query(
        `update audit_entry set actor = 'nobody' where id = (select entry_id from audit_seal order by seq desc limit 1)`,
      );
      await relink(owner);
    },
  ],
])('where %s, the next sealing tells the SIEM, and `audit verify --head` the auditor', async (_what, attack) => {
  const { bellhop } = await openTerminal();
  const world = await startWorld({ env: { DATABASE_URL: process.env.DATABASE_URL } });
  await world.property();
  const siem = await world.subscribe('audit.critical_event');
  await sealed(world);
  const { head } = await verified(world);
  const verify = () =>
    bellhop('audit', 'verify', '--agency', String(world.agencyId), '--head', `${head.seq}:${head.hash}`, '--json');
  expect((await verify()).exitCode).toBe(0);

  await attack(await ownerOf(world));
  expect(await verifyAudit(world.database, world.agencyId, { noted: head })).toMatchObject({
    ok: false,
    problems: [{ seq: head.seq, what: expect.stringContaining('cut off or written anew') }],
  });
  const told = await verify();
  expect([told.exitCode, told.json]).toMatchObject([1, { ok: false, agencies: [{ problems: [{ seq: head.seq }] }] }]);

  await world.property();
  await expect
    .poll(
      async () => {
        await sealAndWatch(servicesOf(world));
        await world.relay();
        return siem.received.map(({ json }) => json.data.audit_entry);
      },
      { timeout: 20_000 },
    )
    .toMatchObject([{ action: 'audit.chain_broken', changes: { seq: head.seq } }]);
});

// Over a weekend nothing is written, and several days have one seal as their anchor.
test('of several days that are anchored to one seal, each anchor that was changed is named', async () => {
  const { world, owner } = await threeDays();
  for (let day = 4; day <= 6; day += 1) {
    world.pass(DAY_MS);
    await keepAudit(servicesOf(world));
  }
  const { head, problems } = await verified(world);
  expect(problems).toEqual([]);
  const changed = await owner.query(
    `update audit_anchor set hash = repeat('a', 64) where day = '2027-05-04' and seq = $1`,
    [head.seq],
  );
  expect(changed.rowCount).toBe(1);
  expect((await verified(world)).problems).toMatchObject([
    { seq: head.seq, what: expect.stringMatching(/isn’t what its day’s anchor says/) },
  ]);
});

test('--head is a seal’s number and its hash, of one agency', async () => {
  const { bellhop } = await openTerminal();
  expect((await bellhop('audit', 'verify', '--agency', '1', '--head', 'abc')).stderr).toContain('120:');
  expect((await bellhop('audit', 'verify', '--head', `1:${'a'.repeat(64)}`)).stderr).toContain('--agency');
});

test('a clock that was set back shows in the entries', async () => {
  const world = await startWorld({ today: '2027-05-02' });
  await world.property();
  await sealed(world);
  world.pass(-DAY_MS);
  await world.property();
  await sealAudit(world.database);
  await sealed(world);
  const { problems } = await verified(world);
  expect(problems.map(({ what }) => what)).toContainEqual(expect.stringMatching(/is dated 2027-05-01.* long before/));
});

// The right to be forgotten is kept only as long as nobody restores what was forgotten from a backup.
test('the salt of somebody who was forgotten, put back, is named; being forgotten is not', async () => {
  const world = await startWorld();
  const booking = await world.book();
  await world.patch(`/v1/bookings/${booking.id}`, { guest_name: 'Amina' });
  const { agencyId, entryId, occurredAt, salt } = await world.viewer.db.auditSalt.findFirstOrThrow();
  world.pass(1_000);
  await world.viewer.write((tx, _emit, audit) => redactAudit(tx, audit, `booking:${booking.id}`));
  await sealed(world);
  expect((await verified(world)).problems).toEqual([]);
  await (await ownerOf(world)).query('insert into audit_salt values ($1, $2, $3, $4)', [
    agencyId,
    entryId,
    occurredAt,
    salt,
  ]);
  expect((await verified(world)).problems).toMatchObject([
    { entryId, what: expect.stringContaining(`made to forget booking:${booking.id}`) },
  ]);
});
