import pg from 'pg';
import { expect, test } from 'vitest';
import { type Filter, lists } from '../src/graph/list.ts';
import { startWorld } from './support/world.ts';

/** A value that a filter of this type would be given. */
const VALUE: Record<string, string> = {
  ID: '"1"',
  String: '"airbnb"',
  Boolean: 'true',
  LocalDate: '"2027-06-02"',
  DateTime: '"2027-01-01T00:00:00Z"',
  UUID: '"019a0000-0000-7000-8000-000000000000"',
  BookingStatus: 'CONFIRMED',
  PropertyKind: 'VILLA',
  DeliveryStatus: 'FAILED',
  IcalChannel: 'AIRBNB',
  IcalSyncStatus: 'OK',
  CalendarStatus: 'BOOKED',
  CleaningStatus: 'TODO',
  MaintenanceStatus: 'OPEN',
  MaintenancePriority: 'URGENT',
  WhatsappMessageStatus: 'FAILED',
  InvoiceKind: 'CREDIT_NOTE',
  InvoiceStatus: 'SENT',
  PaymentPurpose: 'INVOICE',
  PaymentStatus: 'FAILED',
  AuditSeverity: 'CRITICAL',
  TaxKind: 'TPT',
  TaxPeriod: 'QUARTER',
  WebhookReplayStatus: 'DONE',
};

const valueFor = ({ type, op }: Pick<Filter, 'type' | 'op'>): string => {
  const one = VALUE[typeof type === 'object' ? type.enum : type]!;
  return op === 'in' ? `[${one}]` : one;
};

// At five hundred bookings every plan is fast. At two hundred thousand a scan of the table is what the agency waits for.
test('no page of any list reads a large table from end to end, at 200,000 bookings of 20 agencies', async () => {
  const world = await startWorld();
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  await owner.query(`
    insert into agency (name, plan, updated_at) select 'Agency ' || n, 'BUSINESS', now() from generate_series(2, 20) n;
    insert into property (id, agency_id, code, name, updated_at)
      select n, (n - 1) % 20 + 1, 'P' || n, 'Property ' || n, now() from generate_series(1, 20000) n;
    insert into room_type (id, agency_id, property_id, code, name, units, updated_at)
      select id, agency_id, id, 'STD', 'Standard', 1, now() from property;
    insert into guest (id, agency_id, name, updated_at)
      select n, (n - 1) % 20 + 1, 'Guest ' || n, now() from generate_series(1, 20000) n;
    insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out, nights,
        guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
      select (n - 1) % 20 + 1, (n - 1) % 20000 + 1, (n - 1) % 20000 + 1, (n - 1) % 20000 + 1, 'R' || n,
        (array['CONFIRMED', 'CHECKED_OUT', 'CANCELLED'])[n % 3 + 1]::"BookingStatus", (array['airbnb', 'direct'])[n % 2 + 1],
        date '2025-01-01' + n % 1000, date '2025-01-03' + n % 1000, 2, 2, 'Guest ' || n, 'MAD', n, 0, n,
        timestamptz '2025-01-01' + n * interval '5 minutes'
      from generate_series(1, 200000) n;
    insert into rate (agency_id, property_id, "from", "to", price_minor, rank, updated_at)
      select (n - 1) % 20 + 1, (n - 1) % 20000 + 1, date '2027-01-01' + n % 365, date '2027-01-05' + n % 365, n, 1,
        timestamptz '2025-01-01' + n * interval '5 minutes'
      from generate_series(1, 40000) n;
    insert into cleaning_task (agency_id, property_id, date, status, assignee, updated_at)
      select (n - 1) % 20 + 1, (n - 1) % 20000 + 1, date '2025-01-01' + n % 1000, 'COMPLETED', 'airbnb', now()
      from generate_series(1, 40000) n;
    insert into maintenance_ticket (agency_id, property_id, title, status, currency, updated_at)
      select (n - 1) % 20 + 1, (n - 1) % 20000 + 1, 'A tap drips', 'RESOLVED', 'MAD', now() from generate_series(1, 40000) n;
    insert into review (agency_id, property_id, source, rating_hundredths, rating_scale_hundredths, score_hundredths, low_rating, updated_at)
      select (n - 1) % 20 + 1, (n - 1) % 20000 + 1, 'airbnb', 500, 500, 500, false, now() from generate_series(1, 40000) n;
    insert into whatsapp_message (agency_id, "to", template, language, parameters, status, updated_at)
      select (n - 1) % 20 + 1, '+212612345678', 'hello', 'en', '{}', 'READ', now() from generate_series(1, 40000) n`);
  await owner.query('vacuum analyze');
  const { rows: large } = await owner.query(`select relname from pg_class where relkind = 'r' and reltuples > 10000`);
  await owner.end();

  const asked: { what: string; text: string; values: unknown[] }[] = [];
  const read = world.database.read;
  let what = '';
  world.database.read = (agencyId, text, values) => {
    asked.push({ what, text, values });
    return read(agencyId, text, values);
  };
  for (const list of lists.values()) {
    const orders = Object.keys(list.orders).flatMap((stem) => [`orderBy: ${stem}_ASC`, `orderBy: ${stem}_DESC`]);
    const filters = Object.entries(list.filters).map(([name, filter]) => `${name}: ${valueFor(filter)}`);
    const must = Object.entries(list.source?.arguments ?? {}).flatMap(([name, argument]) =>
      argument.required ? [`${name}: ${valueFor({ ...argument, op: 'equals' })}`] : [],
    );
    for (const asked of [...orders, ...filters, ...filters.map((filter) => `${filter}, ${orders.at(-1)}`)]) {
      const args = [...must, asked].join(', ');
      what = `${list.field}(${args})`;
      const { body } = await world.graphql(
        `{ ${list.field}(${args}) { nodes { id } totalCount pageInfo { endCursor } } }`,
      );
      expect([what, body.errors]).toEqual([what, undefined]);
      const cursor = body.data[list.field].pageInfo.endCursor;
      what += ' on the next page';
      if (cursor) await world.graphql(`{ ${list.field}(${args}, after: "${cursor}") { nodes { id } } }`);
    }
  }
  world.database.read = read;
  expect(asked.length).toBeGreaterThan(40);

  expect(await scans()).toEqual([]);
  // What it would say without indexes: a check that can't fail is none.
  expect(
    await scans(
      'set local enable_indexscan = off; set local enable_bitmapscan = off; set local enable_indexonlyscan = off',
    ),
  ).not.toEqual([]);

  async function scans(settings = 'select 1'): Promise<string[]> {
    return world.database.asAgency(world.agencyId, async (client) => {
      const found: string[] = [];
      await client.query('begin');
      await client.query(settings);
      for (const { what, text, values } of asked) {
        const { rows: plan } = await client.query(`explain ${text}`, values);
        const lines = plan.map((row) => row['QUERY PLAN'] as string);
        const scanned = large.find(({ relname }) => lines.some((line) => line.includes(`Seq Scan on ${relname} `)));
        if (scanned) found.push(`${what}: ${scanned.relname}`);
      }
      await client.query('rollback');
      return found;
    });
  }
}, 120_000);

// One line in two thousand is what an auditor asks for, and three years of an agency lie around it.
test('what is rare in the audit log is found without reading the rest, at 200,000 lines of 4 agencies', async () => {
  const world = await startWorld();
  const owner = new pg.Client({ connectionString: world.database.ownerUrl });
  await owner.connect();
  await owner.query(`
    insert into agency (name, plan, updated_at) select 'Agency ' || n, 'BUSINESS', now() from generate_series(2, 4) n;
    insert into audit_entry (id, agency_id, occurred_at, severity, actor, action, subject)
      select gen_random_uuid(), (n - 1) % 4 + 1, now() - n * interval '1 minute',
        (case when n % 2000 < 4 then 'CRITICAL' else 'INFO' end)::"AuditSeverity", 'token:' || 1 + n % 3,
        case when n % 2000 < 4 then 'token.created' when n % 2000 < 8 then 'security.not_found' else 'booking.updated' end, 'booking:' || n / 4
      from generate_series(1, 200000) n;
    update audit_entry set actor = 'cli' where action = 'token.created';
    insert into audit_seal (agency_id, seq, sealed_at, entry_id, entry_xid, entry_occurred_at, entry_hash, hash)
      select agency_id, row_number() over (partition by agency_id order by occurred_at), occurred_at, id, xid, occurred_at, '', ''
      from audit_entry`);
  await owner.query('vacuum analyze');
  await owner.end();
  const asked: { text: string; values: unknown[] }[] = [];
  const { read } = world.database;
  world.database.read = (agencyId, text, values) => {
    asked.push({ text, values });
    return read(agencyId, text, values);
  };
  for (const list of [
    ...[
      'severity: CRITICAL',
      'action: "token.created"',
      'action: "security.*"',
      'actor: "cli"',
      'subject: "booking:77"',
    ].map((filter) => `auditLog(${filter})`),
    `auditLog(since: "${new Date(Date.now() - 3_600_000).toISOString()}")`,
    'sealedAuditLog(first: 100)',
    'sealedAuditLog(first: 100, after: "WzQwMDAwXQ")',
    'sealedAuditLog(last: 10)',
    `sealedAuditLog(since: "${new Date(Date.now() - 3_600_000).toISOString()}")`,
  ]) {
    const { body } = await world.graphql(`{ ${list} { nodes { id action } } }`);
    expect([list, body.errors, body.data[Object.keys(body.data)[0]!].nodes.length > 0]).toEqual([
      list,
      undefined,
      true,
    ]);
  }
  const touched = await world.database.asAgency(world.agencyId, async (client) => {
    const found: number[] = [];
    for (const { text, values } of asked) {
      const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, values);
      const { Plan } = rows[0]['QUERY PLAN'][0];
      found.push(Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks']);
    }
    return found;
  });
  // A look-up is a few blocks in each partition, and so are the rows of a page; reading all takes some thousands.
  expect(Math.max(...touched)).toBeLessThan(1_500);
}, 120_000);
