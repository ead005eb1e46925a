import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { Bench, Product } from './bench.ts';
import { median, type Outcome, range } from './outcome.ts';

const TIMES = 5;
const PATIENCE_MS = 30_000;

/**
 * From `bellhop serve` to the first answer that needed everything: 200 to `GET /v1/me`. The first start makes the
 * database, migrates it and fills in the demo; the second finds them.
 */
export async function start(bench: Bench): Promise<Outcome> {
  const first: number[] = [];
  const second: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const env = { DATA_DIR: bench.folder(), PORT: String(await freePort()) };
    const made = await timed(bench, env, (product) => /Demo token\s+(\S+)/.exec(product.printed())?.[1]);
    const found = await timed(bench, env, () => made.token);
    first.push(made.milliseconds);
    second.push(found.milliseconds);
  }
  return {
    part: 'start',
    method: `from the command to 200 for GET /v1/me, with the embedded PostgreSQL; ${TIMES} times, medians`,
    table: [
      { variant: 'first start, empty DATA_DIR', ms: median(first), range: range(first) },
      { variant: 'second start', ms: median(second), range: range(second) },
    ],
    figures: [
      { name: 'first start', value: median(first) / 1000, unit: 's', goal: { atMost: 3.5 } },
      { name: 'second start', value: median(second) / 1000, unit: 's', goal: { atMost: 2 } },
    ],
    notes: [],
  };
}

async function timed(bench: Bench, env: Record<string, string>, tokenOf: (product: Product) => string | undefined) {
  const begun = performance.now();
  const product = bench.spawnProduct(env);
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(5)) {
    const token = tokenOf(product);
    if (!token) continue;
    const answer = await fetch(`${product.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } }).catch(
      () => undefined,
    );
    if (!answer?.ok) continue;
    const milliseconds = performance.now() - begun;
    await product.stop();
    return { token, milliseconds };
  }
  throw new Error(`GET /v1/me was not answered within ${PATIENCE_MS / 1000} s.\n${product.printed()}`);
}
