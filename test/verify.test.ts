import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signatures } from '../src/relay/sign.ts';
import type { Received } from './support/receiver.ts';
import { startWorld } from './support/world.ts';

const file = (name: string) => new URL(`../docs/verify/${name}`, import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), 'bellhop-verify-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Language {
  name: string;
  /** What is typed to run its program. */
  command: [string, ...string[]];
  /** Says that the language is here. */
  version: string[];
  build?: [string, ...string[]];
}

const binary = join(scratch, 'verify');
const LANGUAGES: Language[] = [
  { name: 'Node', command: [process.execPath, file('verify.mjs')], version: [process.execPath, '--version'] },
  { name: 'PHP', command: ['php', file('verify.php')], version: ['php', '--version'] },
  { name: 'Python', command: ['python3', file('verify.py')], version: ['python3', '--version'] },
  { name: 'Ruby', command: ['ruby', file('verify.rb')], version: ['ruby', '--version'] },
  {
    name: 'Go',
    command: [binary],
    version: ['go', 'version'],
    build: ['go', 'build', '-o', binary, file('verify.go')],
  },
];

const isHere = ({ version: [command, ...args] }: Language) => spawnSync(command!, args).status === 0;

/** A call as a proxy would have kept it. */
interface Kept {
  headers: Record<string, string>;
  body: Buffer;
}

const keep = ({ headers, body }: Received): Kept => ({ headers: headers as Record<string, string>, body });

function verify({ command: [program, ...args] }: Language, { headers, body }: Kept, secret: string, ...more: string[]) {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  const ran = spawnSync(program, [...args, ...more], {
    input: Buffer.concat([Buffer.from(`${head.join('')}\n`), body]),
    env: { ...process.env, WEBHOOK_SECRET: secret },
  });
  expect(ran.stderr.toString()).toBe('');
  return [ran.status, ran.stdout.toString().trim()];
}

let had: ReturnType<typeof makeDeliveries> | undefined;

/** Two calls as a receiver had them: an ordinary one, and one while its secret was being changed. For all languages the same. */
function deliveries() {
  had ??= makeDeliveries();
  return had;
}

async function makeDeliveries() {
  const world = await startWorld();
  const receiver = await world.subscribe('booking.created');
  const rotate = async (overlap_hours: number): Promise<string> =>
    (await world.post(`/v1/webhooks/${receiver.endpointId}/rotate-secret`, { overlap_hours })).body.data.secret;
  const older = await rotate(0);
  await world.book({ guest_name: 'Zoë Ménara 漢字' });
  await world.relay();
  const newer = await rotate(24);
  await world.book();
  await world.relay();
  const [ordinary, rotating] = receiver.received.map(keep);
  return { ordinary: ordinary!, rotating: rotating!, older, newer };
}

// Whoever copies one of these stakes the bookings of an agency on every line of it.
describe.each(LANGUAGES.map((language) => [language.name, language] as const))(
  'the receiver in %s',
  (_name, language) => {
    const here = isHere(language);
    const title = (promise: string) =>
      here ? promise : `${promise} (not run: ${language.name} is not on this machine)`;
    const promises = test.skipIf(!here);

    beforeAll(() => {
      const [program, ...args] = (here && language.build) || [];
      if (program) execFileSync(program, args, { env: { ...process.env, GOCACHE: join(scratch, 'cache') } });
    }, 120_000);

    promises(
      title('accepts real deliveries, with both secrets while one is being changed, and nothing else'),
      async () => {
        const { ordinary, rotating, older, newer } = await deliveries();
        expect(verify(language, ordinary, older)).toEqual([0, 'verified']);
        expect(rotating.headers['webhook-signature']!.split(' ')).toHaveLength(2);
        expect(verify(language, rotating, older)).toEqual([0, 'verified']);
        expect(verify(language, rotating, newer)).toEqual([0, 'verified']);
        expect(verify(language, ordinary, newer)).toEqual([1, 'no signature matches']);

        const changed = { ...ordinary, body: Buffer.from(ordinary.body.toString().replace('Zoë', 'Zoé')) };
        expect(verify(language, changed, older)).toEqual([1, 'no signature matches']);
        const printedAnew = {
          ...ordinary,
          body: Buffer.from(JSON.stringify(JSON.parse(ordinary.body.toString()), null, 2)),
        };
        expect(verify(language, printedAnew, older)).toEqual([1, 'no signature matches']);
        const otherId = { ...ordinary, headers: { ...ordinary.headers, 'webhook-id': 'another' } };
        expect(verify(language, otherId, older)).toEqual([1, 'no signature matches']);
        for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
          const { [name]: _gone, ...headers } = ordinary.headers;
          expect(verify(language, { ...ordinary, headers }, older)).toEqual([1, 'a webhook-… header is missing']);
        }
      },
    );

    promises(title('refuses a call that is more than five minutes old or new, however well it is signed'), async () => {
      const { ordinary, older: secret } = await deliveries();
      const at = (seconds: number | string): Kept => {
        const timestamp = typeof seconds === 'number' ? Math.floor(Date.now() / 1000) + seconds : seconds;
        const signed = signatures({
          id: ordinary.headers['webhook-id']!,
          timestamp: timestamp as number,
          body: ordinary.body,
          secrets: [secret],
        });
        return { headers: signed, body: ordinary.body };
      };
      expect(verify(language, at(0), secret)).toEqual([0, 'verified']);
      expect(verify(language, at(-290), secret)).toEqual([0, 'verified']);
      expect(verify(language, at(290), secret)).toEqual([0, 'verified']);
      expect(verify(language, at(-310), secret)).toEqual([1, 'the call is too old']);
      expect(verify(language, at(310), secret)).toEqual([1, 'the call is from the future']);
      expect(verify(language, at('2026-07-15'), secret)).toEqual([1, 'webhook-timestamp is not a number']);
      expect(verify(language, at('-5'), secret)).toEqual([1, 'webhook-timestamp is not a number']);
    });

    promises(
      title('verifies X-Signature too, which stays with the older secret while one is being changed'),
      async () => {
        const { ordinary, rotating, older, newer } = await deliveries();
        expect(verify(language, ordinary, older, '--x-signature')).toEqual([0, 'verified']);
        expect(verify(language, rotating, older, '--x-signature')).toEqual([0, 'verified']);
        expect(verify(language, rotating, newer, '--x-signature')).toEqual([1, 'X-Signature does not match']);
        const changed = { ...ordinary, body: Buffer.concat([ordinary.body, Buffer.from(' ')]) };
        expect(verify(language, changed, older, '--x-signature')).toEqual([1, 'X-Signature does not match']);
        expect(verify(language, { headers: { 'x-other': '1' }, body: ordinary.body }, older, '--x-signature')).toEqual([
          1,
          'X-Signature is missing',
        ]);
      },
    );
  },
);
