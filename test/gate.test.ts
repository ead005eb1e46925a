import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { type Contract, keepAsReleased, readContract, versionOf } from './gate/contract.ts';
import { compareContracts, inWords, judge, passes } from './gate/gate.ts';

const released = readContract('schema/released');
const version = versionOf('schema/released');

// A client that works on Monday works on Tuesday; where it can't be so, its author reads of it before.
test('nothing that was released is broken, or else the CHANGELOG names it', async () => {
  const changes = await compareContracts(released, readContract('schema'));
  const verdict = judge(changes, readFileSync('CHANGELOG.md', 'utf8'), version);
  expect(passes(verdict), inWords(verdict, version)).toBe(true);
});

type Edit = (contract: Contract) => void;

/** An edit of the real contract that a developer might make, and what clients would notice. */
const BREAKING: [title: string, edit: Edit, line: RegExp][] = [
  [
    'a GraphQL field is removed',
    graphql(/^ {2}""".*"""\n {2}reference: String!$/m, ''),
    /^GraphQL Field 'reference' was removed/,
  ],
  [
    'a GraphQL field may be null',
    graphql(/^( {2}reference: String)!$/m, '$1'),
    /^GraphQL Field '.*' changed type from 'String!' to 'String'/,
  ],
  [
    'a GraphQL argument is required',
    graphql(/bookings\(\n/, 'bookings(\n    hotel: Int!\n'),
    /^GraphQL Argument 'hotel: Int!' added/,
  ],
  ['a GraphQL enum loses a value', graphql(/^ {2}CHECKED_IN$/m, ''), /^GraphQL Enum value 'CHECKED_IN' was removed/],
  [
    'a GraphQL input asks for more',
    graphql(/^input CreateBookingInput \{\n/m, '$&  hotel: Int!\n'),
    /^GraphQL Input field 'hotel' of type 'Int!' was added/,
  ],

  ['a path is removed', ({ openapi }) => delete openapi.paths['/v1/reviews'], /^OpenAPI GET \/v1\/reviews is gone$/],
  [
    'an operation is removed',
    ({ openapi }) => delete openapi.paths['/v1/reviews'].post,
    /^OpenAPI POST \/v1\/reviews is gone$/,
  ],
  [
    'an operation is renamed',
    ({ openapi }) => (bookings(openapi).get.operationId = 'findBookings'),
    /is called findBookings instead of listBookings$/,
  ],
  [
    'an operation needs another ability',
    ({ openapi }) => bookings(openapi).get['x-abilities'].push('guests:read'),
    /needs the ability guests:read now$/,
  ],
  [
    'an operation wants another way to sign in',
    ({ openapi }) => (bookings(openapi).get.security = [{ basic: [] }]),
    /has another way to sign in$/,
  ],
  [
    'a parameter is removed',
    ({ openapi }) => drop(bookings(openapi).get.parameters, 'status'),
    /^OpenAPI GET \/v1\/bookings query status is not taken any more$/,
  ],
  [
    'a parameter is required',
    ({ openapi }) => (named(bookings(openapi).get.parameters, 'status').required = true),
    /query status is required now$/,
  ],
  [
    'a new parameter is required',
    ({ openapi }) => bookings(openapi).get.parameters.push({ name: 'hotel', in: 'query', required: true, schema: {} }),
    /query hotel is required now$/,
  ],
  [
    'a parameter takes fewer values',
    ({ openapi }) => named(bookings(openapi).get.parameters, 'sort').schema.enum.pop(),
    /query sort is not ".*" any more$/,
  ],
  [
    'a page may hold fewer rows',
    ({ openapi }) => (named(bookings(openapi).get.parameters, 'per_page').schema.maximum = 50),
    /query per_page has maximum 50 instead of 1000$/,
  ],
  [
    'a body asks for more',
    ({ openapi }) => schema(openapi, 'CreateBookingInput').required.push('guest_email'),
    /^OpenAPI CreateBookingInput\.guest_email is required now$/,
  ],
  [
    'a body takes a key no more',
    ({ openapi }) => delete schema(openapi, 'CreateBookingInput').properties.guest_email,
    /^OpenAPI CreateBookingInput\.guest_email is not taken any more$/,
  ],
  [
    'a body takes no null',
    ({ openapi }) => (schema(openapi, 'CreateBookingInput').properties.guest_email.type = 'string'),
    /CreateBookingInput\.guest_email takes no null any more$/,
  ],
  [
    'a body takes another type',
    ({ openapi }) => (schema(openapi, 'CreateBookingInput').properties.property_id.type = 'string'),
    /CreateBookingInput\.property_id takes no integer any more$/,
  ],
  [
    'a body must have a form',
    ({ openapi }) => (schema(openapi, 'CreateBookingInput').properties.guest_name.pattern = '^[A-Z]'),
    /guest_name has pattern \^\[A-Z\] instead of none$/,
  ],
  [
    'an answer loses a key',
    ({ openapi }) => delete schema(openapi, 'Booking').properties.reference,
    /^OpenAPI Booking\.reference is gone$/,
  ],
  [
    'an answer has a key only sometimes',
    ({ openapi }) => drop(schema(openapi, 'Booking').required, 'reference'),
    /^OpenAPI Booking\.reference may be missing now$/,
  ],
  [
    'an answer may be null',
    ({ openapi }) => (schema(openapi, 'Booking').properties.reference.type = ['string', 'null']),
    /^OpenAPI Booking\.reference may be null now$/,
  ],
  [
    'an answer has another type',
    ({ openapi }) => (schema(openapi, 'Booking').properties.id.type = 'string'),
    /^OpenAPI Booking\.id may be string now$/,
  ],
  [
    'an answer has another format',
    ({ openapi }) => (schema(openapi, 'Booking').properties.check_in.format = 'date-time'),
    /Booking\.check_in has format date-time instead of date$/,
  ],
  [
    'an answer is never a value any more',
    ({ openapi }) => drop(schema(openapi, 'Booking').properties.status.enum, 'checked_in'),
    /Booking\.status is not "checked_in" any more$/,
  ],
  [
    'an answer may be any text',
    ({ openapi }) => delete schema(openapi, 'Booking').properties.status.enum,
    /Booking\.status may be other than/,
  ],
  [
    'a list is not CSV any more',
    ({ openapi }) => delete bookings(openapi).get.responses[200].content['text/csv'],
    /200 can't be text\/csv any more$/,
  ],
  [
    'an answer has no header any more',
    ({ openapi }) => delete bookings(openapi).get.responses[200].headers['X-RateLimit-Remaining'],
    /200 has no header X-RateLimit-Remaining any more$/,
  ],
  [
    'an answer has another status',
    ({ openapi }) => rename(bookings(openapi).post.responses, '201', '200'),
    /201 is not answered any more$/,
  ],
  [
    'a webhook is not sent any more',
    ({ openapi }) => delete openapi.webhooks['booking.created'],
    /^OpenAPI webhook booking\.created is gone$/,
  ],
  [
    'a webhook loses a header',
    ({ openapi }) => drop(openapi.webhooks['booking.created'].post.parameters, 'X-Signature'),
    /webhook booking\.created header x-signature is gone$/,
  ],
  [
    'a rule is new that nobody can judge',
    ({ openapi }) => (schema(openapi, 'CreateBookingInput').properties.guests_count.multipleOf = 2),
    /has another "multipleOf", which the gate can't judge$/,
  ],

  [
    'an event is removed',
    ({ events }) => delete events['events/booking.created'],
    /^Event events\/booking\.created is gone$/,
  ],
  [
    'an event loses a key',
    ({ events }) => delete booking(events).properties.reference,
    /^Event events\/booking\.created\.booking\.reference is gone$/,
  ],
  [
    'an event has a key only sometimes',
    ({ events }) => drop(booking(events).required, 'reference'),
    /booking\.reference may be missing now$/,
  ],
  [
    'an event has another type',
    ({ events }) => (booking(events).properties.gross_amount.type = 'string'),
    /booking\.gross_amount may be string now$/,
  ],
  [
    'an event is never a value any more',
    ({ events }) => drop(booking(events).properties.status.enum, 'no_show'),
    /booking\.status is not "no_show" any more$/,
  ],
  [
    'an event may be null',
    ({ events }) => (booking(events).properties.id.type = ['integer', 'null']),
    /booking\.id may be null now$/,
  ],
  [
    "Connect's form loses a key",
    ({ events }) => delete events['connect/create_reservation']!.properties.hotel_id,
    /^Event connect\/create_reservation\.hotel_id is gone$/,
  ],
];

// Each of these has broken somebody's integration somewhere.
test.each(BREAKING)('the gate is shut when %s, until the CHANGELOG names it', async (_title, edit, line) => {
  const changes = await compareContracts(released, edited(edit));
  const verdict = judge(changes, '# Changelog\n\n## Unreleased\n', version);
  expect(passes(verdict)).toBe(false);
  expect(verdict.unnamed.map((change) => change.line)).toContainEqual(expect.stringMatching(line));
  const advice = inWords(verdict, version);
  expect(advice).toContain('FAIL');

  const named = advice.split('\n').filter((text) => text.startsWith('- BREAKING: '));
  const told = judge(changes, `# Changelog\n\n## Unreleased\n\n${named.join('\n')}\n`, version);
  expect(passes(told)).toBe(true);
  expect(told.named).toEqual(verdict.unnamed);
});

/** An edit that no client can be hurt by which reads what it was promised and no more. */
const HARMLESS: [title: string, edit: Edit][] = [
  ['GraphQL gains a field', graphql(/^type Booking .*\{\n/m, '$&  nickname: String\n')],
  ['a GraphQL argument may be left out', graphql(/bookings\(\n/, 'bookings(\n    hotel: Int\n')],
  [
    'a description is written anew',
    ({ openapi }) => (schema(openapi, 'Booking').properties.reference.description = 'Another.'),
  ],
  ['a path is new', ({ openapi }) => (openapi.paths['/v1/hotels'] = structuredClone(bookings(openapi)))],
  [
    'a parameter may be said',
    ({ openapi }) => bookings(openapi).get.parameters.push({ name: 'hotel', in: 'query', schema: {} }),
  ],
  [
    'a parameter takes more values',
    ({ openapi }) => named(bookings(openapi).get.parameters, 'sort').schema.enum.push('fame'),
  ],
  [
    'a page may hold more rows',
    ({ openapi }) => (named(bookings(openapi).get.parameters, 'per_page').schema.maximum = 2000),
  ],
  [
    'a body takes one key more',
    ({ openapi }) => (schema(openapi, 'CreateBookingInput').properties.nickname = { type: 'string' }),
  ],
  ['a body asks for less', ({ openapi }) => schema(openapi, 'CreateBookingInput').required.pop()],
  [
    'a body takes null too',
    ({ openapi }) => (schema(openapi, 'CreateBookingInput').properties.property_id.type = ['integer', 'null']),
  ],
  [
    'an answer has one key more',
    ({ openapi }) => (schema(openapi, 'Booking').properties.nickname = { type: 'string' }),
  ],
  [
    'an answer is never null any more',
    ({ openapi }) => (schema(openapi, 'Booking').properties.cancel_reason.type = 'string'),
  ],
  ['an operation needs no ability any more', ({ openapi }) => (bookings(openapi).get['x-abilities'] = [])],
  ['a component has another name', ({ openapi }) => renameComponent(openapi, 'Booking', 'Stay')],
  ['an event has one key more', ({ events }) => (booking(events).properties.nickname = { type: 'string' })],
  [
    'an event is new',
    ({ events }) => (events['events/booking.dreamt'] = structuredClone(events['events/booking.created']!)),
  ],
  ['an event may be a value more', ({ events }) => booking(events).properties.status.enum.push('dreamt')],
];

// A gate that is shut for nothing is soon left open for everything.
test.each(HARMLESS)('the gate is open when %s', async (_title, edit) => {
  const verdict = judge(await compareContracts(released, edited(edit)), '# Changelog\n', version);
  expect(verdict.unnamed).toEqual([]);
});

test('a value that an enum gains is told to whoever releases, and breaks nothing that was promised', async () => {
  const { careful } = judge(
    await compareContracts(
      released,
      edited(({ events }) => booking(events).properties.status.enum.push('dreamt')),
    ),
    '',
    version,
  );
  expect(careful.map(({ line }) => line)).toEqual(['Event events/booking.created.booking.status may be "dreamt" now']);
});

// Otherwise a line of two years ago would excuse today's mistake, and one that is taken back would frighten for nothing.
test('only what the CHANGELOG says above the last release counts, and only when it is so', async () => {
  const changes = await compareContracts(
    released,
    edited(({ events }) => delete events['events/booking.created']),
  );
  const line = '- BREAKING: Event events/booking.created is gone';
  expect(passes(judge(changes, `## Unreleased\n\n${line}\n\n## ${version}\n`, version))).toBe(true);
  expect(passes(judge(changes, `## Unreleased\n\n${line}. Read booking.confirmed.\n`, version))).toBe(true);
  expect(passes(judge(changes, `## Unreleased\n\n## ${version}\n\n${line}\n`, version))).toBe(false);
  expect(passes(judge(changes, `## Unreleased\n\n${line}forever\n`, version))).toBe(false);
  expect(judge([], `## Unreleased\n\n${line}\n`, version)).toMatchObject({
    mistaken: ['Event events/booking.created is gone'],
  });
});

// CI believes the exit code, and a release that kept a broken contract would hide it for ever.
test('npm run gate fails with what to do, and a release is kept only once its version and its words are there', async () => {
  const home = checkout();
  expect(await run(home)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pass: 0 breaking changes/m) });
  expect(await run(home, 'release')).toMatchObject({ code: 1, stderr: expect.stringContaining('has been released') });

  const file = join(home, 'schema/events/booking.created.json');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"reference"', '"code"'));
  const failed = await run(home);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toContain('\n- BREAKING: Event events/booking.created.booking.reference is gone\n');

  writeFileSync(join(home, 'package.json'), '{"version": "9.0.0"}');
  expect((await run(home, 'release')).code).toBe(1);
  const named = failed.stdout.split('\n').filter((text) => text.startsWith('- BREAKING: '));
  writeFileSync(join(home, 'CHANGELOG.md'), `# Changelog\n\n## 9.0.0\n\n${named.join('\n')}\n`);
  expect(await run(home, 'release')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('holds the contract of 9.0.0'),
  });
  expect(await run(home)).toMatchObject({ code: 0, stdout: expect.stringMatching(/since 9\.0\.0/) });
});

/** A repository with a contract that is the released one, and the gate as it is run. */
function checkout(): string {
  const home = mkdtempSync(join(tmpdir(), 'bellhop-gate-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  cpSync('schema/released', join(home, 'schema'), { recursive: true });
  keepAsReleased(join(home, 'schema'), join(home, 'schema/released'), version);
  writeFileSync(join(home, 'package.json'), JSON.stringify({ version }));
  writeFileSync(join(home, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n');
  return home;
}

async function run(home: string, ...args: string[]) {
  const ran = promisify(execFile)(process.execPath, [join(process.cwd(), 'test/gate/run.mjs'), ...args], { cwd: home });
  return ran.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

function edited(edit: Edit): Contract {
  const contract = structuredClone(released);
  edit(contract);
  expect(contract).not.toEqual(released);
  return contract;
}

function graphql(found: RegExp, instead: string): Edit {
  return (contract) => {
    contract.graphql = contract.graphql.replace(found, instead);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the documents as they were published
type Json = any;

const bookings = (openapi: Json): Json => openapi.paths['/v1/bookings'];
const schema = (openapi: Json, name: string): Json => openapi.components.schemas[name];
const booking = (events: Json): Json => events['events/booking.created'].properties.booking;
const named = (parameters: Json[], name: string): Json => parameters.find((one) => one.name === name);

function drop(list: Json[], what: string): void {
  const place = list.findIndex((one) => one === what || one.name === what);
  expect(place).toBeGreaterThanOrEqual(0);
  list.splice(place, 1);
}

function rename(record: Json, from: string, to: string): void {
  record[to] = record[from];
  delete record[from];
}

function renameComponent(openapi: Json, from: string, to: string): void {
  rename(openapi.components.schemas, from, to);
  const text = JSON.stringify(openapi.paths).replaceAll(
    `"#/components/schemas/${from}"`,
    `"#/components/schemas/${to}"`,
  );
  openapi.paths = JSON.parse(text);
}
