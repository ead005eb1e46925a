import { addDays } from '../../src/core/dates.ts';
import type { Integrator } from './world.ts';

type Id = number | string;
type Maker = (mine: Integrator) => Promise<Id>;

/** A new thing of each kind, made as an integrator would make it, by the path of its collection. */
export const NOUNS: Record<string, Maker> = {
  '/v1/properties': async (mine) => (await mine.property()).id,
  '/v1/bookings': async (mine) => (await mine.book()).id,
  '/v1/owners': async (mine) => (await made(mine, '/v1/owners', { name: 'Amina', email: 'amina@example.com' })).id,
  '/v1/expenses': async (mine) =>
    (
      await made(mine, '/v1/expenses', {
        property_id: (await mine.property()).id,
        date: '2026-07-14',
        label: 'Pool chemicals',
        amount: 420.5,
      })
    ).id,
  '/v1/statements': async (mine) => {
    const owner_id = await NOUNS['/v1/owners']!(mine);
    const { id } = await mine.property({ owner_id });
    await made(mine, '/v1/expenses', { property_id: id, date: '2026-07-14', label: 'Pool chemicals', amount: 420.5 });
    const { body } = await mine.post('/v1/statements/generate', { month: '2026-07', owner_id });
    return body.data[0].id;
  },
  '/v1/invoices': async (mine) =>
    (
      await made(mine, '/v1/invoices', {
        customer_name: 'Amina',
        lines: [{ description: 'Deep cleaning', quantity: 2.5, unit_price: 500, tax_percent: 20 }],
      })
    ).id,
  '/v1/payments': async (mine) =>
    (
      await made(mine, '/v1/payments', {
        purpose: 'booking',
        booking_id: (await mine.book()).id,
        amount: 300,
        method: 'cmi',
        status: 'pending',
      })
    ).id,
  '/v1/webhooks': async (mine) =>
    (await made(mine, '/v1/webhooks', { url: 'https://example.com/hooks', events: ['booking.*'] })).id,
  '/v1/tokens': async (mine) => (await made(mine, '/v1/tokens', { name: 'Metabase', abilities: ['reports:read'] })).id,
  '/v1/webhook-deliveries': async (mine) => {
    const endpoint = await NOUNS['/v1/webhooks']!(mine);
    const { body } = await mine.post(`/v1/webhooks/${endpoint}/test`, {});
    return body.data.id;
  },
  '/v1/webhook-replays': async (mine) =>
    (await made(mine, '/v1/webhook-replays', { endpoint_id: await NOUNS['/v1/webhooks']!(mine) })).id,
  '/v1/audit-log': async (mine) => {
    await mine.viewer.write(async (_tx, _emit, audit) => audit('thing.done', 'thing:1'));
    return byHand(mine, 'select id from audit_entry where agency_id = $1 order by id desc limit 1', '');
  },
  '/v1/rates': async (mine) =>
    (
      await made(mine, '/v1/rates', {
        property_id: (await mine.property()).id,
        from: '2027-07-01',
        to: '2027-08-31',
        price: 2400,
      })
    ).id,
  '/v1/ical-sources': async (mine) =>
    (
      await made(mine, `/v1/properties/${(await mine.property()).id}/ical-sources`, {
        channel: 'airbnb',
        url: 'https://www.airbnb.com/calendar/ical/1234567.ics?s=3f2a',
      })
    ).id,
  '/v1/ical-conflicts': async (mine) => {
    const source = await NOUNS['/v1/ical-sources']!(mine);
    return byHand(
      mine,
      `with e as (
         insert into ical_event (agency_id, source_id, property_id, uid, kind, state, check_in, check_out, first_seen_at, last_seen_at)
         select agency_id, id, property_id, 'abc@airbnb.com', 'RESERVATION', 'CONFLICT', '2027-08-12', '2027-08-14', now(), now()
         from ical_source where id = ${source} returning *
       )
       insert into ical_conflict (agency_id, property_id, source_id, ical_event_id, kind, nights, uid, check_in, check_out,
         first_seen_at, last_seen_at, updated_at)
       select $1, property_id, source_id, id, 'OVERLAP', array['2027-08-12', '2027-08-13'], uid, check_in, check_out, now(), now(), now()
       from e`,
    );
  },
  '/v1/ical-feeds': async (mine) =>
    (await made(mine, `/v1/properties/${(await mine.property()).id}/ical-feeds`, { channel: 'airbnb' })).id,
  '/v1/cleaning-tasks': async (mine) =>
    (
      await made(mine, '/v1/cleaning-tasks', {
        property_id: (await mine.property()).id,
        date: '2027-08-19',
        checklist: ['Change the sheets'],
      })
    ).id,
  '/v1/maintenance-tickets': async (mine) =>
    (
      await made(mine, '/v1/maintenance-tickets', {
        property_id: (await mine.property()).id,
        title: 'The tap drips',
        category: 'plumbing',
      })
    ).id,
  '/v1/reviews': async (mine) =>
    (await made(mine, '/v1/reviews', { property_id: (await mine.property()).id, source: 'airbnb', rating: 5 })).id,
  '/v1/whatsapp-templates': async (mine) =>
    (
      await made(mine, '/v1/whatsapp-templates', {
        name: `welcome_${await nextOf(mine, 'whatsapp_template')}`,
        language: 'en',
        body: 'Hello {{guest_name}}',
      })
    ).id,
  '/v1/whatsapp-messages': async (mine) =>
    (await made(mine, '/v1/whatsapp-messages', { to: '+212612345678', template: 'hello', parameters: {} })).id,
  '/v1/tax-reports': async (mine) => {
    const { body } = await mine.post('/v1/tax-reports/generate', { period: '2026-Q3' });
    return body.data.id;
  },
  '/v1/tax-tariffs': async (mine) =>
    // Another day each time: the same tariff again is the one that is there.
    (
      await made(mine, '/v1/tax-tariffs', {
        tax: 'tpt',
        valid_from: addDays('2020-01-01', await nextOf(mine, 'tax_tariff')),
        amount: 10,
      })
    ).id,
};

/** A number that no other thing of this table has had. */
const nextOf = (mine: Integrator, table: string) =>
  byHand(mine, `select nextval('${table}_id_seq')::int as id, $1::int`, '');

/** The collection that a path belongs to, and with it what its `{id}` is. */
export function nounOf(path: string): string {
  const noun = Object.keys(NOUNS).find((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  if (!noun) throw new Error(`Nothing to try ${path} with: add it to test/support/nouns.ts.`);
  return noun;
}

/** An id of this kind that nobody has. */
export const nobodys = (noun: string): Id =>
  noun.includes('deliveries') || noun.includes('audit-log') ? '019a0000-0000-7000-8000-000000000000' : 2_000_000_000;

async function made(mine: Integrator, path: string, body: object) {
  const answer = await mine.post(path, body);
  if (answer.status !== 201) throw new Error(`${path}: ${answer.text}`);
  return answer.body.data;
}

/** For what no door makes yet. `$1` is the agency. */
async function byHand(mine: Integrator, text: string, ending = ' returning id'): Promise<number> {
  const { rows } = await mine.viewer.database.asAgency(mine.agencyId, (client) =>
    client.query(`${text}${ending}`, [mine.agencyId]),
  );
  return rows[0].id;
}

/** What a row can't be asked without, beside its path: `from=…&to=…`, or nothing. */
export async function neededQuery(path: string, mine: Integrator): Promise<string> {
  if (path === '/v1/calendar') return 'from=2027-06-01&to=2027-06-02';
  if (/^\/v1\/reports\/\w+$/.test(path)) return 'from=2027-06-01&to=2027-06-30&granularity=month';
  if (path !== '/v1/quote') return '';
  return `property_id=${await NOUNS['/v1/properties']!(mine)}&check_in=2027-06-01&check_out=2027-06-03`;
}
