// A SIEM, as Wazuh, Splunk and Datadog are fed: the audit log is written line by line into a file that their agent reads, and
// what is critical is sent to whoever is on call at once.
// Abilities: audit:read; webhooks:write where ALERT_URL is set.
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { listen, load } from './api.mjs';

const { LOG = 'bellhop-audit.ndjson', EVERY_SECONDS = '10', ALERT_URL, ALERT_AUTHORIZATION } = process.env;
const PAGE = 1_000;
/** More than the longest line: what is read of the end of the file to find its last one. */
const TAIL_BYTES = 4 * 1024 * 1024;

let last = lastKept();
if (ALERT_URL) void listen(['audit.critical_event'], alert);
console.log(last ? `going on after line ${last.seq}` : 'beginning with the first line');

for (;;) {
  const lines = await read().catch((error) => {
    console.error(`${error.message}; asking again in ${EVERY_SECONDS} s`);
    return [];
  });
  const broken = lines.findIndex((line, i) => !follows(lines[i - 1] ?? last, line));
  keep(broken < 0 ? lines : lines.slice(0, broken));
  if (broken >= 0) {
    console.error(
      `Line ${lines[broken].seq} does not follow line ${last.seq}. Run \`bellhop audit verify\`, and keep this file.`,
    );
    process.exit(1);
  }
  if (lines.length < PAGE) await new Promise((resolve) => setTimeout(resolve, Number(EVERY_SECONDS) * 1000));
}

/** What was sealed since, in the order of the chain. */
async function read() {
  const after = `cursor=${last?.cursor ?? ''}`;
  const text = await load(`/v1/audit-log/sealed?format=ndjson&per_page=${PAGE}&${after}`);
  return text.toString().split('\n').filter(Boolean).map(JSON.parse);
}

/** A line that is missing or was altered shows in the next one, whoever it was that owned the database. */
function follows(before, line) {
  if (!before) return true;
  const hash = createHash('sha256')
    .update(before.hash + line.entry_hash)
    .digest('hex');
  return line.seq === before.seq + 1 && line.hash === hash;
}

/** The file first: a run that ends between the two finds in the file what it has. */
function keep(lines) {
  if (lines.length === 0) return;
  last = lines.at(-1);
  const file = openSync(LOG, 'a');
  writeSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  fsyncSync(file);
  closeSync(file);
  writeFileSync(`${LOG}.last.new`, JSON.stringify(last));
  renameSync(`${LOG}.last.new`, `${LOG}.last`);
  console.log(`${lines.length} lines, up to ${last.seq}`);
}

/**
 * The last line there is: in the file, in those that logrotate made of it (`.1`, `-20261122`), or noted beside it where they are packed or gone.
 * The note alone is not enough: a run may be killed before it notes what it has written, and the file rotated before the next.
 */
function lastKept() {
  const name = basename(LOG);
  const written = readdirSync(dirname(LOG))
    .filter((file) => file.startsWith(name) && /^([.-]\d+)?$/.test(file.slice(name.length)))
    .map((file) => lastWritten(join(dirname(LOG), file)));
  const noted = existsSync(`${LOG}.last`) && JSON.parse(readFileSync(`${LOG}.last`, 'utf8'));
  return [noted, ...written]
    .filter(Boolean)
    .sort((a, b) => a.seq - b.seq)
    .at(-1);
}

/** A line that a run was killed in is cut off: it comes again. */
function lastWritten(path) {
  const file = openSync(path, 'r+');
  const { size } = fstatSync(file);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(file, tail, 0, tail.length, size - tail.length);
  const end = tail.lastIndexOf('\n') + 1;
  if (end < tail.length) ftruncateSync(file, size - tail.length + end);
  closeSync(file);
  const begin = tail.lastIndexOf('\n', end - 2) + 1;
  return end === 0 ? undefined : JSON.parse(tail.subarray(begin, end).toString());
}

/** What ALERT_URL doesn't take is not acknowledged, so that Bellhop sends it again for a day. */
async function alert(event) {
  const headers = {
    'content-type': 'application/json',
    ...(ALERT_AUTHORIZATION && { authorization: ALERT_AUTHORIZATION }),
  };
  const { status } = await fetch(ALERT_URL, { method: 'POST', headers, body: JSON.stringify(event) });
  if (status >= 300) throw new Error(`${ALERT_URL} answered ${status}`);
  const { action, actor } = event.data.audit_entry;
  console.log(`critical: ${action} by ${actor}`);
}
