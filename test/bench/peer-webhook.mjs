// A webhook job as one writes it on top of a job queue: it signs what it was given, and sends it. There is no delivery log,
// no fairness, no breaker and no guard of addresses in it. And what the bench asks of a peer's process.
import { createHmac } from 'node:crypto';
import { Pool } from 'undici';

const pools = new Map();

export async function sendWebhook({ id, origin, path, secret, body }) {
  const timestamp = Math.floor(Date.now() / 1000);
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  if (!pools.has(origin)) pools.set(origin, new Pool(origin, { connections: 64 }));
  const { statusCode, body: answer } = await pools.get(origin).request({
    method: 'POST',
    path,
    body,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,${signature}`,
      'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
      'x-event': 'booking.created',
    },
  });
  await answer.dump();
  if (statusCode >= 300) throw new Error(`It was answered with ${statusCode}.`);
}

/** Runs and rests as the bench says, so that a peer that isn't measured takes nothing from the one that is. */
export function servePeer(start) {
  let stop = async () => {};
  process.on('message', async ({ run }) => {
    try {
      await stop();
      stop = run ? await start() : async () => {};
      process.send({});
    } catch (error) {
      process.send({ error: error.stack });
    }
  });
  process.once('disconnect', () => process.exit());
  process.send({ port: 0 });
}
