import { createHash } from 'node:crypto';
import pg from 'pg';

/** A token and whom it stands for. */
export interface Tenant {
  agencyId: number;
  token: string;
}

/**
 * Agencies, their owners, properties of one room type, guests and bookings, in a few statements. Row n of anything belongs to
 * agency n mod agencies, so every agency's rows lie spread over the table, as years of business leave them. Bookings have
 * no night rows: no read that is measured here looks at them. One token of all abilities an agency.
 */
export async function seed(
  url: string,
  {
    agencies,
    properties,
    guests,
    bookings,
  }: { agencies: number; properties: number; guests: number; bookings: number },
): Promise<Tenant[]> {
  const tenants = Array.from({ length: agencies }, (_, i) => {
    const secret = createHash('sha256').update(`bench ${i}`).digest('hex').slice(0, 48);
    return { agencyId: i + 1, token: `${i + 1}|${secret}`, hash: createHash('sha256').update(secret).digest('hex') };
  });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `insert into agency (id, name, plan, commission_basis_points, updated_at)
       select n, 'Agency ' || n, 'BUSINESS', 1000, now() from generate_series(1, $1::int) n`,
      [agencies],
    );
    await client.query(
      `insert into access_token (id, agency_id, name, secret_hash, abilities)
       select n, n, 'bench', hash, '{*}' from unnest($1::text[]) with ordinality as t(hash, n)`,
      [tenants.map(({ hash }) => hash)],
    );
    // As many owners as properties: property n belongs to owner n.
    await client.query(
      `insert into owner (id, agency_id, name, email, updated_at)
       select n, (n - 1) % $2 + 1, 'Owner ' || n, 'owner' || n || '@example.com', now() from generate_series(1, $1::int) n`,
      [properties, agencies],
    );
    await client.query(
      `with made as (
         insert into property (id, agency_id, owner_id, code, name, kind, city, units, base_price_minor, updated_at)
         select n, (n - 1) % $2 + 1, n, 'P-' || n, 'Villa ' || n, 'VILLA', 'Marrakech', 1, 120000, now()
         from generate_series(1, $1::int) n
         returning id, agency_id)
       insert into room_type (id, agency_id, property_id, code, name, units, updated_at)
       select id, agency_id, id, 'UNIT', 'The whole villa', 1, now() from made`,
      [properties, agencies],
    );
    await client.query(
      `insert into guest (id, agency_id, name, email, updated_at)
       select n, (n - 1) % $2 + 1, 'Guest ' || n, 'guest' || n || '@example.com', now() from generate_series(1, $1::int) n`,
      [guests, agencies],
    );
    // k counts within the agency; property and guest number j of an agency are the rows j * agencies + agency.
    await client.query(
      `insert into booking (id, agency_id, property_id, room_type_id, guest_id, reference, status, source, check_in,
         check_out, nights, guests_count, guest_name, currency, gross_minor, commission_minor, net_minor, booked_at,
         confirmed_at, updated_at)
       select n, a, p, p, g, 'BKG-' || n, 'CONFIRMED', (array['airbnb', 'booking', 'direct'])[k % 3 + 1],
         date '2020-01-01' + (k / ($3 / $2)) * 7, date '2020-01-01' + (k / ($3 / $2)) * 7 + 3, 3, 2, 'Guest ' || g, 'MAD',
         360000, 36000, 324000, now(), now(), now()
       from generate_series(1, $1::int) n
       cross join lateral (select (n - 1) % $2 + 1 as a, (n - 1) / $2 as k) place
       cross join lateral (select (k % ($3 / $2)) * $2 + a as p, (k % ($4 / $2)) * $2 + a as g) pick`,
      [bookings, agencies, properties, Math.max(guests, agencies)],
    );
    for (const table of ['agency', 'access_token', 'owner', 'property', 'room_type', 'guest', 'booking']) {
      await client.query(
        `select setval(pg_get_serial_sequence('${table}', 'id'), (select coalesce(max(id), 1) from ${table}))`,
      );
    }
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
  return tenants.map(({ agencyId, token }) => ({ agencyId, token }));
}
