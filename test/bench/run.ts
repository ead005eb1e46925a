import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { audit } from './audit.ts';
import { type Bench, openBench } from './bench.ts';
import { booking } from './booking.ts';
import { calendar } from './calendar.ts';
import { ical } from './ical.ts';
import { noisy } from './noisy.ts';
import { type Outcome, print, reached } from './outcome.ts';
import { rates } from './rates.ts';
import { reads } from './reads.ts';
import { relay } from './relay.ts';
import { reports } from './reports.ts';
import { start } from './start.ts';
import { statements } from './statements.ts';
import { transport } from './transport.ts';

const PARTS = { reads, booking, relay, start, rates, calendar, ical, statements, reports, audit, noisy, transport };
/** Longer than all parts take together on two busy cores. */
const MOST_MINUTES = 15;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const unknown = positionals.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no bench called ${unknown.join(', ')}. These are: ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}

let bench: Bench | undefined;
const giveUp = async (why: string) => {
  console.error(why);
  await bench?.close();
  process.exit(1);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => giveUp(`Stopped by ${signal}.`));
setTimeout(giveUp, MOST_MINUTES * 60_000, `This took longer than ${MOST_MINUTES} minutes.`).unref();

const load = loadavg()[0]!;
const cores = availableParallelism();
console.log(
  `${cores} cores, load average ${load.toFixed(1)} before this began. Other work on the machine moves the digits; ratios stay.`,
);
const outcomes: Outcome[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  bench = openBench(); // One a part: what a part leaves running must not slow the next.
  try {
    outcomes.push(await measure(bench));
  } finally {
    await bench.close();
  }
  print(outcomes.at(-1)!);
}
console.log(outcomes.every(reached) ? '\npass' : '\nfail');
if (values.json) console.log(JSON.stringify({ cores, load, outcomes }));
if (!outcomes.every(reached)) process.exitCode = 1;
