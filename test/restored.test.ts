import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { expect, onTestFinished, test } from 'vitest';
import { dumpAndRestore, installedPostgres, startCluster } from './support/cluster.ts';
import { bellhop, startProcess } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';

/** Transactions that are numbered and do nothing. */
const spend = (count: number) => `
  do $$ begin for n in 1..${count} loop perform pg_current_xact_id(); commit; end loop; end $$`;

// The books are kept by a program that asks every minute what is new. After the move to another server it would ask for weeks and
// hear of nothing, or never of what happened in the first days.
test.skipIf(!installedPostgres)(
  'a log that was dumped and restored into another cluster goes on behind its end: no reader misses anything or hears it twice',
  async () => {
    const [old, young] = [await startCluster(), await startCluster()];
    const env = (url: string) => ({
      DATABASE_URL: url,
      DATA_DIR: dataDir,
      DEMO: 'off',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    });
    const dataDir = mkdtempSync(join(tmpdir(), 'bellhop-test-'));
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    await bellhop(['agency', 'create', '--name', 'Riad Tours'], env(old.url('postgres')));
    const { token } = await bellhop(
      ['token', 'create', '--agency', '1', '--name', 'test', '--abilities', '*'],
      env(old.url('postgres')),
    );
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    let url = '';
    const serve = async (database: string) => {
      const server = await startProcess(env(database));
      url = server.url;
      return server;
    };
    const make = async (code: string) => {
      const body = JSON.stringify({ code, name: code });
      expect((await fetch(`${url}/v1/properties`, { method: 'POST', headers, body })).status).toBe(201);
    };
    /** The codes of the properties that came after a cursor, and where to read on; once so many are there. */
    const read = async (after: string | undefined, enough: number) => {
      // biome-ignore lint/suspicious/noExplicitAny: the log's answer
      let page: any;
      const codes = () => page.data.map(({ data }: { data: { property: { code: string } } }) => data.property.code);
      await expect
        .poll(async () => {
          const query = `types=property.created${after ? `&after=${after}` : ''}`;
          page = await (await fetch(`${url}/v1/events?${query}`, { headers })).json();
          return codes().length;
        })
        .toBe(enough);
      return { codes: codes(), cursor: page.next_cursor as string };
    };

    await old.sql('postgres', spend(20_000));
    const first = await serve(old.url('postgres'));
    const hook = JSON.stringify({ url: receiver.url, events: ['property.created'] });
    await fetch(`${url}/v1/webhooks`, { method: 'POST', headers, body: hook });
    await make('A');
    const early = await read(undefined, 1);
    await make('B');
    await receiver.arrived(2);
    await expect.poll(async () => (await old.sql('postgres', 'select from delivery_queue')).rowCount).toBe(0);
    const late = await read(undefined, 2);
    await young.sql('postgres', 'create database restored');
    await bellhop(['migrate'], env(young.url('postgres'))); // The roles, which belong to no database.
    await dumpAndRestore(old.url('postgres'), young.url('restored'));
    await old.sql('postgres', spend(1_000));
    await make('lost'); // After the dump, and read by somebody.
    const beyond = await read(undefined, 3);
    await receiver.arrived(3);
    await first.stop();

    const second = await serve(young.url('restored'));
    const subscribed = follow(url, headers, late.cursor);
    await make('C');
    await make('D');
    expect((await read(undefined, 4)).codes).toEqual(['A', 'B', 'C', 'D']);
    expect((await read(early.cursor, 3)).codes).toEqual(['B', 'C', 'D']);
    const moved = await read(late.cursor, 2);
    expect(moved.codes).toEqual(['C', 'D']);
    expect((await read(beyond.cursor, 2)).codes).toEqual(['C', 'D']);
    expect(await subscribed(2)).toEqual(['C', 'D']);
    await receiver.arrived(5);
    const told = receiver.received.map(({ json }) => json.data.property.code);
    expect(told.sort()).toEqual(['A', 'B', 'C', 'D', 'lost']);
    expect((await read(moved.cursor, 0)).codes).toEqual([]);
    await second.stop();

    // And back, to a cluster that is ahead.
    await old.sql('template1', 'create database again');
    await dumpAndRestore(young.url('restored'), old.url('again'));
    const third = await serve(old.url('again'));
    await make('E');
    expect((await read(moved.cursor, 1)).codes).toEqual(['E']);
    expect((await read(beyond.cursor, 3)).codes).toEqual(['C', 'D', 'E']);
    await third.stop();
    // The same cluster again is no other.
    const place = async () => (await old.sql('again', 'select * from log_era')).rows;
    const before = await place();
    const fourth = await serve(old.url('again'));
    expect(await place()).toEqual(before);
    await make('F');
    expect((await read(moved.cursor, 2)).codes).toEqual(['E', 'F']);
    await fourth.stop();
  },
  180_000,
);

/** Follows the log from a cursor; answers with so many codes as soon as they have been heard. */
function follow(url: string, headers: Record<string, string>, after: string) {
  const aborted = new AbortController();
  const query = `subscription { events(types: ["property.created"], after: "${after}") { data } }`;
  const answered = fetch(`${url}/graphql`, {
    method: 'POST',
    signal: aborted.signal,
    headers: { ...headers, accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  });
  return async (enough: number) => {
    const heard: string[] = [];
    const onEvent = ({ event, data }: { event?: string; data: string }) => {
      if (event === 'next') heard.push(JSON.parse(data).data.events.data.property.code);
    };
    const parser = createParser({ onEvent });
    const decoder = new TextDecoder();
    for await (const chunk of (await answered).body as unknown as AsyncIterable<Uint8Array>) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (heard.length >= enough) break;
    }
    aborted.abort();
    return heard;
  };
}
