import type { Row } from '../../src/graph/row.ts';
import { startChannel } from './channel.ts';
import { NOUNS, nounOf } from './nouns.ts';
import type { World } from './world.ts';

/** The path's id of a thing that the row can do its work on; nothing for a row without one. */
export async function readyFor(world: World, { method, path }: Row): Promise<number | string> {
  if (!path.includes('{id}')) return '';
  return (BEFORE[`${method} ${path}`] ?? NOUNS[nounOf(path)]!)(world);
}

/** What has to be so before a row can work, where a new thing of its kind isn't enough. Answers with the path's id. */
const BEFORE: Record<string, (world: World) => Promise<number | string>> = {
  'PATCH /v1/bookings/{id}': async (world) =>
    (await world.book({ check_in: '2026-08-12', check_out: '2026-08-19' })).id,
  'POST /v1/ical-sources/{id}/sync': async (world) => {
    const { id } = await world.property();
    const channel = await startChannel({ uid: '1418fb94e984@airbnb.com', from: '2026-08-12', to: '2026-08-19' });
    const answer = await world.post(`/v1/properties/${id}/ical-sources`, { channel: 'airbnb', url: channel.url });
    return answer.body.data.id;
  },
  'POST /v1/invoices/{id}/pay': async (world) => sent(world),
  'POST /v1/invoices/{id}/void': async (world) => sent(world),
  'POST /v1/bookings/{id}/confirm': async (world) => (await world.book({ status: 'pending' })).id,
  'POST /v1/bookings/{id}/check-out': async (world) => step(world, await arrived(world), 'check-in'),
  'POST /v1/bookings/{id}/check-in': (world) => arrived(world),
  'POST /v1/bookings/{id}/no-show': (world) => arrived(world),
  'POST /v1/bookings/{id}/reinstate': async (world) => step(world, (await world.book()).id, 'cancel'),
};

const sent = async (world: World): Promise<number> => {
  const id = await NOUNS['/v1/invoices']!(world);
  await world.post(`/v1/invoices/${id}/send`);
  return id as number;
};

const arrived = async (world: World) => (await world.book({ check_in: TODAY, check_out: '2026-07-19' })).id;

async function step(world: World, id: number, action: string): Promise<number> {
  await world.post(`/v1/bookings/${id}/${action}`);
  return id;
}

/** What stands for another thing's id in a body. */
const POINTERS: Record<string, string> = {
  property_id: '/v1/properties',
  owner_id: '/v1/owners',
  source_id: '/v1/ical-sources',
  endpoint_id: '/v1/webhooks',
};

/** The day that the examples speak of. */
export const TODAY = '2026-07-15';

/** An example with ids of things that are there. A booking is one of the property that stands beside it. */
export async function withOwnIds(world: World, example: unknown): Promise<unknown> {
  if (Array.isArray(example)) {
    const own: unknown[] = [];
    for (const one of example) own.push(await withOwnIds(world, one)); // In turn, so that the ids are the same every time.
    return own;
  }
  if (example === null || typeof example !== 'object') return example;
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(example)) {
    if (POINTERS[key] && value !== null) own[key] = await NOUNS[POINTERS[key]]!(world);
    else if (key === 'booking_id' && value !== null)
      own[key] = (await world.book(own.property_id ? { property_id: own.property_id } : {})).id;
    else own[key] = await withOwnIds(world, value);
  }
  return own;
}
