import { describe, expect, test } from 'vitest';
import { sealAudit } from '../src/platform/audit/seal.ts';
import { lines, ownerOf, sealed, verified } from './support/audit.ts';
import { startWorld, type World } from './support/world.ts';

/** What a SIEM does: asks for what comes after the last line that it has, and keeps that. */
function openSiem(world: World, format: 'json' | 'ndjson') {
  const got: { id: string; seq: number; action: string; cursor: string }[] = [];
  return {
    got,
    async pull() {
      for (;;) {
        const last = got.at(-1);
        const { text, body } = await world.get(
          `/v1/audit-log/sealed?format=${format}&per_page=2${last ? `&cursor=${last.cursor}` : ''}`,
        );
        const page =
          format === 'json'
            ? body.data
            : text
                .split('\n')
                .filter(Boolean)
                .map((line) => JSON.parse(line));
        if (page.length === 0) return;
        got.push(...page);
      }
    },
  };
}

describe('a SIEM that follows the log', () => {
  // What an intruder did in a transaction that was held open must not be the one thing that the SIEM never sees.
  test.each(['json', 'ndjson'] as const)(
    'misses no line that commits late, and gets none twice, as %s',
    async (format) => {
      const world = await startWorld();
      const siem = openSiem(world, format);
      await world.property();
      await sealed(world);
      await siem.pull();
      const before = siem.got.length;

      let commit = () => {};
      const held = new Promise<void>((resolve) => {
        commit = resolve;
      });
      let written = () => {};
      const begun = new Promise<void>((resolve) => {
        written = resolve;
      });
      const late = world.viewer.write(async (tx, _emit, audit) => {
        audit('thing.held', 'thing:1');
        await tx.owner.create({ data: { agencyId: world.agencyId, name: 'Amina' } });
        written();
        await held;
      });
      await begun;
      await world.property(); // Committed at once, with later ids.
      for (let i = 0; i < 3; i += 1) {
        await sealAudit(world.database);
        await siem.pull();
      }
      commit();
      await late;
      await world.property();
      await sealed(world);
      await siem.pull();

      const all = await lines(world);
      expect(siem.got.map(({ id }) => id).sort()).toEqual(all.map(({ id }: { id: string }) => id).sort());
      expect(siem.got.map(({ seq }) => seq)).toEqual(all.map((_line: unknown, i: number) => i + 1));
      expect(siem.got.slice(before).map(({ action }) => action)).toContain('thing.held');
    },
  );

  test('begins where it wants, chooses by severity, and is told each line’s place and hash', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    await world.property();
    await world.withAbilities('*');
    await sealed(world);
    const { data } = (await world.get('/v1/audit-log/sealed?severity=critical')).body;
    expect(data).toMatchObject([
      { action: 'token.created', severity: 'critical', hash: expect.stringMatching(/^\w{64}$/) },
    ]);
    expect((await world.get('/v1/audit-log/sealed?since=2027-05-02T00:00:00Z')).body.data).toEqual([]);
    const { head } = await verified(world);
    const { nodes, totalCount } = (
      await world.graphql('{ sealedAuditLog(last: 1) { nodes { seq hash changes occurredAt } totalCount } }')
    ).body.data.sealedAuditLog;
    expect([nodes, totalCount]).toMatchObject([[{ seq: head.seq, hash: head.hash }], head.seq]);
  });

  test('is answered compactly, changes too', async () => {
    const world = await startWorld();
    const { id } = await world.property();
    await world.patch(`/v1/properties/${id}`, { city: 'Fes' });
    await sealed(world);
    for (const path of ['/v1/audit-log', '/v1/audit-log/sealed'])
      expect((await world.get(`${path}?format=ndjson`)).text).toContain(
        '"changes":{"city":{"from":"Marrakech","to":"Fes"}}',
      );
  });
});

describe('a database that was dumped and restored into another cluster', () => {
  // Its transactions are numbered anew, from far below those that are sealed; the log must go on all the same.
  test('goes on sealing: what had no seal yet, and what is written from then on', async () => {
    const world = await startWorld();
    const owner = await ownerOf(world);
    await world.property();
    await lines(world);
    await sealed(world);
    await world.property(); // Not sealed when the dump is made.
    await owner.query(`
      update audit_entry set xid = (xid::text::bigint + 5000000000)::text::xid8
      where id not in (select entry_id from audit_seal)`);
    await owner.query(`update audit_position set xid = (xid::text::bigint + 5000000000)::text::xid8`);
    expect((await verified(world)).ok).toBe(true);
    await sealed(world);
    await world.book();
    await sealed(world);
    const all = await lines(world);
    expect(await verified(world)).toMatchObject({ ok: true, sealed: all.length, head: { seq: all.length } });
    const { rows } = await owner.query(
      `select e.action from audit_seal s join audit_entry e on e.id = s.entry_id order by s.seq desc limit 3`,
    );
    expect(rows.map(({ action }) => action)).toEqual(['booking.created', 'property.created', 'property.created']);
    expect(await sealAudit(world.database)).toBe(0);
  });

  test('an entry that pretends to come from the future is named', async () => {
    const world = await startWorld();
    await world.property();
    await sealed(world);
    const owner = await ownerOf(world);
    await owner.query(
      `insert into audit_entry (id, agency_id, xid, actor, action, written_by)
       values (gen_random_uuid(), $1, '9000000000000', 'token:1', 'booking.cancelled', 'bellhop_app')`,
      [world.agencyId],
    );
    expect((await verified(world)).problems).toMatchObject([{ what: expect.stringContaining('has no seal') }]);
  });
});
