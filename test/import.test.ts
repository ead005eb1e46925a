import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { Viewer } from '../src/core/viewer.ts';
import { type ImportOptions, importBookings } from '../src/stays/bookings/import.ts';
import { openTerminal } from './support/cli.ts';
import { startWorld, type World } from './support/world.ts';

const HEADER =
  'reference,property,status,source,check_in,check_out,adults,children,guest_name,guest_email,gross_amount,commission_amount,currency,booked_at';

interface Row {
  reference: string;
  property: string;
  check_in: string;
  check_out: string;
  [column: string]: string;
}

const csv = (rows: Partial<Row>[], header = HEADER) =>
  [
    header,
    ...rows.map((row) =>
      header
        .split(',')
        .map((column) => row[column] ?? '')
        .join(','),
    ),
  ].join('\n');

/** A stay of two nights, of which each test changes what it is about. */
const stay = (reference: string, changes: Partial<Row> = {}): Partial<Row> => ({
  reference,
  property: 'RIAD',
  check_in: '2027-03-01',
  check_out: '2027-03-03',
  guest_name: 'Amina',
  gross_amount: '100',
  ...changes,
});

const into = (world: World, file: string | Buffer, options?: ImportOptions & { silent?: boolean }) => {
  const { agency } = world.viewer;
  const viewer = new Viewer(agency, { name: 'cli' }, new Set(['*']), world.viewer, options?.silent);
  return importBookings(viewer, Readable.from([file]), options);
};

const sql = (world: World, text: string, values: unknown[] = []) =>
  world.database.asAgency(world.agencyId, (client) => client.query(text, values)).then(({ rows }) => rows);

// Whoever moves to Bellhop brings years of bookings along; what the reports say of them has to be what the file said.
test('a file becomes bookings with their guests, nights, inventory and events, in whatever order its columns stand', async () => {
  const world = await startWorld();
  const villa = await world.property({ code: 'RIAD', base_price: 500 });
  const file = [
    'check_out,check_in,property,reference,gross_amount,commission_amount,status,guest_name,guest_email,adults,children,booked_at,source',
    '2027-03-04,2027-03-01,RIAD,R-1,100.00,10.00,Checked-Out,"El Fassi, Amina",Amina@Example.com,2,1,2027-01-15T10:00:00+01:00,Airbnb',
    '2027-03-09,2027-03-04,RIAD,R-2,,,,Bruno,amina@example.com,,,,',
  ].join('\r\n');
  expect(await into(world, `\uFEFF${file}\r\n`)).toMatchObject({
    rows: 2,
    created: 2,
    unchanged: 0,
    failed: 0,
    errors: [],
  });

  const { body } = await world.get('/v1/bookings');
  const [second, first] = body.data;
  expect(first).toMatchObject({
    reference: 'R-1',
    status: 'checked_out',
    source: 'airbnb',
    property_id: villa.id,
    nights: 3,
    guests_count: 3,
    guest_name: 'El Fassi, Amina',
    gross_amount: 100,
    net_amount: 90,
    currency: 'MAD',
  });
  expect(second).toMatchObject({
    status: 'confirmed',
    source: 'direct',
    guests_count: 1,
    guest_name: 'Bruno',
    gross_amount: 2500,
  });
  expect(await sql(world, 'select booked_at from booking where reference = $1', ['R-1'])).toEqual([
    { booked_at: new Date('2027-01-15T09:00:00Z') },
  ]);
  const nights = await sql(
    world,
    'select gross_minor, net_minor, counts from night where booking_id = $1 order by date',
    [first.id],
  );
  expect(nights).toEqual([
    { gross_minor: 3333, net_minor: 3000, counts: true },
    { gross_minor: 3333, net_minor: 3000, counts: true },
    { gross_minor: 3334, net_minor: 3000, counts: true },
  ]);
  expect(
    await sql(world, 'select email, count(*)::int from guest join booking b on b.guest_id = guest.id group by 1'),
  ).toEqual([{ email: 'amina@example.com', count: 2 }]);
  expect(await world.openNights(villa.id, '2027-02-28', '2027-03-11')).toEqual([
    '2027-02-28',
    '2027-03-09',
    '2027-03-10',
  ]);
});

// An integrator mirrors bookings from events alone; an import that told nobody, or told something else, would leave holes.
test('each imported booking is one signed booking.created, in both formats, with the bytes that a single booking has', async () => {
  const world = await startWorld();
  await world.property({ code: 'RIAD' });
  const standard = await world.subscribe('booking.*');
  const connect = await world.subscribe('create_reservation', { format: 'connect' });
  await into(world, csv([stay('R-1'), stay('R-2', { check_in: '2027-03-03', check_out: '2027-03-05' })]));
  await world.relay();
  expect(
    standard.received.map(({ event, signature, json }) => [event, signature, json.data.booking.reference]),
  ).toEqual([
    ['booking.created', 'valid', 'R-1'],
    ['booking.created', 'valid', 'R-2'],
  ]);
  expect(connect.received.map(({ json }) => [json.event, json.data.confirmation_number])).toEqual([
    ['create_reservation', 'R-1'],
    ['create_reservation', 'R-2'],
  ]);
  const seqs = await sql(world, "select seq::int from outbox_event where type = 'booking.created' order by seq");
  expect(connect.received.map(({ json }) => json.id)).toEqual(seqs.map(({ seq }) => seq));
  await world.book();
  await world.relay();
  const [imported, , single] = standard.received.map(({ json }) => json);
  expect([Object.keys(imported), Object.keys(imported.data.booking)]).toEqual([
    Object.keys(single),
    Object.keys(single.data.booking),
  ]);
});

// A hotel that imports five years of history doesn't want five years of "new booking" on its guests' telephones.
test('history is written to the log in silence when the import asks for it', async () => {
  const world = await startWorld();
  await world.property({ code: 'RIAD' });
  const receiver = await world.subscribe('*');
  await into(world, csv([stay('R-1'), stay('R-2', { property: 'NEW' })]), { silent: true, createProperties: true });
  await world.relay();
  expect(receiver.received).toEqual([]);
  const log = await world.get('/v1/events');
  expect(log.body.data.map(({ event }: { event: string }) => event).sort()).toEqual([
    'booking.created',
    'booking.created',
    'property.created',
    'property.created',
  ]);
});

// People run an import again when they aren't sure that it worked; that must be safe.
test('an import that is repeated doubles nothing, and takes up where a broken one stopped', async () => {
  const world = await startWorld();
  await world.property({ code: 'RIAD', units: 5 });
  const rows = Array.from({ length: 1_200 }, (_, i) => stay(`R-${i}`, dates(i)));
  const state = () =>
    sql(
      world,
      `select (select count(*)::int from booking) as bookings, (select count(*)::int from night) as nights,
      (select sum(sold)::int from inventory) as sold, (select count(*)::int from guest) as guests,
      (select count(*)::int from outbox_event where type = 'booking.created') as events`,
    );
  expect(await into(world, csv(rows.slice(0, 700)))).toMatchObject({ created: 700 });
  expect(await into(world, csv(rows))).toMatchObject({ created: 500, unchanged: 700, failed: 0 });
  const [before] = await state();
  expect(before).toEqual({ bookings: 1_200, nights: 2_400, sold: 2_400, guests: 1_200, events: 1_200 });
  await sql(world, "update booking set guest_name = 'Renamed' where reference = 'R-5'");
  expect(await into(world, csv(rows))).toMatchObject({ created: 0, unchanged: 1_200, failed: 0 });
  expect(await state()).toEqual([before]);
  expect(await sql(world, "select guest_name from booking where reference = 'R-5'")).toEqual([
    { guest_name: 'Renamed' },
  ]);

  /** Five stays of two nights at a time. */
  function dates(i: number) {
    const day = (offset: number) => new Date(Date.UTC(2027, 0, 1 + offset)).toISOString().slice(0, 10);
    return { check_in: day(Math.floor(i / 5) * 2), check_out: day(Math.floor(i / 5) * 2 + 2) };
  }
});

// A spreadsheet of ten thousand rows always has some bad ones. Each must say where it is and what is wrong with it.
test('a bad row is reported with its line and its reason, and the others go in', async () => {
  const world = await startWorld();
  const archived = await world.property({ code: 'GONE' });
  await world.post(`/v1/properties/${archived.id}/archive`);
  await world.property({ code: 'RIAD', units: 99 });
  const text = csv([
    stay('OK-1', { guest_name: '"Two\nlines"' }), // Lines 2 and 3.
    stay('', {}), // 4
    stay('D-1', { check_in: '02/10/2027' }),
    stay('D-2', { check_in: '2027-02-30' }),
    stay('D-3', { check_out: '2027-03-01' }),
    stay('S-1', { status: 'maybe' }), // 8
    stay('A-1', { gross_amount: '1.005' }),
    stay('A-2', { gross_amount: '10', commission_amount: '11' }),
    stay('A-3', { gross_amount: '-1' }),
    stay('C-1', { currency: 'DHS' }), // 12
    stay('C-2', { currency: 'EUR', gross_amount: '' }),
    stay('P-1', { property: 'CASTLE' }),
    stay('P-2', { property: 'GONE' }),
    stay('E-1', { guest_email: 'nobody' }), // 16
    stay('N-1', { adults: '0' }),
    stay('N-2', { adults: 'two' }),
    stay('B-1', { booked_at: 'yesterday' }),
    stay('B-2', { booked_at: '0000-01-01T00:00:00Z' }), // 20: only the database knows that there was no year 0.
    stay('OK-1'),
    stay('P-3', { property: 'GONE', check_in: '2020-03-01', check_out: '2020-03-02' }),
    stay('C-3', { currency: 'eur' }),
  ]);
  const bytes = Buffer.concat([
    Buffer.from(`${text}\n\nX-1,RIAD,too,short\nL-1,RIAD,,,2027-03-01,2027-03-03,,,Andr`), // 24 is blank.
    Buffer.from([0xe9]), // é as Latin-1 has it.
    Buffer.from(',,100,,,\nOK-2,RIAD,,,2027-03-01,2027-03-03,,,"said ""yes""",,100,,,\n'),
  ]);
  const result = await into(world, bytes);
  expect(result).toMatchObject({ rows: 24, created: 4, unchanged: 0, failed: 20 });
  expect(
    Object.fromEntries(result.errors.map(({ line, reference, message }) => [`${line} ${reference}`, message])),
  ).toEqual({
    '4 ': 'reference must not be empty',
    '5 D-1': 'check_in is "02/10/2027", must be a date like 2026-08-12',
    '6 D-2': 'check_in is "2027-02-30", must be a date like 2026-08-12',
    '7 D-3': 'check_out must be after the check-in',
    '8 S-1': 'status is "maybe", must be one of pending, confirmed, checked_in, checked_out, cancelled, no_show',
    '9 A-1': expect.stringMatching(/^gross_amount must be an amount of MAD/),
    '10 A-2': 'commission_amount must not be more than the gross amount',
    '11 A-3': expect.stringMatching(/^gross_amount must be an amount of MAD/),
    '12 C-1': 'currency is "DHS", must be an ISO 4217 code like MAD',
    '13 C-2': expect.stringMatching(/^gross_amount must be said/),
    '14 P-1': expect.stringMatching(/^property CASTLE is unknown/),
    '15 P-2': 'property GONE is archived and takes no bookings',
    '16 E-1': 'guest_email is "nobody", must be an e-mail address',
    '17 N-1': 'guests_count must be from 1 to 1000',
    '18 N-2': 'adults is "two", must be a whole number',
    '19 B-1': expect.stringMatching(/^booked_at is "yesterday"/),
    '20 B-2': expect.stringMatching(/out of range|invalid/),
    '21 OK-1': 'reference stands on line 2 already',
    '25 X-1': 'has 4 fields and the header has 14',
    '26 L-1': 'has a character that is not UTF-8; save the file as UTF-8',
  });
});

// An airline can bump a passenger; a villa can't be slept in by two families.
test('a full night is refused by name, also within one file, and what a cancelled stay had is free', async () => {
  const world = await startWorld();
  const villa = await world.property({ code: 'RIAD' });
  await world.book({ property_id: villa.id, check_in: '2027-03-05', check_out: '2027-03-06' });
  const result = await into(
    world,
    csv([
      stay('R-1', { status: 'cancelled' }),
      stay('R-2', { status: 'no_show' }),
      stay('R-3', { status: 'pending' }),
      stay('R-4', { check_in: '2027-03-02', check_out: '2027-03-04' }),
      stay('R-5', { check_in: '2027-03-03', check_out: '2027-03-05' }),
      stay('R-6', { check_in: '2027-03-04', check_out: '2027-03-06' }),
    ]),
    { createProperties: true }, // It is a villa that somebody described: it doesn't become two.
  );
  expect(result).toMatchObject({ created: 4, failed: 2 });
  expect(result.errors).toEqual([
    { line: 5, reference: 'R-4', code: 'DATES_TAKEN', message: expect.stringContaining('2027-03-02') },
    { line: 7, reference: 'R-6', code: 'DATES_TAKEN', message: expect.stringContaining('2027-03-04, 2027-03-05') },
  ]);
  expect((await world.get(`/v1/properties/${villa.id}`)).body.data.units).toBe(1);
  expect(await sql(world, 'select count(*)::int from night where counts')).toEqual([{ count: 3 }]); // R-5, and the one made before.
});

test('an unknown property is made with as many units as its busiest night needs, and grows with later imports', async () => {
  const world = await startWorld();
  const rows = [
    stay('H-1', { property: 'HOTEL', check_in: '2027-03-01', check_out: '2027-03-04' }),
    stay('H-2', { property: 'HOTEL', check_in: '2027-03-02', check_out: '2027-03-03' }),
    stay('H-3', { property: 'HOTEL', check_in: '2027-03-02', check_out: '2027-03-05', status: 'cancelled' }),
    stay('H-4', { property: 'HOTEL', check_in: '2027-03-04', check_out: '2027-03-05' }),
  ];
  expect(await into(world, csv(rows), { createProperties: true })).toMatchObject({ created: 4, propertiesCreated: 1 });
  const hotel = async () => (await world.get('/v1/properties?code=HOTEL')).body.data[0];
  expect(await hotel()).toMatchObject({ code: 'HOTEL', name: 'HOTEL', kind: 'other', units: 2 });

  const more = [stay('H-5', { property: 'HOTEL', check_in: '2027-03-02', check_out: '2027-03-05' })];
  expect(await into(world, csv(more))).toMatchObject({ created: 0, failed: 1 }); // Only when it is asked for.
  expect(await into(world, csv(more), { createProperties: true })).toMatchObject({ created: 1, propertiesCreated: 0 });
  expect(await hotel()).toMatchObject({ units: 3 });
  const log = await world.get('/v1/events?types=property.*');
  expect(
    log.body.data.map(({ event, data }: { event: string; data: { property: { units: number } } }) => [
      event,
      data.property.units,
    ]),
  ).toEqual([
    ['property.created', 2],
    ['property.updated', 3],
  ]);
  expect(
    await sql(world, 'select sum(total)::int as total, sum(sold)::int as sold, min(total) as least from inventory'),
  ).toEqual([{ total: 12, sold: 8, least: 3 }]);
  // And the freed unit can be sold through the other door.
  const { id } = await hotel();
  await world.book({ property_id: id, check_in: '2027-03-01', check_out: '2027-03-02' });
});

// Half a file that looks like a whole one is worse than none.
test.each([
  ['', 'is empty'],
  ['reference,property,check_in\n', 'has no column check_out'],
  [`${HEADER},nationality\n`, 'has unknown columns: nationality'],
  ['reference,property,check_in,checkout\n', 'did you mean check_out?'],
  ['reference,property,check_in,check_out,reference\n', 'has the column reference twice'],
  ['reference;property;check_in;check_out\n', 'must separate its columns by commas'],
])('a file that can not be used is refused as a whole: %j', async (text, reason) => {
  const { bellhop, file } = await openTerminal();
  const { json: agency } = await bellhop('agency', 'create', '--name', 'A', '--json');
  const answer = await bellhop('import', 'bookings', '--agency', `${agency.id}`, file('a.csv', text), '--json');
  expect(answer).toMatchObject({ exitCode: 1, json: { error: { code: 'VALIDATION' } } });
  expect(answer.json.error.fields.file.join('; ')).toContain(reason);
});

test('a quote that is never closed is found where it was opened, after everything before it was imported', async () => {
  const { bellhop, file } = await openTerminal();
  const { json: agency } = await bellhop('agency', 'create', '--name', 'A', '--json');
  const text = `${csv([stay('R-1'), stay('R-2', { guest_name: '"Open' }), stay('R-3')])}\n`;
  for (const content of [text, text + 'R-4,RIAD\n'.repeat(50_000)]) {
    const answer = await bellhop(
      'import',
      'bookings',
      '--agency',
      `${agency.id}`,
      file('a.csv', content),
      '--create-properties',
      '--json',
    );
    expect(answer).toMatchObject({ exitCode: 1, json: { rows: 1, error: { code: 'FILE_BROKEN', line: 3 } } });
  }
});

// The counts are what an operator reports to the hotel.
test('the command ends with counts, for people and for programs, and reads a pipe too', async () => {
  const { bellhop, piped, file } = await openTerminal();
  const { json: agency } = await bellhop('agency', 'create', '--name', 'A', '--json');
  const text = csv([stay('R-1'), stay('R-2', { check_in: 'soon' }), stay('R-3')]);
  const command = ['import', 'bookings', '--agency', `${agency.id}`];
  const first = await bellhop(...command, file('a.csv', text), '--create-properties', '--json');
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.json).toMatchObject({
    rows: 3,
    created: 2,
    unchanged: 0,
    failed: 1,
    properties_created: 1,
    errors_not_listed: 0,
  });
  expect(first.json.errors).toMatchObject([{ line: 3, reference: 'R-2', code: 'VALIDATION' }]);
  const again = await piped(text, ...command, '-');
  expect(again.stdout).toMatch(
    /^3 rows read in .* s: 0 bookings created, 2 there already, 1 bad\.\n {2}line 3 \(R-2\): check_in/,
  );
});

// A list of a million errors would be as unreadable as none.
test('the first thousand bad rows are listed and all of them are counted', async () => {
  const world = await startWorld();
  const result = await into(world, csv(Array.from({ length: 1_500 }, (_, i) => stay(`R-${i}`))));
  expect(result).toMatchObject({ rows: 1_500, created: 0, failed: 1_500 });
  expect(result.errors).toHaveLength(1_000);
});

// Two people start the same import; or one does, and guests book meanwhile.
test('imports and bookings at the same time sell no night twice and lose none', async () => {
  const world = await startWorld();
  const villa = await world.property({ code: 'RIAD', units: 3 });
  const rows = Array.from({ length: 600 }, (_, i) => {
    const day = (offset: number) => new Date(Date.UTC(2027, 0, 1 + offset)).toISOString().slice(0, 10);
    return stay(`R-${i}`, {
      check_in: day(i % 150),
      check_out: day((i % 150) + 2),
      guest_email: `g${(i * 7) % 90}@example.com`,
    });
  });
  const book = async (i: number) => {
    const { status } = await world.post('/v1/bookings', {
      property_id: villa.id,
      check_in: '2027-02-01',
      check_out: '2027-02-04',
      guests_count: 1,
      guest_name: `G ${i}`,
    });
    return status === 201 ? 1 : 0;
  };
  const [one, other, ...booked] = await Promise.all([
    into(world, csv(rows)),
    into(world, csv(rows.toReversed())),
    ...Array.from({ length: 10 }, (_, i) => book(i)),
  ]);
  const [counts] = await sql(
    world,
    `select (select count(*)::int from booking) as bookings,
    (select sum(sold)::int from inventory) as sold, (select count(*)::int from night) as nights, (select max(sold) from inventory) as most,
    (select count(*)::int from (select email from guest where email is not null group by 1 having count(*) > 1) d) as doubled`,
  );
  const byHand = booked.reduce<number>((sum, n) => sum + n, 0);
  expect(counts).toEqual({
    bookings: one.created + other.created + byHand,
    sold: counts!.nights,
    nights: counts!.nights,
    most: 3,
    doubled: 0,
  });
  for (const { rows: read, created, unchanged, failed } of [one, other])
    expect(created + unchanged + failed).toBe(read);
});

// PostgreSQL ends one of two transactions that wait for each other; nobody should have to know that it did.
test('a write that lost a deadlock is done again, also when it was one of our own statements', async () => {
  const world = await startWorld();
  const [one, other] = [await world.property(), await world.property()];
  let waiting = 0;
  let meet = () => {};
  const met = new Promise<void>((resolve) => {
    meet = resolve;
  });
  const rename = (first: { id: number }, second: { id: number }) =>
    world.viewer.write(async (tx) => {
      await tx.$executeRaw`update property set name = 'first' where id = ${first.id}`;
      if (++waiting === 2) meet();
      await met;
      await tx.$executeRaw`update property set name = 'second' where id = ${second.id}`;
    });
  await Promise.all([rename(one, other), rename(other, one)]);
  expect(waiting).toBe(3);
});
