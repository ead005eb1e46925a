import { type Bench, cpuMs, type Helper } from './bench.ts';
import type { Load, Loaded } from './load.ts';
import { median, type Outcome, range } from './outcome.ts';
import { seed } from './seed.ts';
import { type Round, startVariants, type Variant } from './variants.ts';

const ROUNDS = 5;
const ROUND_SECONDS = 2;
const WARM_UP_SECONDS = 1;
const CONNECTIONS = 16;
/** The steady load: requests a second, for so long, and how long the slowest hundredth of them may wait. */
const STEADY = { askedPerSecond: 200, seconds: 8 };
const STEADY_P99_MS = 25;

/** What was promised, as shares of the limit that answers the same question. Whom PostGraphile can answer, it mustn't beat. */
const GOALS = [
  { name: 'REST list', variant: 'rest', ofLimit: 0.6 },
  { name: 'GraphQL list', variant: 'graphql', ofLimit: 0.5 },
  { name: 'GraphQL, three levels', variant: 'graphql, three levels', ofLimit: 0.5 },
  { name: 'REST, one by id', variant: 'rest, one by id', ofLimit: 0.6 },
];

/**
 * Bookings through each door, with the planner and without, beside the fastest that Node and PostgreSQL can do on this
 * machine, Prisma alone, and PostGraphile. Only the ratios are worth quoting: they come from rounds that take turns.
 */
export async function reads(bench: Bench): Promise<Outcome> {
  const url = await bench.database('bench_reads');
  const tenants = await seed(url, { agencies: 20, properties: 2_000, guests: 100_000, bookings: 200_000 });
  const load = await bench.helper('bench-load.js');
  const { variants, notes } = await startVariants(bench, url, tenants);
  const named = (name: string | undefined) => variants.find((one) => one.name === name);

  for (const variant of variants) await check(load, variant);
  for (const variant of variants) await ask(load, variant, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < ROUNDS; round++) {
    for (const variant of variants) {
      variant.rounds.push(await ask(load, variant, { connections: CONNECTIONS, seconds: ROUND_SECONDS }));
    }
  }
  const steady: { name: string; round: Round }[] = [];
  for (const name of ['rest', 'graphql']) steady.push({ name, round: await ask(load, named(name)!, STEADY) });

  const rate = (variant: Variant) => median(variant.rounds.map(({ perSecond }) => perSecond));
  /** How fast a variant is beside another, if that one was measured. */
  const beside = (variant: Variant, other: string | undefined) => named(other) && rate(variant) / rate(named(other)!);
  return {
    part: 'reads',
    method:
      `bookings with property and guest, or property and owner: 25 of 200,000, or one by id; 20 agencies in turn, row ` +
      `security on; ${CONNECTIONS} connections; medians of ${ROUNDS} rounds of ${ROUND_SECONDS} s that take turns. ` +
      `Then ${STEADY.askedPerSecond} a second by the clock for ${STEADY.seconds} s, from when each was due`,
    table: [
      ...variants.map((variant) => {
        const { name, question, rounds } = variant;
        const peer = beside(variant, question.peer);
        return {
          variant: name,
          'per second': rate(variant),
          range: range(rounds.map(({ perSecond }) => perSecond)),
          'p50 ms': median(rounds.map(({ p50 }) => p50)),
          'p99 ms': median(rounds.map(({ p99 }) => p99)),
          'node CPU ms': median(rounds.map(({ cpuMs: ms }) => ms)),
          ': limit': beside(variant, question.limit)!,
          ...(peer && { ': postgraphile': peer }),
        };
      }),
      ...steady.map(({ name, round }) => ({
        variant: `${name}, steady`,
        'per second': round.perSecond,
        'p50 ms': round.p50,
        'p99 ms': round.p99,
        'node CPU ms': round.cpuMs,
      })),
    ],
    figures: [
      ...GOALS.flatMap(({ name, variant, ofLimit }) => {
        const measured = named(variant)!;
        const { limit, peer } = measured.question;
        const ofPeer = beside(measured, peer);
        return [
          { name: `${name} : limit`, value: beside(measured, limit)!, unit: '', goal: { atLeast: ofLimit } },
          ...(ofPeer ? [{ name: `${name} : PostGraphile`, value: ofPeer, unit: '', goal: { atLeast: 1 } }] : []),
        ];
      }),
      ...steady.map(({ name, round }) => ({
        ...{ name: `${name}, p99 at ${STEADY.askedPerSecond} a second`, value: round.p99, unit: 'ms' },
        goal: { atMost: STEADY_P99_MS },
      })),
    ],
    notes: [...notes, carried(named('rest')!)],
  };
}

/** Asks once for each agency: a fast answer with the wrong rows is no answer. */
async function check(load: Helper, { name, question, url, requests, rows }: Variant): Promise<void> {
  for (const request of requests) {
    const { body } = await load.ask<Loaded>({ url, requests: [request], connections: 1, seconds: 0 });
    const found = rows(JSON.parse(body));
    if (found.length !== question.count || !found.every(question.whole)) {
      throw new Error(`${name} did not answer with ${question.count} whole bookings: ${body.slice(0, 500)}`);
    }
  }
}

async function ask(
  load: Helper,
  { url, requests, pid }: Variant,
  how: { connections: number; seconds: number } | typeof STEADY,
): Promise<Round> {
  const before = cpuMs(pid);
  const loaded = await load.ask<Loaded>({ url, requests, ...how } satisfies Load);
  return { ...loaded, cpuMs: (cpuMs(pid) - before) / loaded.answers };
}

/** `/v1` answers with more than the others are asked for; whoever compares should know. */
function carried({ rows, rounds }: Variant): string {
  const body = JSON.parse(rounds.at(-1)!.body);
  const leaves = (value: unknown): number =>
    value && typeof value === 'object' ? Object.values(value).reduce((sum, one) => sum + leaves(one), 0) : 1;
  return (
    `A booking of /v1 carries ${leaves(rows(body)[0])} fields and its list the total of ${body.meta?.total} beside the page; ` +
    `the limit's carries 19 and no total.`
  );
}
