import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commitment } from '../src/outbox/audit.ts';
import { anchorAudit } from '../src/platform/audit/anchor.ts';
import { keepAudit, retainAudit } from '../src/platform/audit/keep.ts';
import { sealAudit } from '../src/platform/audit/seal.ts';
import { verifyAudit } from '../src/platform/audit/verify.ts';
import { lines, ownerOf, sealed, verified } from './support/audit.ts';
import { openTerminal } from './support/cli.ts';
import { startReceiver } from './support/receiver.ts';
import { startWorld } from './support/world.ts';

const DAY_MS = 86_400_000;
const log = pino({ level: 'silent' });

describe('the log', () => {
  // An auditor asks who changed a stay, from where, and what it was before.
  test('every write is one line: who, from where, what, and what changed', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const booking = await world.book({ guest_email: 'karim@example.com' });
    const answer = await world.patch(`/v1/bookings/${booking.id}`, { guests_count: 3, guest_name: 'Amina' });
    const [line] = await lines(world, `&subject=booking:${booking.id}&action=booking.updated`);
    expect(line).toMatchObject({
      severity: 'info',
      actor: `token:${world.tokenId}`,
      token_name: 'test',
      ip: expect.stringContaining('127.0.0.1'),
      request_id: answer.headers.get('x-request-id'),
      action: 'booking.updated',
      occurred_at: expect.stringMatching(/^2027-05-01T12:/),
      changes: {
        guests_count: { from: 2, to: 3 },
        guest_name: { from: { sha256: expect.stringMatching(/^\w{64}$/) } },
      },
    });
    expect(JSON.stringify(await lines(world))).not.toMatch(/Karim|Amina|karim@/);
  });

  // A SIEM that asks for what happened since its last look must get that, and nothing twice.
  test('it is read by time, severity, actor, action and subject', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const { id } = await world.property();
    world.pass(DAY_MS);
    await world.book({ property_id: id });
    const actions = async (query: string) =>
      (await lines(world, query))
        .map(({ action }: { action: string }) => action)
        .filter((a: string) => a !== 'token.used');
    await world.withAbilities('bookings:read');
    expect(await actions('')).toEqual(['property.created', 'booking.created', 'token.created']);
    expect(await actions('&since=2027-05-02T00:00:00Z')).toEqual(['booking.created', 'token.created']);
    expect(await actions('&updated_since=2027-05-02T00:00:00Z')).toEqual(['booking.created', 'token.created']);
    expect(await actions('&severity=critical,warning')).toEqual(['token.created']);
    expect(await actions('&actor=test')).toEqual(['token.created']);
    expect(await actions('&action=property.*,booking.created')).toEqual(['property.created', 'booking.created']);
    expect(await actions('&action=prop.*')).toEqual([]);
    expect(await actions(`&subject=property:${id}`)).toEqual(['property.created']);
    const { body } = await world.graphql(
      '{ auditLog(action: ["booking.*"], orderBy: OCCURRED_AT_DESC) { totalCount nodes { action actor subject seal { seq } } } }',
    );
    expect(body.data.auditLog).toMatchObject({ totalCount: 1, nodes: [{ action: 'booking.created', seal: null }] });
    expect((await world.get('/v1/audit-log?severity=loud&since=yesterday')).body.errors).toHaveProperty('severity');
  });

  test('as NDJSON it goes on from the cursor of the last line that was read', async () => {
    const world = await startWorld();
    for (let i = 0; i < 5; i += 1) await world.property();
    const read = async (cursor?: string) => {
      const query = `/v1/audit-log?format=ndjson&sort=id_asc&action=property.*&per_page=2${cursor ? `&cursor=${cursor}` : ''}`;
      const { text } = await world.get(query);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    const got: { id: string; cursor: string }[] = [];
    for (let page = await read(); page.length > 0; page = await read(got.at(-1)!.cursor)) got.push(...page);
    expect(new Set(got.map(({ id }) => id)).size).toBe(5);
    await world.property(); // Written after the end was reached, and found from there.
    expect(await read(got.at(-1)!.cursor)).toHaveLength(1);
  });

  test('audit:read opens it and nothing else does, and no other agency’s lines are in it', async () => {
    const world = await startWorld();
    const stranger = await world.anotherAgency();
    await world.property();
    const [line] = await lines(world, '&action=property.created');
    const auditor = await stranger.withAbilities('audit:read');
    expect((await auditor.get('/v1/audit-log?action=property.*')).body.data).toEqual([]);
    expect((await auditor.get(`/v1/audit-log/${line.id}`)).status).toBe(404);
    expect((await world.get(`/v1/audit-log/${line.id}`)).body.data).toMatchObject({ id: line.id, seal: null });
    expect((await (await world.withAbilities('bookings:read')).get('/v1/audit-log')).status).toBe(403);
  });

  test('a page of it costs as many statements at 50 lines as at 5, with their seals too', async () => {
    const world = await startWorld();
    const cost = () =>
      world.statements(() =>
        world.graphql('{ auditLog(first: 100, subject: "x") { nodes { id action seal { seq } } } }'),
      );
    const write = (count: number) =>
      world.viewer.write(async (_tx, _emit, audit) => {
        for (let i = 0; i < count; i += 1) audit('thing.done', 'x', { i });
      });
    await write(5);
    await cost(); // A connection's first statement says whose it is.
    const few = await cost();
    await write(45);
    expect(await cost()).toBe(few);
  });
});

describe('what is critical is told at once', () => {
  test('a token that may do everything, a secret that is rotated, an endpoint that is disabled, each once', async () => {
    const world = await startWorld();
    const siem = await world.subscribe('audit.critical_event');
    const other = (await world.post('/v1/webhooks', { url: siem.url, events: ['booking.*'] })).body.data.id;
    await world.withAbilities('*');
    await world.withAbilities('bookings:read');
    await world.post(`/v1/webhooks/${other}/rotate-secret`, {});
    await world.patch(`/v1/webhooks/${other}`, { enabled: false });
    await world.patch(`/v1/webhooks/${other}`, { enabled: false });
    await world.relay();
    const told = siem.received.map(({ json }) => json.data.audit_entry);
    expect(told.map(({ action }) => action).sort()).toEqual([
      'token.created',
      'webhook.disabled',
      'webhook.secret_rotated',
    ]);
    expect(siem.received.every(({ signature }) => signature === 'valid')).toBe(true);
    const rotated = told.find(({ action }) => action === 'webhook.secret_rotated');
    const [line] = await lines(world, '&action=webhook.secret_rotated');
    const { cursor: _cursor, ...logged } = line;
    expect(rotated).toEqual(logged);
  });

  // Somebody who makes the SIEM's endpoint answer 410 has blinded it.
  test('an endpoint that its own 410 has disabled is told of, once', async () => {
    const world = await startWorld();
    const gone = await startReceiver({ respond: 410 });
    onTestFinished(() => gone.close());
    const { id } = (await world.post('/v1/webhooks', { url: gone.url, events: ['property.*'] })).body.data;
    const siem = await world.subscribe('audit.critical_event');
    await world.property();
    await world.relay();
    await world.relay();
    expect(siem.received.map(({ json }) => json.data.audit_entry)).toMatchObject([
      { action: 'webhook.disabled', subject: `webhook:${id}`, actor: 'relay' },
    ]);
  });

  test('twenty refusals of one token in five minutes are one critical line; nineteen, or twenty in an hour, are none', async () => {
    const world = await startWorld();
    const siem = await world.subscribe('audit.critical_event');
    const prober = await world.withAbilities('bookings:read');
    for (let i = 0; i < 19; i += 1) expect((await prober.get(`/v1/bookings/${900 + i}`)).status).toBe(404);
    world.pass(10 * 60_000);
    for (let i = 0; i < 19; i += 1) await prober.get(`/v1/bookings/${900 + i}`);
    await world.relay();
    expect(siem.received).toEqual([]);
    for (let i = 0; i < 30; i += 1) expect((await prober.get('/v1/owners')).status).toBe(403);
    await world.relay();
    expect(siem.received.map(({ json }) => json.data.audit_entry)).toMatchObject([
      { action: 'security.repeated_refusals', subject: `token:${prober.tokenId}`, changes: { refusals: 20 } },
    ]);
    // And the abilities that it tried are named once each, not thirty times.
    expect(await lines(world, '&action=security.ability_refused')).toMatchObject([
      { severity: 'warning', changes: { needs: ['owners:read'] } },
    ]);
  });

  test('an export stands in the log with its rows, and one of more than 10,000 is critical', async () => {
    const world = await startWorld({ env: { RATE_LIMIT_PER_MINUTE: '1000000' } });
    const siem = await world.subscribe('audit.critical_event');
    await world.get('/v1/properties?all=true&format=csv');
    const owner = await ownerOf(world);
    await owner.query(
      `insert into property (agency_id, code, name, updated_at) select $1, 'P' || n, 'P', now() from generate_series(1, 10001) n`,
      [world.agencyId],
    );
    const { text } = await world.get('/v1/properties?all=true&format=ndjson');
    expect(text.split('\n')).toHaveLength(10_002);
    expect(await lines(world, '&action=list.exported')).toMatchObject([
      { severity: 'info', subject: 'list:/v1/properties', changes: { format: 'csv', rows: 0, complete: true } },
      { severity: 'critical', changes: { format: 'ndjson', rows: 10_001, complete: true } },
    ]);
    await world.relay();
    expect(siem.received.map(({ json }) => json.data.audit_entry.action)).toEqual(['list.exported']);
  });

  test('a token’s first use of a day is its sign-in', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const uses = () => lines(world, '&action=token.used');
    await expect.poll(uses).toMatchObject([{ subject: `token:${world.tokenId}`, token_name: 'test' }]);
    world.pass(3_600_000);
    await world.get('/v1/me');
    world.pass(DAY_MS);
    await expect.poll(uses).toHaveLength(2);
  });

  test('no secret is ever in a line', async () => {
    const world = await startWorld();
    const made = await world.post('/v1/webhooks', {
      url: 'https://hooks.example.com/T0/secretpath?k=v',
      events: ['*'],
    });
    const rotated = await world.post(`/v1/webhooks/${made.body.data.id}/rotate-secret`, {});
    await world.patch(`/v1/webhooks/${made.body.data.id}`, { url: 'https://hooks.example.com/T1/otherpath' });
    const fresh = await world.withAbilities('*');
    await world.viewer.write(async (_tx, _emit, audit) => {
      audit('thing.done', 'thing:1', { verifyToken: 'hunter2', note: 'his passport', nested: 'whsec_abc' });
    });
    const text = JSON.stringify(await lines(world));
    expect(text).toContain('https://hooks.example.com/…');
    const secrets = [made.body.data.secret, rotated.body.data.secret, fresh.token.split('|')[1]];
    for (const secret of [...secrets, 'secretpath', 'otherpath', 'hunter2', 'passport', 'whsec_'])
      expect(text).not.toContain(secret);
  });
});

describe('the chain', () => {
  test('every line is sealed in its turn, by whoever of several comes first, and the whole verifies', async () => {
    const world = await startWorld();
    const stranger = await world.anotherAgency();
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? world : stranger).property()));
    await Promise.all([sealAudit(world.database), sealAudit(world.database), sealAudit(world.database)]);
    await sealed(world);
    const chain = await verified(world);
    const count = (await lines(world)).length;
    expect(chain).toMatchObject({ ok: true, sealed: count, unsealed: 0, head: { seq: count }, problems: [] });
    expect((await verifyAudit(world.database, stranger.agencyId)).ok).toBe(true);
    const { entryId } = await world.viewer.db.auditSeal.findFirstOrThrow({ where: { seq: 1 } });
    const { seal } = (await world.get(`/v1/audit-log/${entryId}`)).body.data;
    expect(seal).toMatchObject({ seq: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  // Whoever owns the database can change a row; that they did must not stay hidden.
  test.each<[how: string, tamper: string, what: RegExp, seq: number | null]>([
    ['changed', `update audit_entry set actor = 'nobody' where id = $1`, /seal 2 isn’t what was sealed/, 2],
    [
      'changed in what it says of changes',
      `update audit_entry set changes = '{"a": 1}' where id = $1`,
      /isn’t what was sealed/,
      2,
    ],
    [
      'dated otherwise',
      `update audit_entry set occurred_at = occurred_at - interval '1 day' where id = $1`,
      /is missing/,
      2,
    ],
    ['deleted', 'delete from audit_entry where id = $1', /is missing/, 2],
    [
      'deleted with its seal',
      'with e as (delete from audit_entry where id = $1 returning id) delete from audit_seal where entry_id in (select id from e)',
      /The seals 2 to 2 are missing/,
      2,
    ],
    ['sealed otherwise', `update audit_seal set entry_hash = repeat('a', 64) where entry_id = $1`, /doesn’t follow/, 2],
    [
      'put in before others',
      `insert into audit_entry select gen_random_uuid(), agency_id, occurred_at, xid, severity, actor, token_name, ip, request_id, 'thing.done', subject, changes, written_by from audit_entry where id = $1`,
      /has no seal/,
      null,
    ],
  ])('a line that the database’s owner has %s is named', async (_how, tamper, what, seq) => {
    const world = await startWorld();
    for (let i = 0; i < 3; i += 1) await world.property();
    await sealed(world);
    expect((await verified(world)).ok).toBe(true);
    const owner = await ownerOf(world);
    const { rows } = await owner.query('select entry_id from audit_seal where agency_id = $1 and seq = 2', [
      world.agencyId,
    ]);
    await owner.query(tamper, [rows[0].entry_id]);
    const chain = await verified(world);
    expect(chain.ok).toBe(false);
    const named = chain.problems.find((problem) => what.test(problem.what));
    expect([chain.problems, named?.seq]).toEqual([expect.anything(), seq]);
  });

  test.each([
    ['at its own time', 'now()', /was put in by \w+, past Bellhop/],
    ['as if it were old and ours', `now() - interval '2 days'`, /is dated .* long before/],
  ])('a line that the owner adds %s is named once it is sealed', async (how, at, what) => {
    const world = await startWorld();
    await world.property();
    await sealed(world);
    const owner = await ownerOf(world);
    const by = how.startsWith('as') ? `'bellhop_app'` : 'current_user';
    await owner.query(
      `insert into audit_entry (id, agency_id, occurred_at, actor, action, written_by)
       values (gen_random_uuid(), $1, ${at}, 'token:1', 'booking.cancelled', ${by})`,
      [world.agencyId],
    );
    await sealed(world);
    expect((await verified(world)).problems).toMatchObject([{ what: expect.stringMatching(what) }]);
  });

  test('neither the requests’ role nor the relay’s can change, delete or drop a line, a seal or an anchor', async () => {
    const world = await startWorld();
    for (const table of ['audit_entry', 'audit_seal', 'audit_anchor', 'audit.audit_entry_default']) {
      for (const change of [
        `update ${table} set agency_id = 1`,
        `delete from ${table}`,
        `truncate ${table}`,
        `drop table ${table}`,
      ]) {
        const denied = /permission denied|must be owner/;
        await expect(world.database.asAgency(world.agencyId, (client) => client.query(change))).rejects.toThrow(denied);
        await expect(world.database.system.query(change)).rejects.toThrow(denied);
      }
    }
    await expect(
      world.database.asAgency(world.agencyId, (client) => client.query('select audit_retain(1)')),
    ).rejects.toThrow('permission denied');
  });

  test('`bellhop audit verify` says ok, or names what is wrong and ends with 1', async () => {
    const { bellhop } = await openTerminal();
    const world = await startWorld({ env: { DATABASE_URL: process.env.DATABASE_URL } });
    await world.property();
    await sealed(world);
    const good = await bellhop('audit', 'verify', '--json');
    expect([good.exitCode, good.json]).toMatchObject([
      0,
      { ok: true, agencies: [{ agency_id: world.agencyId, ok: true }] },
    ]);
    await (await ownerOf(world)).query(`update audit_entry set actor = 'nobody' where action = 'property.created'`);
    const bad = await bellhop('audit', 'verify', '--agency', String(world.agencyId), '--json');
    expect([bad.exitCode, bad.json]).toMatchObject([
      1,
      { ok: false, agencies: [{ problems: [{ seq: expect.any(Number) }] }] },
    ]);
    expect((await bellhop('audit', 'verify')).stderr).toContain('isn’t what was sealed');
    expect((await bellhop('audit', 'verify', '--agency', '999')).exitCode).toBe(1);
  });

  test('a day’s look at the chain tells the SIEM, once a day, that it is broken', async () => {
    const world = await startWorld({ today: '2027-05-01' });
    const siem = await world.subscribe('audit.critical_event');
    const services = { database: world.database, wake: world.viewer.wake, config: world.config, log };
    await sealed(world);
    world.pass(DAY_MS);
    await keepAudit(services);
    await world.relay();
    expect(siem.received).toEqual([]);
    await (await ownerOf(world)).query(`update audit_entry set actor = 'nobody' where action = 'webhook.created'`);
    await keepAudit(services); // The same day: looked at already.
    world.pass(DAY_MS);
    await Promise.all([keepAudit(services), keepAudit(services)]);
    await world.relay();
    expect(siem.received.map(({ json }) => json.data.audit_entry)).toMatchObject([
      { action: 'audit.chain_broken', actor: 'timer', changes: { seq: expect.any(Number) } },
    ]);
  });

  // The law gives a guest the right to be forgotten, and the auditor the right to an unbroken log.
  test('personal data is a commitment that can be shown, and forgotten without breaking the chain', async () => {
    const { bellhop } = await openTerminal();
    const world = await startWorld({ env: { DATABASE_URL: process.env.DATABASE_URL } });
    const forget = (...subjects: string[]) =>
      bellhop('audit', 'forget', '--agency', String(world.agencyId), '--json', ...subjects);
    const booking = await world.book();
    await world.patch(`/v1/bookings/${booking.id}`, { guest_name: 'Amina' });
    await sealed(world);
    const subject = `booking:${booking.id}`;
    const [line] = await lines(world, `&action=booking.updated&subject=${subject}`);
    const salt = await world.viewer.db.auditSalt.findFirstOrThrow({ where: { entryId: line.id } });
    expect(line.changes.guest_name.to.sha256).toBe(commitment(salt.salt, 'Amina'));
    // A slip of the pen forgets nobody, neither of those who are named beside it.
    expect((await forget(subject, 'booking:9999')).json.error.message).toContain('Nothing was forgotten');
    expect((await forget('Amina')).exitCode).toBe(2);
    expect(await world.viewer.db.auditSalt.count()).toBe(1);
    const forgotten = await forget(subject, subject);
    expect(forgotten.json).toEqual({ agency_id: world.agencyId, forgotten: [{ subject, lines: 1 }] });
    expect(await world.viewer.db.auditSalt.count()).toBe(0);
    await sealed(world);
    expect((await lines(world, '&action=audit.redacted')).map(({ actor }: { actor: string }) => actor)).toEqual([
      'cli',
    ]);
    expect((await verified(world)).ok).toBe(true);
  });

  test('what is past its retention is dropped by the month, and the rest verifies from the anchor', async () => {
    const old = new Date(Date.now() - 150 * DAY_MS).toISOString().slice(0, 10);
    const world = await startWorld({ today: old, env: { AUDIT_RETENTION_MONTHS: '2' } });
    await world.property();
    await sealed(world);
    world.pass(150 * DAY_MS);
    await world.property();
    await sealed(world);
    const { sealed: before, head } = await verified(world);
    await anchorAudit(world.database);
    expect(await retainAudit(world)).toEqual(['audit_entry_default', 'audit_seal_default']);
    await sealed(world); // The chain says itself what it has lost.
    const left = await lines(world);
    expect(left.at(-1)).toMatchObject({ action: 'audit.lines_dropped', severity: 'warning' });
    expect(left.map(({ action }: { action: string }) => action)).toContain('property.created');
    expect(left.length).toBeLessThan(before);
    expect(await verified(world)).toMatchObject({ ok: true, sealed: left.length, head: { seq: head.seq + 1 } });
    await world.property();
    await sealed(world);
    expect(await verified(world)).toMatchObject({ ok: true, head: { seq: head.seq + 2 } });
    expect(await retainAudit(world)).toEqual([]);
    // What is missing without having been dropped by the month is missing.
    const owner = await ownerOf(world);
    await owner.query('delete from audit_seal where agency_id = $1 and seq <= $2', [world.agencyId, head.seq]);
    expect((await verified(world)).problems[0]).toMatchObject({ what: expect.stringContaining('are missing') });
  });

  // Retention can take all of a quiet agency's seals; its next line must not begin the chain anew.
  test('an agency that has been silent for longer than the retention goes on where it was', async () => {
    const old = new Date(Date.now() - 150 * DAY_MS).toISOString().slice(0, 10);
    const world = await startWorld({ today: old, env: { AUDIT_RETENTION_MONTHS: '2' } });
    await world.property();
    await sealed(world);
    const { head } = await verified(world);
    world.pass(150 * DAY_MS);
    await anchorAudit(world.database);
    await retainAudit(world);
    expect(await verified(world)).toMatchObject({ ok: true, sealed: 0 });
    await world.property();
    await sealed(world);
    const chain = await verified(world);
    expect(chain).toMatchObject({ ok: true, problems: [] });
    expect(chain.head.seq).toBe(head.seq + chain.sealed);
  });
});
