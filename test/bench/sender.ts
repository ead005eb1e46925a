// What undici alone can POST on this machine, signed once and to the same receiver: the relay's ceiling.
import { Pool } from 'undici';
import { serveBench } from './helper.ts';

export interface Sending {
  url: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  seconds: number;
}

serveBench<Sending>({ port: 0 }, async ({ url, path, headers, body, connections, seconds }) => {
  const pool = new Pool(url, { connections });
  const begun = performance.now();
  const until = begun + seconds * 1000;
  let sent = 0;

  async function keepSending(): Promise<void> {
    while (performance.now() < until) {
      await send();
      sent += 1;
    }
  }

  function send(): Promise<void> {
    return new Promise((resolve, reject) => {
      pool.dispatch(
        { method: 'POST', path, headers, body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  await Promise.all(Array.from({ length: connections }, keepSending));
  const perSecond = (sent / (performance.now() - begun)) * 1000;
  await pool.close();
  return { perSecond };
});
