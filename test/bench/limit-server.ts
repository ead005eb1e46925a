// As fast as Node and PostgreSQL can answer behind the wall, with nothing between them: one prepared statement a question,
// which takes its rows first and looks up what belongs to them, and whose text is sent as it comes.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { serveBench } from './helper.ts';

const [connectionString, poolSize] = process.argv.slice(2);

const BOOKING = `json_build_object(
    'id', b.id, 'reference', b.reference, 'status', b.status, 'source', b.source, 'property_id', b.property_id,
    'check_in', b.check_in, 'check_out', b.check_out, 'nights', b.nights, 'guests_count', b.guests_count,
    'guest_name', b.guest_name, 'gross_amount', b.gross_minor / 100.0, 'net_amount', b.net_minor / 100.0,
    'currency', b.currency, 'created_at', b.created_at, 'updated_at', b.updated_at,
    'property', (select json_build_object('id', p.id, 'name', p.name) from property p
                 where p.agency_id = b.agency_id and p.id = b.property_id),
    'guest', (select json_build_object('id', g.id, 'name', g.name) from guest g
              where g.agency_id = b.agency_id and g.id = b.guest_id))`;

const THREE_LEVELS = `json_build_object(
    'id', b.id, 'reference', b.reference, 'status', b.status, 'check_in', b.check_in, 'check_out', b.check_out,
    'guest_name', b.guest_name, 'currency', b.currency,
    'property', (select json_build_object('id', p.id, 'name', p.name, 'city', p.city,
                   'owner', (select json_build_object('id', o.id, 'name', o.name, 'email', o.email) from owner o
                             where o.agency_id = p.agency_id and o.id = p.owner_id))
                 from property p where p.agency_id = b.agency_id and p.id = b.property_id))`;

const page = (row: string) => `
  select json_build_object('data', coalesce(json_agg(${row} order by b.id desc), '[]'))::text as body
  from (select * from booking where agency_id = $1 order by id desc limit 25) b`;

/** By the first part of the path; the second is an id. */
const STATEMENTS: Record<string, string> = {
  list: page(BOOKING),
  'three-levels': page(THREE_LEVELS),
  one: `select json_build_object('data', ${BOOKING})::text as body from booking b where b.agency_id = $1 and b.id = $2`,
};

const pool = new pg.Pool({
  connectionString,
  max: Number(poolSize),
  onConnect: async (client) => {
    await client.query("select set_config('role', 'bellhop_app', false), set_config('timezone', 'UTC', false)");
  },
});
const serves = new WeakMap<pg.PoolClient, string>();

const server = createServer(async (request, response) => {
  const agencyId = String(request.headers['x-agency']);
  const [name, ...ids] = request.url!.slice(1).split('/') as [string, ...string[]];
  const client = await pool.connect();
  if (serves.get(client) !== agencyId) {
    await client.query({ name: 'serve', text: "select set_config('app.agency_id', $1, false)", values: [agencyId] });
    serves.set(client, agencyId);
  }
  const { rows } = await client.query({ name, text: STATEMENTS[name]!, values: [agencyId, ...ids] });
  client.release();
  response.writeHead(200, { 'content-type': 'application/json' }).end(rows[0].body);
});
server.listen(0, '127.0.0.1', () => {
  serveBench({ port: (server.address() as AddressInfo).port }, async () => ({}));
});
