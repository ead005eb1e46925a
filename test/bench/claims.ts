import type { Product } from './bench.ts';

const METRIC = 'bellhop_relay_claim_duration_seconds';

/** How often a claim took how long, by the longest that each bucket holds, in seconds; the sum last. */
export interface Claims {
  buckets: Map<number, number>;
  count: number;
  seconds: number;
}

/** What relays have said about their claims so far, all together. */
export async function claimsOf(products: Product[]): Promise<Claims> {
  const all: Claims = { buckets: new Map(), count: 0, seconds: 0 };
  for (const { url } of products) {
    const answer = await fetch(`${url}/metrics`);
    if (!answer.ok) throw new Error(`GET /metrics was answered with ${answer.status}.`);
    const text = await answer.text();
    for (const [, bound, count] of text.matchAll(new RegExp(`^${METRIC}_bucket\\{.*?le="(.+?)".*?\\} (\\S+)$`, 'gm'))) {
      const upTo = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
      all.buckets.set(upTo, (all.buckets.get(upTo) ?? 0) + Number(count));
    }
    const value = (name: string) => Number(new RegExp(`^${METRIC}_${name}\\S* (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
    all.count += value('count');
    all.seconds += value('sum');
  }
  return all;
}

/** Of the claims between two looks: the mean, and the bound of the bucket that 99 of 100 are in, in milliseconds. */
export function claimMs(before: Claims, after: Claims): { mean: number; p99: number } {
  const count = after.count - before.count;
  const bounds = [...after.buckets.keys()].sort((a, b) => a - b);
  const p99 = bounds.find((le) => after.buckets.get(le)! - (before.buckets.get(le) ?? 0) >= count * 0.99);
  return { mean: ((after.seconds - before.seconds) / count) * 1000, p99: (p99 ?? Number.NaN) * 1000 };
}
