import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { addDays } from '../src/core/dates.ts';
import { startWorld, type World } from './support/world.ts';

/** A recipe as an integrator runs it: a program of its own, with a token that has the abilities its file names. */
async function run(world: World, name: string, abilities: string[], env: NodeJS.ProcessEnv = {}) {
  const { token } = await world.withAbilities(...abilities);
  const file = new URL(`../docs/recipes/${name}.mjs`, import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, BELLHOP_URL: world.url, BELLHOP_TOKEN: token, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout!.on('data', (chunk) => (output += chunk));
  child.stderr!.on('data', (chunk) => (output += chunk));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  onTestFinished(() => void child.kill());
  return {
    said: (text: string) => expect.poll(() => output, { timeout: 10_000, interval: 20 }).toContain(text),
    async ended() {
      expect([await exited, output]).toEqual([0, output]);
      return output.trim().split('\n');
    },
  };
}

/** The world's relay works by itself while a recipe listens. */
function keepRelaying(world: World): void {
  let going = true;
  const loop = (async () => {
    while (going) {
      await world.relay();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  onTestFinished(async () => {
    going = false;
    await loop;
  });
}

const tomorrow = (days: number) => addDays(new Date().toISOString().slice(0, 10), days);

// A recipe that doesn't run is read, copied, and cursed. The last handler runs first: relaying ends before the world does.
test('yield management: the calendar is read and a year of prices pushed', async () => {
  const world = await startWorld();
  const villa = await world.property();
  for (const offset of [40, 42]) {
    await world.book({ property_id: villa.id, check_in: tomorrow(offset), check_out: tomorrow(offset + 2) });
  }
  const receiver = await world.subscribe('property.rate_changed');
  const recipe = await run(world, 'yield-management', ['calendar:read', 'rates:write']);
  expect((await recipe.ended()).join()).toMatch(/nights have a new price, at 1 properties/);
  await world.relay();
  expect(receiver.received).toMatchObject([{ event: 'property.rate_changed', signature: 'valid' }]);
  const { body } = await world.get(`/v1/calendar?from=${tomorrow(44)}&to=${tomorrow(44)}`);
  expect(body.data[0].price).toBe(1250);
});

test('cleaning: a check-out makes a task, the team hears of it, and reports it done with a photo', async () => {
  const world = await startWorld();
  const villa = await world.property({ cleaning_checklist: ['Change the sheets'], cleaning_assignee: 'Fatima' });
  const stay = await world.book({ property_id: villa.id, check_in: tomorrow(0), check_out: tomorrow(1) });
  const recipe = await run(world, 'cleaning', ['cleaning:read', 'cleaning:write', 'webhooks:write']);
  await recipe.said('listening');
  keepRelaying(world);
  await world.post(`/v1/bookings/${stay.id}/check-in`);
  await world.post(`/v1/bookings/${stay.id}/check-out`);
  const lines = await recipe.ended();
  expect(lines[2]).toMatch(/Fatima cleans property \d+ on .*: Change the sheets/);
  expect(lines[3]).toMatch(/is done: 1 photo/);
});

test('maintenance: a leak is sent to the supplier, wakes who is on call, and is closed with its cost', async () => {
  const world = await startWorld();
  const villa = await world.property();
  const recipe = await run(world, 'maintenance', ['maintenance:read', 'maintenance:write', 'webhooks:write']);
  await recipe.said('listening');
  keepRelaying(world);
  await world.post('/v1/maintenance-tickets', { property_id: villa.id, title: 'A pipe leaks', priority: 'urgent' });
  const lines = (await recipe.ended()).sort();
  expect(lines.join('\n')).toMatch(/Urgent at property \d+: A pipe leaks/);
  expect(lines.join('\n')).toMatch(/ticket \d+ cost 350 MAD/);
});

test('OTA sync: a calendar is looked at, then read, and its stay is a booking', async () => {
  const world = await startWorld();
  const villa = await world.property();
  const feed = createServer((_request, response) => {
    const day = (offset: number) => tomorrow(offset).replaceAll('-', '');
    response.end(
      `BEGIN:VCALENDAR\r\nPRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTEND;VALUE=DATE:${day(33)}\r\nDTSTART;VALUE=DATE:${day(30)}\r\nUID:1418fb94e984-a@airbnb.com\r\nSUMMARY:Reserved\r\nDESCRIPTION:Reservation URL: https://www.airbnb.com/hosting/reservations/details/HMABCDEFGH\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
    );
  });
  await new Promise<void>((resolve) => feed.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void feed.close());
  const FEED_URL = `http://127.0.0.1:${(feed.address() as AddressInfo).port}/calendar.ics`;
  const recipe = await run(world, 'ota-sync', ['properties:read', 'properties:write'], {
    PROPERTY_ID: String(villa.id),
    FEED_URL,
  });
  const lines = await recipe.ended();
  expect(lines[1]).toContain(`would create ${tomorrow(30)} to ${tomorrow(33)}`);
  expect(lines[2]).toBe('ok: 1 created, 0 updated, 0 cancelled, 0 in conflict');
  const { body } = await world.get(`/v1/bookings?property_id=${villa.id}`);
  expect(body.data).toMatchObject([{ source: 'airbnb', check_in: tomorrow(30), check_out: tomorrow(33) }]);
});

test('guest CRM: a confirmed booking starts a sequence of messages, and a cancelled one ends it', async () => {
  const world = await startWorld();
  const recipe = await run(world, 'guest-crm', ['bookings:read', 'whatsapp:read', 'whatsapp:write', 'webhooks:write']);
  await recipe.said('listening');
  keepRelaying(world);
  const stay = await world.book({
    status: 'pending',
    check_in: tomorrow(30),
    check_out: tomorrow(33),
    guest_phone: '+212 612 345 678',
  });
  await world.post(`/v1/bookings/${stay.id}/confirm`);
  await recipe.said('how_to_arrive');
  await world.post(`/v1/bookings/${stay.id}/cancel`);
  const lines = await recipe.ended();
  expect(lines.slice(1)).toEqual([
    'booking_confirmed: prepared',
    `before_your_stay: prepared for ${tomorrow(23)}`,
    `how_to_arrive: prepared for ${tomorrow(29)}`,
    `3 messages of ${stay.reference} cancelled`,
  ]);
});
