import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missed } from './bench/outcome.ts';
import { chaos } from './chaos/chaos.ts';
import type { Arrival } from './chaos/receiver.ts';
import { reckon, recoveries } from './chaos/reckoning.ts';

// A night that the channel manager never hears of is sold twice; one that it hears of and that was never booked stays empty.
test('20 kills -9 of relays, apps and PostgreSQL: nothing is lost, nothing invented, and only what was in flight comes twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-chaos-'));
  chmodSync(folder, 0o755); // As root, PostgreSQL runs as another user, who has to enter.
  const outcome = await chaos({
    command: new URL('../src/bellhop.mjs', import.meta.url).pathname,
    ...{ folder, kills: 20, seed: 6, meanGapMs: 600, calmMs: 2_000 },
  }).finally(() => rmSync(folder, { recursive: true, force: true }));
  expect(missed(outcome)).toEqual([]);
  expect(outcome.figures.find(({ name }) => name === 'in flight at a kill')!.value).toBeGreaterThan(0);
}, 240_000);

// A referee that sees no foul would let every player pass.
test('the reckoning sees what is lost, invented, told twice or told otherwise, and counts a refused call for nothing', () => {
  const call = (eventId: string, more: Partial<Arrival> = {}): Arrival => ({
    ...{ at: 5_000, endpoint: 0, eventId, deliveryId: eventId, attempt: 1, digest: 'same', status: 204 },
    ...more,
  });
  const arrivals = [
    call('told'),
    call('twice'),
    call('twice', { attempt: 2, digest: 'other' }),
    call('refused', { status: 503 }),
    call('refused', { at: 9_000, attempt: 2 }),
    call('invented'),
    call('lost', { status: 503 }),
  ];
  const committed = ['told', 'twice', 'refused', 'lost'].map((id) => ({ id, occurredAt: 1_000 }));
  expect(reckon(arrivals, committed, 1)).toEqual({
    ...{ committed: 4, lost: 1, phantom: 1, differing: 1 },
    duplicates: [expect.objectContaining({ eventId: 'twice', attempt: 2 })],
  });
  const kills = [{ at: 2_000, readyAt: 2_500 }];
  expect(recoveries(kills, arrivals, committed.slice(0, 3))).toEqual([7_000]);
  expect(recoveries(kills, arrivals, committed)).toEqual([Number.POSITIVE_INFINITY]);
});
