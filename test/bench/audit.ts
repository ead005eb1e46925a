import pg from 'pg';
import { Pool } from 'undici';
import { link } from '../../src/platform/audit/entry-hash.ts';
import { sealAudit } from '../../src/platform/audit/seal.ts';
import { type Bench, query } from './bench.ts';
import { median, type Outcome, range, rounded } from './outcome.ts';
import { seed } from './seed.ts';

const LINES = 100_000;
const TIMES = 5;
const WRITES = 400;
const POOL = 4;
/** An agency of ten thousand bookings a day seals them all within its slowest second. */
const SEALED_PER_SECOND = 1_000;
/** What an export may take, beside the bare statement through a bare server. */
const TIMES_THE_LIMIT = 4;

/**
 * The audit log of one agency: sealing what has gathered, all of it as NDJSON beside the bare statement through a bare server,
 * and what a line costs the write that it stands in.
 */
export async function audit(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_audit');
  const [tenant] = await seed(url, { agencies: 1, properties: 200, guests: 100, bookings: 0 });
  await query(url, LOG);
  await query(url, 'vacuum analyze');
  const sealing = await timed(() => seal(url));
  await query(url, 'vacuum analyze');

  const env = { DATABASE_URL: url, ROLES: 'api', DEMO: 'off', RATE_LIMIT_PER_MINUTE: '1000000' };
  const product = await bench.product({ ...env, DATA_DIR: bench.folder() });
  const limit = await bench.helper('bench-limit-server.js', [url, String(POOL)]);
  const found: Record<string, number[]> = { bare: [], list: [], sealed: [] };
  const ours = { authorization: `Bearer ${tenant!.token}` };
  const bare = { 'x-agency': String(tenant!.agencyId) };
  let bytes = 0;
  for (let i = 0; i <= TIMES; i++) {
    const bareMs = await timed(() => pull(`http://127.0.0.1:${limit.ready.port}`, '/audit', bare));
    const listMs = await timed(async () => {
      bytes = await pull(product.url, '/v1/audit-log?all=true&format=ndjson&sort=id_asc', ours);
    });
    const sealedMs = await timed(() => pull(product.url, '/v1/audit-log/sealed?all=true&format=ndjson', ours));
    if (i === 0) continue; // Warms up.
    found.bare!.push(bareMs);
    found.list!.push(listMs);
    found.sealed!.push(sealedMs);
  }
  await product.stop();
  const { withLine, without } = await writes(url);
  const row = (variant: string, times: number[]) => ({ variant, ms: median(times), range: range(times) });
  const perSecond = LINES / (sealing / 1_000);
  return {
    part: 'audit',
    method: `${LINES} lines of one agency; an export in one request, ${TIMES} times in turn; a booking written ${WRITES} times in turn with and without its line; medians`,
    table: [
      row('limit: the bare statement, streamed', found.bare!),
      row('/v1/audit-log?all=true as NDJSON', found.list!),
      row('/v1/audit-log/sealed?all=true as NDJSON', found.sealed!),
      row('a booking with its audit line', withLine),
      row('a booking without', without),
    ],
    figures: [
      {
        name: 'NDJSON beside the limit',
        value: median(found.list!) / median(found.bare!),
        unit: 'times',
        goal: { atMost: TIMES_THE_LIMIT },
      },
      { name: 'in the order of the chain', value: median(found.sealed!) / median(found.bare!), unit: 'times' },
      { name: 'sealing', value: perSecond, unit: 'entries/s', goal: { atLeast: SEALED_PER_SECOND } },
      { name: 'what the line costs a booking', value: median(withLine) - median(without), unit: 'ms' },
    ],
    notes: [`A line is ${rounded(bytes / LINES)} bytes of NDJSON.`],
  };
}

const CHANGES = {
  status: { from: 'PENDING', to: 'CONFIRMED' },
  gross_minor: { from: 360_000, to: 390_000 },
  guest_name: { from: { sha256: link('a', 'b') }, to: { sha256: link('b', 'a') } },
};

/** A minute between lines, so that they lie in several months. */
const LOG = `
  insert into audit_entry (id, agency_id, occurred_at, actor, token_name, ip, request_id, action, subject, changes, written_by)
  select ('019a7c8e-' || lpad(to_hex(n / 65536), 4, '0') || '-7' || lpad(to_hex(n % 4096), 3, '0') || '-9d53-' || lpad(to_hex(n), 12, '0'))::uuid,
    1, now() - (${LINES} - n) * interval '1 minute', 'token:1', 'Channel manager', '196.200.131.7', gen_random_uuid()::text,
    'booking.updated', 'booking:' || n / 4, '${JSON.stringify(CHANGES)}', 'bellhop_app'
  from generate_series(1, ${LINES}) n`;

async function seal(url: string): Promise<void> {
  const system = new pg.Pool({
    connectionString: url,
    onConnect: async (client) => {
      await client.query(`select set_config('role', 'bellhop_system', false), set_config('timezone', 'UTC', false)`);
    },
  });
  const sealed = await sealAudit({ system });
  await system.end();
  if (sealed !== LINES) throw new Error(`${sealed} of ${LINES} lines were sealed.`);
}

/** How many bytes there were, of as many lines as there are. */
async function pull(origin: string, path: string, headers: Record<string, string>): Promise<number> {
  const http = new Pool(origin, { connections: 1, bodyTimeout: 60_000, headersTimeout: 60_000 });
  const answer = await http.request({ method: 'GET', path, headers });
  let bytes = 0;
  let lines = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 10) lines += 1;
  }
  await http.close();
  // Each export is a line of the log itself.
  if (answer.statusCode !== 200 || lines < LINES) throw new Error(`${path}: ${answer.statusCode}, ${lines} lines.`);
  return bytes;
}

/** Milliseconds of a booking's own statements in a transaction, with the line of the log and without, in turn. */
async function writes(url: string): Promise<{ withLine: number[]; without: number[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `select set_config('role', 'bellhop_app', false), set_config('timezone', 'UTC', false), set_config('app.agency_id', '1', false)`,
  );
  const found = { withLine: [] as number[], without: [] as number[] };
  for (let i = 0; i < WRITES * 2; i++) {
    const way = i % 2 ? 'withLine' : 'without';
    const ms = await timed(() => book(client, i, way === 'withLine'));
    if (i >= 40) found[way].push(ms); // Those before warm up.
  }
  await client.end();
  return found;
}

async function book(client: pg.Client, n: number, audited: boolean): Promise<void> {
  await client.query('begin');
  await client.query({
    name: 'book',
    text: `insert into booking (agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in, check_out,
       nights, guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, updated_at)
     values (1, 1 + $1::int % 200, 1 + $1::int % 200, 1, 'NEW-' || $1, 'CONFIRMED', 'airbnb', date '2030-01-01' + $1::int,
       date '2030-01-03' + $1::int, 2, 2, 'Karim B.', 'MAD', 500000, 50000, 450000, now())`,
    values: [n],
  });
  if (audited) {
    const line = {
      ...{ id: `019b0000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`, agency_id: 1, occurred_at: new Date() },
      ...{ severity: 'INFO', actor: 'token:1', token_name: 'bench', ip: '127.0.0.1', request_id: link('a', String(n)) },
      ...{ action: 'booking.updated', subject: `booking:${n}`, changes: CHANGES },
    };
    await client.query({ name: 'line', text: LINE, values: [JSON.stringify([line])] });
  }
  await client.query('commit');
}

const LINE = `
  insert into audit_entry (id, agency_id, occurred_at, severity, actor, token_name, ip, request_id, action, subject, changes)
  select id, agency_id, occurred_at, severity, actor, token_name, ip, request_id, action, subject, changes
  from json_populate_recordset(null::audit_entry, $1::json)`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
