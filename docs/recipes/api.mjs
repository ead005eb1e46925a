// What the recipes share: one way to ask, and one way to be told. Needs Node 20 and nothing else.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const { BELLHOP_URL = 'http://127.0.0.1:4000', BELLHOP_TOKEN, BELLHOP_SECRET, PORT = 0 } = process.env;

/** Asks /v1, and throws what it refuses, with its `status`. A write carries a key, so that a lost answer can be asked for again. */
export async function ask(method, path, body) {
  const response = await answered(method, path, body);
  return response.status === 204 ? undefined : await response.json();
}

/** What is no JSON, in its bytes: `load('/v1/statements/310?format=pdf')`. */
export async function load(path) {
  return Buffer.from(await (await answered('GET', path)).arrayBuffer());
}

async function answered(method, path, body) {
  const headers = { authorization: `Bearer ${BELLHOP_TOKEN}`, 'content-type': 'application/json' };
  if (method !== 'GET') headers['idempotency-key'] = crypto.randomUUID();
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(BELLHOP_URL + path, { method, headers, body: body && JSON.stringify(body) }).catch(
      (error) => {
        if (attempt === 3) throw error;
      },
    );
    if (response?.status === 429) {
      await pause(Number(response.headers.get('retry-after')) * 1000);
    } else if (response && response.status < 500) {
      if (response.ok) return response;
      const { status } = response;
      throw Object.assign(new Error(`${method} ${path}: ${status} ${await response.text()}`), { status });
    } else if (attempt === 3) throw new Error(`${method} ${path}: ${response?.status}`);
    else await pause(attempt * 500);
  }
}

/** Every row of a list, page by page. */
export async function* every(path) {
  for (let next = `${path + (path.includes('?') ? '&' : '?')}per_page=1000&cursor=`; next; ) {
    const { data, links } = await ask('GET', next);
    yield* data;
    next = links.next?.slice(links.next.indexOf('/v1/'));
  }
}

/**
 * Listens on loopback, registers itself for some events, and hands each verified one to `hear`. What `hear` throws is
 * answered with 500, so that the event comes again. Resolves once `hear` answers true.
 *
 * With the secret of an endpoint that is registered already, it listens at PORT for that one and leaves it as it is.
 */
export async function listen(events, hear) {
  const seen = new Set(); // At least once: an event may come twice, with the same id.
  let registered; // An event may be here before the answer that has the secret; it waits for that.
  let done;
  const finished = new Promise((resolve) => (done = resolve));
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const { secret } = await registered;
    if (!isSigned(body, request.headers['x-signature'], secret)) return response.writeHead(401).end();
    const event = JSON.parse(body);
    try {
      if (!seen.has(event.id) && (await hear(event)) === true) done();
      seen.add(event.id);
      response.writeHead(204).end();
    } catch (error) {
      console.error(error);
      response.writeHead(500).end();
    }
  });
  await new Promise((resolve) => server.listen(Number(PORT), '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  registered = BELLHOP_SECRET
    ? Promise.resolve({ secret: BELLHOP_SECRET })
    : ask('POST', '/v1/webhooks', { url, events }).then(({ data }) => data);
  const { id } = await registered;
  console.log('listening');
  await finished;
  if (id) await ask('DELETE', `/v1/webhooks/${id}`);
  server.close();
  server.closeIdleConnections();
}

/** `X-Signature`: the HMAC-SHA256 of the bytes as they came, with the whole secret as its key. */
function isSigned(body, signature = '', secret) {
  const expected = createHmac('sha256', secret).update(body).digest('hex');
  return signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
