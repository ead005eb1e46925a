import { expect, test } from 'vitest';
import { type Condition, judge } from '../src/relay/breaker.ts';
import type { Outcome } from '../src/relay/outcome.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const healthy: Condition = {
  ...{ breaker: 'closed', notBefore: null, slots: 8, failures: 0, successes: 0, trips: 0 },
  ...{
    windowAt: null,
    windowTried: 0,
    windowFailed: 0,
    triedAt: null,
    succeededAt: null,
    failingSince: null,
    told: false,
  },
};

/** What becomes of a condition when these attempts end one after the other, each at its time. */
function after(
  attempts: { outcome: Outcome; at: number; totalMs?: number; retryAfterMs?: number; nextAt?: number | null }[],
  from = healthy,
) {
  const news: string[] = [];
  let condition = from;
  let disabled = false;
  for (const { at, totalMs = 20, ...heard } of attempts) {
    const judged = judge(condition, [{ ...heard, totalMs }], { now: at, random: () => 0.5 });
    condition = judged.after;
    news.push(...judged.news);
    disabled ||= judged.disable;
  }
  return { ...condition, news, disabled };
}

const times = (count: number, outcome: Outcome, from = 0, everyMs = 1_000) =>
  Array.from({ length: count }, (_, i) => ({ outcome, at: from + i * everyMs }));

// Calling a server that is down a thousand times an hour is what keeps it down.
test('ten failures in a row open the breaker, for twice as long each time, up to a quarter of an hour', () => {
  expect(after(times(9, 'timeout'))).toMatchObject({ breaker: 'closed', news: [] });
  const opened = after(times(10, 'timeout'));
  expect(opened).toMatchObject({ breaker: 'open', notBefore: 9_000 + 30_000, news: ['failing'] });
  let condition: Condition = opened;
  const openMs: number[] = [];
  for (let probe = 0; probe < 6; probe++) {
    const at = condition.notBefore!;
    condition = after([{ outcome: 'server_error', at }], { ...condition, breaker: 'half_open' });
    openMs.push(condition.notBefore! - at);
  }
  expect(openMs.map((ms) => ms / 1_000)).toEqual([60, 120, 240, 480, 900, 900]);
});

test('so does half of at least twenty attempts within five minutes, and the same spread over an hour does not', () => {
  const mixed = (everyMs: number) =>
    Array.from({ length: 40 }, (_, i) => ({
      outcome: i % 2 ? ('server_error' as const) : ('ok' as const),
      at: i * everyMs,
    }));
  expect(after(mixed(1_000)).breaker).toBe('open');
  expect(after(mixed(90_000)).breaker).toBe('closed');
});

// A server that comes back with a day of deliveries waiting would be knocked over by them at once.
test('three successes close it, and the calls at a time then grow from one to eight', () => {
  const open = after(times(10, 'network'));
  const back = after(times(2, 'ok', MINUTE), { ...open, breaker: 'half_open' });
  expect(back.breaker).toBe('half_open');
  const closed = after(times(1, 'ok', 2 * MINUTE), back);
  expect(closed).toMatchObject({ breaker: 'closed', trips: 0, news: ['recovered'] });
  const slots = [1, 2, 3].map((more) => after(times(more, 'ok', 3 * MINUTE), closed).slots);
  expect([closed.slots, ...slots]).toEqual([2, 4, 8, 8]);
});

test('a receiver that answers no is there: neither 404 nor a redirect nor a failure of ours opens anything', () => {
  for (const outcome of ['client_error', 'redirect', 'blocked', 'crashed'] as const)
    expect(after(times(50, outcome)), outcome).toMatchObject({ breaker: 'closed', windowFailed: 0 });
});

test('429 lowers the pace and opens nothing: a pause of what it asks for up to a minute, and half the calls at a time', () => {
  const throttled = after([{ outcome: 'throttled', at: 1_000, retryAfterMs: 20_000 }]);
  expect(throttled).toMatchObject({ breaker: 'closed', slots: 4, notBefore: 21_000 });
  expect(after(times(50, 'throttled'))).toMatchObject({ breaker: 'closed', slots: 1 });
  expect(after([{ outcome: 'throttled', at: 0, retryAfterMs: 3_600_000 }]).notBefore).toBe(MINUTE);
});

// The pause is of the endpoint and the promise is of the delivery: all five attempts within its time.
test('the pause that 429 asks for ends when the call has to be made again, and there is none for one that is over', () => {
  const asked = { outcome: 'throttled', at: 0, retryAfterMs: 3_600_000 } as const;
  expect(after([{ ...asked, nextAt: 8_000 }]).notBefore).toBe(8_000);
  expect(after([{ ...asked, nextAt: 3_600_000 }]).notBefore).toBe(MINUTE);
  expect(after([{ ...asked, nextAt: null }])).toMatchObject({ notBefore: null, slots: 4 });
});

test('a receiver that takes long is given fewer calls at a time, and more again when it is quick', () => {
  const slow = after([{ outcome: 'ok', at: 0, totalMs: 9_000 }]);
  expect(slow.slots).toBe(4);
  // How long a relay of ours was dead says nothing of the receiver.
  expect(after([{ outcome: 'crashed', at: 0, totalMs: 20_000 }]).slots).toBe(8);
  expect(after([{ outcome: 'ok', at: 1, totalMs: 30 }], slow).slots).toBe(8);
});

// Nobody reads the mails that say it is failing; and nobody wants one bad minute a week to end a connection.
test('five days of trying without a success disable it, its owner being told half-way; five days of rest do not', () => {
  const daily = (days: number, outcome: Outcome = 'client_error') => times(days + 1, outcome, 0, DAY);
  expect(after(daily(2))).toMatchObject({ disabled: false, news: [] });
  expect(after(daily(3))).toMatchObject({ disabled: false, news: ['failing'] });
  expect(after(daily(5)).disabled).toBe(true);
  expect(
    after([...daily(4), { outcome: 'ok', at: 4.5 * DAY }, { outcome: 'client_error', at: 6 * DAY }]),
  ).toMatchObject({
    disabled: false,
    news: ['failing', 'recovered'],
  });
  expect(after([...times(3, 'server_error'), { outcome: 'server_error', at: 30 * DAY }]).disabled).toBe(false);
});
