// Writes events by the clock, one transaction each: whoever books in a hotel doesn't wait for the one before.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { serveBench } from './helper.ts';

export interface Emission {
  /** A statement that writes one event: $1 is its id, $2 counts from 0. */
  sql: string;
  /** What is said after the commit, without waiting for it. */
  hint?: string;
  perSecond: number;
  seconds: number;
}

const [connectionString] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: 16 });
let emissions = 0;

serveBench<Emission>({ port: 0 }, async ({ sql, hint, perSecond, seconds }) => {
  const begun = performance.now();
  const pending: Promise<void>[] = [];
  const name = `emission ${++emissions}`;

  async function emit(n: number): Promise<void> {
    await pool.query({ name, text: sql, values: [randomUUID(), n] });
    if (hint) await pool.query(hint);
  }

  for (let n = 0; n < perSecond * seconds; n++) {
    const wait = begun + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await pause(wait);
    pending.push(emit(n));
  }
  await Promise.all(pending);
  return {};
});
