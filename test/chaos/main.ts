import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { print, reached } from '../bench/outcome.ts';
import { chaos } from './chaos.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    every: { type: 'string', default: '1.5' },
    verbose: { type: 'boolean', default: false },
  },
});
const [kills, seed, every] = [values.kills, values.seed, values.every].map(Number) as [number, number, number];
if (![kills, seed, every].every((number) => number >= 0)) {
  console.error('Use: npm run chaos -- [--kills 200] [--seed 1] [--every 1.5] [--verbose]; seconds from kill to kill.');
  process.exit(2);
}

console.log(`${availableParallelism()} cores, load average ${loadavg()[0]!.toFixed(1)} before this began.`);
const folder = mkdtempSync(join(tmpdir(), 'bellhop-chaos-'));
chmodSync(folder, 0o755); // As root, PostgreSQL runs as another user, who has to enter.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const outcome = await chaos({
  command: join(dirname(fileURLToPath(import.meta.url)), '../src/bellhop.mjs'),
  ...{ folder, kills, seed, meanGapMs: every * 1000, calmMs: 4_000 },
  note: values.verbose ? console.log : undefined,
});
print(outcome);
console.log(reached(outcome) ? 'pass' : 'fail');
if (!reached(outcome)) process.exitCode = 1;
