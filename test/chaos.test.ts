import { expect, test } from 'vitest';
import type { Arrival } from './chaos/receiver.ts';
import { reckon, recoveries } from './chaos/reckoning.ts';

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
