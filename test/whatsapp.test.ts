import { createHmac } from 'node:crypto';
import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { planQuery } from '../src/planner/plan.ts';
import { type Reply, startWhatsappServer } from './support/whatsapp-server.ts';
import { type Answer, type Integrator, startWorld, type World } from './support/world.ts';

const TOKEN = 'EAAG-first-token';
const APP_SECRET = 'a-secret-of-the-meta-app';
const VERIFY_TOKEN = 'what-meta-says-first';
const ACCOUNT = { phone_number_id: '106540352242922', token: TOKEN, app_secret: APP_SECRET };

const GREETING = { to: '+212 612 345678', template: 'pre_arrival', parameters: { guest_name: 'Karim' } };

const MINUTE = 60_000;

/** A world whose WhatsApp is the stand-in, connected unless said otherwise. */
async function startConnected({ connected = true } = {}) {
  const whatsapp = await startWhatsappServer();
  const world = await startWorld({ env: { WHATSAPP_API_URL: whatsapp.url } });
  if (connected) await connect(world);
  return { world, whatsapp };
}

async function connect(mine: Integrator, fields: object = {}): Promise<Answer> {
  const answer = await mine.put('/v1/whatsapp-account', { ...ACCOUNT, verify_token: VERIFY_TOKEN, ...fields });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer;
}

/** Takes a message and answers with what it reads as. */
async function prepare(mine: Integrator, fields: object = {}) {
  const answer = await mine.post('/v1/whatsapp-messages', { ...GREETING, ...fields });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data;
}

const read = async (mine: Integrator, id: number) => (await mine.get(`/v1/whatsapp-messages/${id}`)).body.data;

/** What Meta sends when something became of messages. */
function callback(...statuses: object[]): string {
  const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: '106540352242922' }, statuses };
  return JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
  });
}

const said = (id: string | undefined, status: string, more: object = {}) => ({
  id,
  status,
  timestamp: '1750857384',
  recipient_id: '212612345678',
  ...more,
});

/** Meta's call. Signed with the app's secret unless another is said, or no header at all. */
async function tell(
  world: World,
  body: string,
  {
    agencyId = world.agencyId,
    secret = APP_SECRET,
    header,
  }: { agencyId?: number; secret?: string; header?: string } = {},
): Promise<{ status: number; text: string }> {
  const signature = header ?? `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const response = await fetch(`${world.url}/inbound/whatsapp/${agencyId}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(signature && { 'x-hub-signature-256': signature }) },
    body,
  });
  return { status: response.status, text: await response.text() };
}

describe('a message before and after an account is connected', () => {
  // An agency that tries the API before Meta has approved it must see what it would have sent, and why it wasn't.
  test('without an account a message stays prepared and says why; it is sent once one is connected and somebody says so', async () => {
    const { world, whatsapp } = await startConnected({ connected: false });
    const { id, ...message } = await prepare(world);
    expect(message).toMatchObject({
      to: '+212612345678',
      template: 'pre_arrival',
      language: 'en',
      parameters: { guest_name: 'Karim' },
      status: 'prepared',
      reason: expect.stringMatching(/^No WhatsApp account is connected\. .*PUT \/v1\/whatsapp-account/),
      attempts: 0,
    });
    const refused = await world.post(`/v1/whatsapp-messages/${id}/send`);
    expect([refused.status, refused.body.code]).toEqual([409, 'ACCOUNT_MISSING']);
    await connect(world);
    await world.relay();
    expect(whatsapp.calls).toEqual([]);
    for (const _ask of ['first', 'again']) {
      const answer = await world.post(`/v1/whatsapp-messages/${id}/send`);
      expect(answer.body.data).toMatchObject({ status: 'queued', reason: null });
    }
    await world.relay();
    expect(whatsapp.complaints).toEqual([]);
    expect(whatsapp.calls.map(({ body }) => body)).toEqual([
      {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: '212612345678',
        type: 'template',
        template: {
          name: 'pre_arrival',
          language: { code: 'en' },
          components: [{ type: 'body', parameters: [{ type: 'text', parameter_name: 'guest_name', text: 'Karim' }] }],
        },
        biz_opaque_callback_data: String(id),
      },
    ]);
    expect(await read(world, id)).toMatchObject({
      status: 'sent',
      provider_id: whatsapp.calls[0]!.providerId,
      attempts: 1,
      sent_at: expect.any(String),
    });
    const again = await world.post(`/v1/whatsapp-messages/${id}/send`);
    expect([again.status, again.body.data.status]).toEqual([200, 'sent']);
    await world.relay();
    expect(whatsapp.calls).toHaveLength(1);
  });

  test('numbered parameters go in their order, whether as a list or under their numbers; none leave the components out', async () => {
    const { world, whatsapp } = await startConnected();
    await prepare(world, { parameters: ['Karim', 2, true] });
    await prepare(world, { parameters: { 2: 'b', 1: 'a' } });
    await prepare(world, { parameters: undefined, language: 'pt_BR' });
    await world.relay();
    expect(whatsapp.complaints).toEqual([]);
    const sent = whatsapp.calls
      .map(({ body }) => body.template)
      .sort((a, b) => a.language.code.localeCompare(b.language.code));
    expect(sent[2]).toEqual({ name: 'pre_arrival', language: { code: 'pt_BR' } });
    expect(
      sent
        .slice(0, 2)
        .map(({ components }) => components[0].parameters.map((one: { text: string }) => one.text))
        .sort(),
    ).toEqual([
      ['Karim', '2', 'true'],
      ['a', 'b'],
    ]);
  });

  test('an account that goes while a message is queued leaves it prepared, with the reason', async () => {
    const { world, whatsapp } = await startConnected();
    const { id } = await prepare(world);
    expect((await world.delete('/v1/whatsapp-account')).status).toBe(204);
    await world.relay();
    expect(await read(world, id)).toMatchObject({
      status: 'prepared',
      reason: expect.stringContaining('No WhatsApp account'),
      queued_at: null,
    });
    expect(whatsapp.calls).toEqual([]);
  });
});

describe('the account', () => {
  // Whoever holds the token can write to every guest in the agency's name.
  test('its secrets are in no answer, no audit line and no table as they are; a verify token that we made is told once', async () => {
    const { world } = await startConnected({ connected: false });
    expect((await world.get('/v1/whatsapp-account')).status).toBe(404);
    const made = await world.put('/v1/whatsapp-account', ACCOUNT);
    const { verify_token, ...account } = made.body.data;
    expect(verify_token).toMatch(/^[\w-]{32}$/);
    expect(account).toEqual({
      phone_number_id: ACCOUNT.phone_number_id,
      callback_url: `${world.config.publicUrl}/inbound/whatsapp/${world.agencyId}`,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const again = await world.put('/v1/whatsapp-account', ACCOUNT);
    expect(again.body.data).toEqual({ ...account, verify_token: null });
    const shown = await world.get('/v1/whatsapp-account');
    expect(shown.body.data).toEqual(account);
    const refused = await world.put('/v1/whatsapp-account', {
      ...ACCOUNT,
      token: 'EAAG with blanks',
      app_secret: 'short',
    });
    expect([refused.status, Object.keys(refused.body.errors)]).toEqual([422, ['token', 'app_secret']]);
    const kept = await world.database.asAgency(world.agencyId, async (client) => [
      (await client.query('select * from whatsapp_account')).rows,
      (await client.query("select * from audit_entry where action like 'whatsapp.%'")).rows,
    ]);
    expect(kept[1]).toHaveLength(1); // The second connection changed nothing.
    expect(shown.text + again.text + refused.text + JSON.stringify(kept)).not.toMatch(
      new RegExp(`EAAG|${APP_SECRET}|${verify_token}`),
    );
  });

  test('two clients that connect at once leave one account', async () => {
    const { world } = await startConnected({ connected: false });
    const answers = await Promise.all([connect(world), connect(world, { token: 'EAAG-second-token' })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await world.viewer.db.whatsappAccount.count()).toBe(1);
  });
});

describe('when WhatsApp doesn’t take it', () => {
  // Meta's limits last for minutes. A greeting that arrives a little late is better than one that never does.
  test('what passes is tried again, no sooner than WhatsApp has said, and counts its attempts', async () => {
    const { world, whatsapp } = await startConnected();
    const receiver = await world.subscribe('whatsapp.*');
    whatsapp.replyWith(
      { status: 400, code: 130429, details: 'Rate limit hit', headers: { 'retry-after': '300' } },
      { status: 503, body: '<html>busy</html>' },
    );
    const { id } = await prepare(world);
    await world.relay();
    expect(await read(world, id)).toMatchObject({
      status: 'queued',
      attempts: 1,
      error_code: '130429',
      reason: 'WhatsApp can’t take it just now (130429): Rate limit hit.',
    });
    world.pass(4 * MINUTE);
    await world.relay();
    expect(whatsapp.calls).toHaveLength(1);
    world.pass(2 * MINUTE);
    await world.relay();
    expect(await read(world, id)).toMatchObject({ attempts: 2, reason: 'WhatsApp answered 503.', error_code: null });
    world.pass(14 * MINUTE);
    await world.relay();
    expect(await read(world, id)).toMatchObject({ status: 'sent', attempts: 3, reason: null, error_code: null });
    expect([whatsapp.complaints, receiver.received]).toEqual([[], []]);
  });

  // The concierge who hears of it at once rings the guest; the one who doesn't finds out at the door.
  test('what it refuses for good fails at once, and the subscriber hears it once, signed', async () => {
    const { world, whatsapp } = await startConnected();
    const receiver = await world.subscribe('whatsapp.message_failed');
    whatsapp.replyWith({ status: 400, code: 131026, details: 'Message undeliverable' });
    const booking = await world.book();
    const { id } = await prepare(world, { booking_id: booking.id });
    await world.relay();
    for (let i = 0; i < 3; i++) {
      world.pass(30 * MINUTE);
      await world.relay();
    }
    expect(whatsapp.calls).toHaveLength(1);
    expect(receiver.received).toMatchObject([
      {
        event: 'whatsapp.message_failed',
        signature: 'valid',
        xSignature: 'valid',
        json: {
          data: {
            whatsapp_message: {
              id,
              booking_id: booking.id,
              to: '+212612345678',
              template: 'pre_arrival',
              language: 'en',
              parameters: { guest_name: 'Karim' },
              status: 'failed',
              error_code: '131026',
              reason: 'WhatsApp refused it (131026): Message undeliverable.',
              attempts: 1,
            },
          },
        },
      },
    ]);
    // Mended, it is sent by the same id.
    expect((await world.post(`/v1/whatsapp-messages/${id}/send`)).body.data).toMatchObject({ status: 'queued' });
    await world.relay();
    expect(await read(world, id)).toMatchObject({ status: 'sent', attempts: 2, failed_at: null });
    expect(receiver.received).toHaveLength(1);
  });

  const FINAL: [string, Exclude<Reply, string | (() => unknown)>][] = [
    ['a template that isn’t there', { status: 404, code: 132001, details: 'does not exist in en' }],
    ['parameters that don’t fit', { status: 400, code: 132000, details: 'Number of parameters does not match' }],
    ['an answer that is no JSON', { status: 404, body: 'not here' }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }],
  ];

  test('a template that isn’t there, parameters that don’t fit, and what no Meta answers, are final', async () => {
    const { world, whatsapp } = await startConnected();
    const receiver = await world.subscribe('whatsapp.message_failed');
    for (const [title, reply] of FINAL) {
      whatsapp.replyWith(reply);
      const { id } = await prepare(world);
      await world.relay();
      const { status, error_code } = await read(world, id);
      expect([title, status, error_code]).toEqual([title, 'failed', reply.code ? String(reply.code) : null]);
    }
    expect([whatsapp.calls.length, receiver.received.length]).toEqual([FINAL.length, FINAL.length]);
  });

  test('a token that has expired fails with the sentence that mends it, and without the token or the guest’s number', async () => {
    const { world } = await startConnected({ connected: false });
    await connect(world, { token: 'EAAG-old-token' });
    const { id } = await prepare(world);
    await world.relay();
    const { status, error_code, reason } = await read(world, id);
    expect([status, error_code]).toEqual(['failed', '190']);
    expect(reason).toContain('PUT /v1/whatsapp-account');
    expect(reason).toContain(`POST /v1/whatsapp-messages/${id}/send`);
    const { rows } = await world.database.system.query('select error from errand');
    expect(`${reason} ${JSON.stringify(rows)}`).not.toMatch(/EAAG|212612345678/);
  });

  test('when every attempt came to nothing it fails, says of what, and tells it once', async () => {
    const { world, whatsapp } = await startConnected();
    const receiver = await world.subscribe('whatsapp.message_failed');
    whatsapp.replyWith(...Array(5).fill('drop'));
    const { id } = await prepare(world);
    for (let i = 0; i < 6; i++) {
      await world.relay();
      world.pass(25 * 60 * MINUTE);
    }
    expect(whatsapp.calls).toHaveLength(5);
    expect(await read(world, id)).toMatchObject({
      status: 'failed',
      attempts: 5,
      reason: expect.stringMatching(/^WhatsApp could not be reached.*No attempt is left/),
    });
    expect(receiver.received).toHaveLength(1);
  });

  test('a provider that never answers holds an attempt for the timeout and no longer', async () => {
    const whatsapp = await startWhatsappServer();
    const world = await startWorld({ env: { WHATSAPP_API_URL: whatsapp.url, WEBHOOK_TIMEOUT_SECONDS: '0.3' } });
    await connect(world);
    whatsapp.replyWith('hang');
    const { id } = await prepare(world);
    await world.relay();
    expect(await read(world, id)).toMatchObject({ status: 'queued', reason: 'WhatsApp did not answer within 0.3 s.' });
  });
});

describe('when it is sent', () => {
  test('a scheduled message waits for its time', async () => {
    const { world, whatsapp } = await startConnected();
    const at = new Date(Date.now() + 60 * MINUTE).toISOString();
    const { id } = await prepare(world, { send_at: at });
    world.pass(59 * MINUTE);
    await world.relay();
    expect(whatsapp.calls).toHaveLength(0);
    expect(await read(world, id)).toMatchObject({ status: 'queued', attempts: 0 });
    world.pass(2 * MINUTE);
    await world.relay();
    expect(whatsapp.calls).toHaveLength(1);
  });

  // The guest has cancelled; "we look forward to seeing you" now would be an insult.
  test('a cancelled message is never sent, and cancelling twice is harmless', async () => {
    const { world, whatsapp } = await startConnected();
    const { id } = await prepare(world);
    for (const _ask of ['first', 'again']) {
      const answer = await world.post(`/v1/whatsapp-messages/${id}/cancel`);
      expect([answer.status, answer.body.data.status]).toEqual([200, 'cancelled']);
    }
    expect((await world.post(`/v1/whatsapp-messages/${id}/send`)).body.code).toBe('INVALID_TRANSITION');
    await world.relay();
    expect(whatsapp.calls).toEqual([]);
    const sent = await prepare(world);
    await world.relay();
    expect((await world.post(`/v1/whatsapp-messages/${sent.id}/cancel`)).body.code).toBe('INVALID_TRANSITION');
  });

  // To say "cancelled" of what the guest is reading would be a lie.
  test('while WhatsApp is being asked a message can’t be cancelled', async () => {
    const { world, whatsapp } = await startConnected();
    const { id } = await prepare(world);
    let answer: Answer | undefined;
    whatsapp.replyWith(async () => {
      answer = await world.post(`/v1/whatsapp-messages/${id}/cancel`);
    });
    await world.relay();
    expect([answer!.status, answer!.body.code]).toEqual([409, 'INVALID_TRANSITION']);
    expect((await read(world, id)).status).toBe('sent');
  });

  test('two relays at once, and two clients who say send at once, send once', async () => {
    const { world, whatsapp } = await startConnected({ connected: false });
    const { id } = await prepare(world);
    await connect(world);
    const asked = await Promise.all([1, 2, 3].map(() => world.post(`/v1/whatsapp-messages/${id}/send`)));
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200]);
    await Promise.all([world.relay(), world.relay()]);
    expect(whatsapp.calls).toHaveLength(1);
  });

  // A relay dies between Meta's yes and our note of it. Meta's own word keeps the guest from reading it twice.
  test('a callback that comes before the answer marks it as sent, and the next attempt sends nothing', async () => {
    const { world, whatsapp } = await startConnected();
    const { id } = await prepare(world);
    whatsapp.replyWith('drop');
    await world.relay();
    const told = await tell(world, callback(said('wamid.lost', 'sent', { biz_opaque_callback_data: String(id) })));
    expect(told.status).toBe(200);
    world.pass(5 * MINUTE);
    await world.relay();
    expect(whatsapp.calls).toHaveLength(1);
    expect(await read(world, id)).toMatchObject({ status: 'sent', provider_id: 'wamid.lost', reason: null });
  });
});

describe('what Meta calls back', () => {
  const ask = async (world: World, query: string, agencyId = world.agencyId) => {
    const response = await fetch(`${world.url}/inbound/whatsapp/${agencyId}?${query}`);
    return [response.status, response.headers.get('content-type')?.split(';')[0], await response.text()];
  };

  test('the handshake is answered to who knows the verify token, and to nobody else', async () => {
    const { world } = await startConnected();
    const query = `hub.mode=subscribe&hub.verify_token=${VERIFY_TOKEN}&hub.challenge=1158201444`;
    expect(await ask(world, query)).toEqual([200, 'text/plain', '1158201444']);
    const refused = [
      await ask(world, query.replace(VERIFY_TOKEN, 'guessed')),
      await ask(world, query.replace('subscribe', 'unsubscribe')),
      await ask(world, 'hub.mode=subscribe&hub.challenge=1'),
      await ask(world, query, 999_999),
      await ask(world, query, (await world.anotherAgency()).agencyId),
    ];
    for (const [status, , text] of refused) {
      expect(status).toBe(404);
      expect(text).not.toContain('1158201444');
    }
  });

  // Anybody can find the address. Without the signature he could tell an agency that its messages had been read.
  test('only what the app’s secret has signed is believed; every other call is answered alike', async () => {
    const { world, whatsapp } = await startConnected();
    const { id } = await prepare(world);
    await world.relay();
    const body = callback(said(whatsapp.calls[0]!.providerId, 'read'));
    const hex = createHmac('sha256', APP_SECRET).update(body).digest('hex');
    const answers = [
      await tell(world, body, { secret: 'another-secret' }),
      await tell(world, body, { header: '' }),
      await tell(world, body, { header: hex }),
      await tell(world, body, { header: `sha256=${hex.slice(0, -1)}` }),
      await tell(world, body, { header: `sha256=${hex.toUpperCase()}` }),
      await tell(world, `${body} `, { header: `sha256=${hex}` }),
      await tell(world, body, { agencyId: 999_999 }),
      await tell(world, body, { agencyId: (await world.anotherAgency()).agencyId, secret: '' }),
    ];
    for (const { status, text } of answers)
      expect([status, JSON.parse(text)]).toEqual([
        404,
        expect.objectContaining({ code: 'NOT_FOUND', message: 'Not found.' }),
      ]);
    expect((await read(world, id)).status).toBe('sent');
    expect((await tell(world, body, { header: `sha256=${hex}` })).status).toBe(200);
    expect((await read(world, id)).status).toBe('read');
  });

  test('statuses come late, twice and in any order, and the message only goes forwards', async () => {
    const { world, whatsapp } = await startConnected();
    const { id } = await prepare(world);
    await world.relay();
    const wamid = whatsapp.calls[0]!.providerId;
    const is = async (...statuses: object[]) => {
      expect((await tell(world, callback(...statuses))).status).toBe(200);
      return (await read(world, id)).status;
    };
    expect(await is(said(wamid, 'sent'))).toBe('sent');
    expect(await is(said(wamid, 'delivered'), said(wamid, 'delivered'))).toBe('delivered');
    expect(await is(said(wamid, 'sent'))).toBe('delivered');
    expect(await is(said(wamid, 'failed', { errors: [{ code: 131026 }] }))).toBe('delivered');
    expect(await is(said(wamid, 'read'))).toBe('read');
    expect(await is(said(wamid, 'delivered'), said(wamid, 'sent'))).toBe('read');
    expect(await read(world, id)).toMatchObject({
      delivered_at: '2025-06-25T13:16:24+00:00',
      read_at: '2025-06-25T13:16:24+00:00',
    });
  });

  // Meta gives up on a callback address that answers with errors, and what it had to say is lost.
  test('calls that tell of the same messages at once, each in its own order, are all heard', async () => {
    const { world, whatsapp } = await startConnected();
    const messages = await Promise.all(Array.from({ length: 12 }, () => prepare(world)));
    await world.relay();
    const wamids = whatsapp.calls.map(({ providerId }) => providerId);
    const calls = ['sent', 'delivered', 'read'].flatMap((status) => {
      const told = wamids.map((wamid) => said(wamid, status));
      return Array.from({ length: 8 }, (_, i) => callback(...(i % 2 ? told.toReversed() : told)));
    });
    const answers = await Promise.all(calls.map((body) => tell(world, body)));
    expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 200));
    const statuses = messages.map(async ({ id }) => (await read(world, id)).status);
    expect(new Set(await Promise.all(statuses))).toEqual(new Set(['read']));
  });

  test('a failure that Meta finds out later fails the message and tells it once, however often Meta says it', async () => {
    const { world, whatsapp } = await startConnected();
    const receiver = await world.subscribe('whatsapp.message_failed');
    const { id } = await prepare(world);
    await world.relay();
    const errors = [{ code: 131049, title: 'Not delivered', error_data: { details: 'To keep the ecosystem healthy' } }];
    const failed = said(whatsapp.calls[0]!.providerId, 'failed', { errors, biz_opaque_callback_data: String(id) });
    await Promise.all([tell(world, callback(failed)), tell(world, callback(failed, failed))]);
    await world.relay();
    expect(receiver.received.map(({ json }) => json.data.whatsapp_message)).toMatchObject([
      { id, error_code: '131049', reason: 'WhatsApp could not deliver it (131049): To keep the ecosystem healthy.' },
    ]);
    // Sent again, it is none of the old failure's business, which Meta may repeat for days.
    await world.post(`/v1/whatsapp-messages/${id}/send`);
    await tell(world, callback(failed));
    expect((await read(world, id)).status).toBe('queued');
    await world.relay();
    await tell(world, callback(failed));
    await world.relay();
    expect((await read(world, id)).status).toBe('sent');
    expect(receiver.received).toHaveLength(1);
  });

  test('another agency’s message is out of reach, by WhatsApp’s id and by ours', async () => {
    const { world, whatsapp } = await startConnected();
    const stranger = await world.anotherAgency();
    await connect(stranger, { app_secret: 'the-secret-of-the-stranger' });
    const { id } = await prepare(world);
    await world.relay();
    const { id: waiting } = await prepare(world, { send_at: new Date(Date.now() + 60 * MINUTE).toISOString() });
    const body = callback(
      said(whatsapp.calls[0]!.providerId, 'read'),
      said('wamid.x', 'read', { biz_opaque_callback_data: String(waiting) }),
      said('wamid.y', 'failed', { biz_opaque_callback_data: String(id) }),
    );
    const told = await tell(world, body, { agencyId: stranger.agencyId, secret: 'the-secret-of-the-stranger' });
    expect(told.status).toBe(200);
    expect([(await read(world, id)).status, (await read(world, waiting)).status]).toEqual(['sent', 'queued']);
  });

  // Meta sends what isn't answered with 200 again for days, and then stops calling at all.
  test('a guest’s own message, and what we don’t know, is answered 200 and changes nothing; broken JSON is not', async () => {
    const { world } = await startConnected();
    const message = { from: '212612345678', id: 'wamid.in', type: 'text', text: { body: 'Merci' } };
    const bodies = [
      JSON.stringify({
        object: 'whatsapp_business_account',
        entry: [{ changes: [{ value: { messages: [message] } }] }],
      }),
      callback(said('wamid.nobody', 'delivered'), said('wamid.nobody', 'warming'), { nonsense: true }),
      callback(said('wamid.n', 'sent', { biz_opaque_callback_data: 'not ours', timestamp: 'soon' })),
      '{"entry": [null, {"changes": [null, {"value": null}]}]}',
      '[]',
      'null',
    ];
    for (const body of bodies) expect([body, (await tell(world, body)).status]).toEqual([body, 200]);
    expect((await tell(world, '{"entry": ')).status).toBe(400);
  });
});

describe('what is refused', () => {
  const long = 'x'.repeat(1_025);
  const REFUSALS: [string, object, string[]][] = [
    ['a number without its country', { to: '0612345678' }, ['to']],
    ['no number', { to: 'Karim' }, ['to']],
    ['a number that is too short', { to: '+2126' }, ['to']],
    ['a name that Meta wouldn’t take', { template: 'Pre-Arrival' }, ['template']],
    ['a language that Meta doesn’t write so', { language: 'pt-br' }, ['language']],
    ['a text for parameters', { parameters: 'Karim' }, ['parameters']],
    ['an empty parameter', { parameters: { guest_name: ' ' } }, ['parameters.guest_name']],
    ['a long parameter', { parameters: { guest_name: long } }, ['parameters.guest_name']],
    [
      'a line end, a tab and a row of blanks',
      { parameters: ['a\nb', 'a\tb', 'a     b'] },
      ['parameters.0', 'parameters.1', 'parameters.2'],
    ],
    ['an object in a parameter', { parameters: { guest: { name: 'Karim' } } }, ['parameters.guest']],
    ['half a character', { parameters: ['\ud83d'] }, ['parameters.0']],
    ['a gap in the numbers', { parameters: { 1: 'a', 3: 'b' } }, ['parameters']],
    ['a name with blanks', { parameters: { 'guest name': 'a' } }, ['parameters']],
    ['too many parameters', { parameters: Array(51).fill('x') }, ['parameters']],
    ['neither a number nor a booking', { to: undefined }, ['to']],
    ['nobody’s booking', { booking_id: 999_999 }, ['booking_id']],
    ['nobody’s booking and no number', { to: undefined, booking_id: 999_999 }, ['booking_id']],
    ['a time that is over', { send_at: '2020-01-01T00:00:00Z' }, ['send_at']],
    ['a time in a year', { send_at: new Date(Date.now() + 365 * 86_400_000).toISOString() }, ['send_at']],
    ['all of it at once', { to: '1', template: '', parameters: { a: '' } }, ['to', 'template', 'parameters.a']],
  ];

  test('what WhatsApp would refuse, and what can’t be, is refused by the name of its field, and nothing is written', async () => {
    const { world } = await startConnected();
    for (const [title, fields, wrong] of REFUSALS) {
      const answer = await world.post('/v1/whatsapp-messages', { ...GREETING, ...fields });
      expect([title, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([title, 422, wrong]);
    }
    expect(await world.viewer.db.whatsappMessage.count()).toBe(0);
    expect((await world.database.system.query('select from errand')).rowCount).toBe(0);
  });

  test('GraphQL takes the same and refuses the same', async () => {
    const { world } = await startConnected();
    const prepareBy = `mutation ($input: CreateWhatsappMessageInput!) {
      createWhatsappMessage(input: $input) { id status to parameters }
    }`;
    const { body } = await world.graphql(prepareBy, { input: GREETING });
    const { id, ...message } = body.data.createWhatsappMessage;
    expect(message).toEqual({ status: 'QUEUED', to: '+212612345678', parameters: { guest_name: 'Karim' } });
    const cancelled = await world.graphql('mutation ($id: ID!) { cancelWhatsappMessage(id: $id) { status } }', { id });
    expect(cancelled.body.data.cancelWhatsappMessage.status).toBe('CANCELLED');
    const wrong = await world.graphql(prepareBy, {
      input: { ...GREETING, parameters: { guest_name: '' }, sendAt: '2020-01-01T00:00:00Z' },
    });
    expect(wrong.body.errors[0].extensions).toMatchObject({ code: 'VALIDATION' });
    expect(JSON.stringify(wrong.body.errors)).toMatch(/sendAt.*parameters\.guest_name/);
  });

  test('numbers come with blanks, brackets, + or 00, and are kept as E.164', async () => {
    const { world } = await startConnected({ connected: false });
    for (const to of ['+212 (0) 612-345678', '00212612345678', ' +212612345678 ', '212612345678'])
      expect((await prepare(world, { to })).to).toBe('+212612345678');
    expect((await world.get('/v1/whatsapp-messages?to=%2B212612345678')).body.meta.total).toBe(4);
  });

  // Meta's answer to a misspelt parameter comes after the request is over, when nobody looks any more.
  test('a registered template is held against every message: its language, and exactly its parameters', async () => {
    const { world } = await startConnected();
    const register = (fields: object) => world.post('/v1/whatsapp-templates', { name: 'pre_arrival', ...fields });
    const french = await register({ language: 'fr', body: 'Bonjour {{guest_name}}, à {{check_in}} ! {{guest_name}}' });
    expect(french.body.data.parameters).toEqual(['guest_name', 'check_in']);
    const wrong = await world.post('/v1/whatsapp-messages', {
      ...GREETING,
      parameters: { guest_nam: 'Karim', check_in: '12' },
    });
    expect(wrong.body.errors).toEqual({
      'parameters.guest_name': ['is missing: pre_arrival has {{guest_name}}'],
      'parameters.guest_nam': ['is no parameter of pre_arrival, which has guest_name, check_in'],
    });
    const parameters = { guest_name: 'Karim', check_in: '12 août' };
    expect((await prepare(world, { parameters })).language).toBe('fr'); // Its only one.
    const english = await world.post('/v1/whatsapp-messages', { ...GREETING, parameters, language: 'en' });
    expect(english.body.errors).toEqual({ language: ['must be one that pre_arrival is registered in: fr'] });
    await register({ language: 'en', body: 'Hello {{1}} and {{2}}' });
    expect((await prepare(world, { parameters: ['a', 'b'] })).language).toBe('en');
    const none = await world.post('/v1/whatsapp-messages', { ...GREETING, parameters: undefined });
    expect(Object.keys(none.body.errors)).toEqual(['parameters.0', 'parameters.1']);
    const few = await world.post('/v1/whatsapp-messages', { ...GREETING, parameters: ['a'] });
    expect(few.body.errors).toEqual({ 'parameters.1': ['is missing: pre_arrival has {{2}}'] });
    const named = await world.post('/v1/whatsapp-messages', { ...GREETING, parameters });
    expect(Object.keys(named.body.errors)).toEqual(['parameters']);
  });

  test('a template is registered once a language, and its text is read as Meta reads it', async () => {
    const { world } = await startConnected();
    const template = { name: 'welcome', language: 'en_US', body: 'Hello {{guest_name}}' };
    const asked = await Promise.all([1, 2].map(() => world.post('/v1/whatsapp-templates', template)));
    expect(asked.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(asked.find(({ status }) => status === 409)!.body.code).toBe('TEMPLATE_TAKEN');
    const { id } = asked.find(({ status }) => status === 201)!.body.data;
    const other = (await world.post('/v1/whatsapp-templates', { ...template, language: 'fr' })).body.data;
    expect((await world.patch(`/v1/whatsapp-templates/${other.id}`, { language: 'en_US' })).body.code).toBe(
      'TEMPLATE_TAKEN',
    );
    for (const body of ['', ' ', 'Hi {{Guest}}', 'Hi {{a}} {{1}}', 'Hi {{2}}', 'Hi {{', 'Hi {{}}', 'x'.repeat(1_025)]) {
      const answer = await world.patch(`/v1/whatsapp-templates/${id}`, { body });
      expect([body, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([body, 422, ['body']]);
    }
    expect((await world.patch(`/v1/whatsapp-templates/${id}`, { body: null })).status).toBe(422);
    const changed = await world.patch(`/v1/whatsapp-templates/${id}`, { body: 'No {{2}} but {{1}}' });
    expect(changed.body.data).toMatchObject({ name: 'welcome', parameters: ['1', '2'] });
    expect((await world.delete(`/v1/whatsapp-templates/${id}`)).status).toBe(204);
    expect((await world.get(`/v1/whatsapp-templates/${id}`)).status).toBe(404);
  });
});

describe('who may', () => {
  test('each ability alone opens what it says and no more', async () => {
    const { world } = await startConnected();
    const { id } = await prepare(world);
    const template = { name: 'welcome', language: 'en', body: 'Hello' };
    const templateId = (await world.post('/v1/whatsapp-templates', template)).body.data.id;
    const doors: [string, (one: Integrator) => Promise<Answer>][] = [
      ['whatsapp:read', (one) => one.get('/v1/whatsapp-messages')],
      ['whatsapp:read', (one) => one.get(`/v1/whatsapp-messages/${id}`)],
      ['whatsapp:read', (one) => one.get('/v1/whatsapp-templates')],
      ['whatsapp:read', (one) => one.get(`/v1/whatsapp-templates/${templateId}`)],
      ['whatsapp:write', (one) => one.post('/v1/whatsapp-messages', GREETING)],
      ['whatsapp:write', (one) => one.post(`/v1/whatsapp-messages/${id}/send`)],
      ['whatsapp:write', (one) => one.post(`/v1/whatsapp-messages/${id}/cancel`)],
      ['agency:write', (one) => one.post('/v1/whatsapp-templates', { ...template, language: 'fr' })],
      ['agency:write', (one) => one.patch(`/v1/whatsapp-templates/${templateId}`, { body: 'Hi' })],
      ['agency:read', (one) => one.get('/v1/whatsapp-account')],
      ['agency:write', (one) => one.put('/v1/whatsapp-account', ACCOUNT)],
      ['agency:write', (one) => one.delete(`/v1/whatsapp-templates/${templateId}`)],
      ['agency:write', (one) => one.delete('/v1/whatsapp-account')],
    ];
    const abilities = ['whatsapp:read', 'whatsapp:write', 'agency:read', 'agency:write'];
    const holders = new Map(
      await Promise.all(abilities.map(async (one) => [one, await world.withAbilities(one)] as const)),
    );
    for (const [ability, ask] of doors) {
      for (const other of abilities.filter((one) => one !== ability))
        expect([ability, other, (await ask(holders.get(other)!)).status]).toEqual([ability, other, 403]);
      expect([ability, (await ask(holders.get(ability)!)).status]).toEqual([
        ability,
        expect.toBeOneOf([200, 201, 204]),
      ]);
    }
  });

  // A CRM writes to guests by their bookings; what their numbers are is not its business, and a leak of it is ours.
  test('a message to a booking’s guest needs no number, and tells it to nobody who may not read messages', async () => {
    const { world, whatsapp } = await startConnected();
    const { id: booking_id } = await world.book({ guest_phone: '00212 612-345678' });
    const message = { ...GREETING, to: undefined, booking_id };
    const writer = await world.withAbilities('whatsapp:write');
    const mine = await prepare(writer, message);
    expect(mine).toMatchObject({ booking_id, to: null, status: 'queued' });
    expect((await writer.post(`/v1/whatsapp-messages/${mine.id}/send`)).body.data.to).toBeNull();
    expect((await prepare(writer)).to).toBe('+212612345678'); // It has said the number itself.
    expect((await prepare(world, message)).to).toBe('+212612345678');
    expect((await read(world, mine.id)).to).toBe('+212612345678');
    await world.relay();
    expect(whatsapp.calls.map(({ body }) => body.to)).toEqual(Array(3).fill('212612345678'));

    for (const guest_phone of [undefined, '0612345678']) {
      const other = await world.book({ guest_phone });
      const { status, body, text } = await writer.post('/v1/whatsapp-messages', { ...message, booking_id: other.id });
      expect([guest_phone, status, Object.keys(body.errors)]).toEqual([guest_phone, 422, ['to']]);
      expect(text).not.toContain('612345678');
    }
  });

  test('another agency’s messages and templates are answered like ones that never were', async () => {
    const { world } = await startConnected();
    const stranger = await world.anotherAgency();
    const { id } = await prepare(world);
    const template = (await world.post('/v1/whatsapp-templates', { name: 'a', language: 'en', body: 'b' })).body.data
      .id;
    const answers = [
      await stranger.get(`/v1/whatsapp-messages/${id}`),
      await stranger.post(`/v1/whatsapp-messages/${id}/send`),
      await stranger.post(`/v1/whatsapp-messages/${id}/cancel`),
      await stranger.patch(`/v1/whatsapp-templates/${template}`, { body: 'c' }),
      await stranger.delete(`/v1/whatsapp-templates/${template}`),
      await stranger.get('/v1/whatsapp-account'),
      await stranger.delete('/v1/whatsapp-account'),
    ];
    expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(404));
    const booking = await world.book();
    const theirs = await stranger.post('/v1/whatsapp-messages', { ...GREETING, booking_id: booking.id });
    expect([theirs.status, Object.keys(theirs.body.errors)]).toEqual([422, ['booking_id']]);
    expect((await stranger.get('/v1/whatsapp-messages')).body.meta.total).toBe(0);
  });
});

describe('reading', () => {
  test('a list is one SQL statement, at 5 rows and at 50, and its filters find what they say', async () => {
    const { world } = await startConnected({ connected: false });
    const booking = await world.book();
    for (let i = 0; i < 50; i++)
      await prepare(world, { template: i % 2 ? 'odd' : 'even', ...(i === 7 && { booking_id: booking.id }) });
    for (const size of [5, 50]) {
      expect(await world.statements(() => world.get(`/v1/whatsapp-messages?per_page=${size}`))).toBe(1);
      expect(await world.statements(() => world.get(`/v1/whatsapp-templates?per_page=${size}`))).toBe(1);
    }
    const total = async (query: string) => (await world.get(`/v1/whatsapp-messages?${query}`)).body.meta.total;
    expect(await total('template=odd')).toBe(25);
    expect(await total(`booking_id=${booking.id}`)).toBe(1);
    expect(await total('status=prepared,failed')).toBe(50);
    expect(await total('status=sent')).toBe(0);
  });

  // A BI tool must not get other bytes on a fast day than on a slow one.
  test('parameters of every form read the same with the planner and without', async () => {
    const { world } = await startConnected({ connected: false });
    const forms = [
      {},
      [],
      ['b', 'a'],
      { zz: '1', a: '2', mmm_9: 'Zoë "la" \\ ✨ /\u00a0!', '9a': '{"x": 1}' },
      { a: 'l’été   à 3 blancs : , "' },
    ];
    for (const parameters of forms) await prepare(world, { parameters });
    const document = parse('{ whatsappMessages(orderBy: ID_ASC) { nodes { id parameters status bookingId sendAt } } }');
    const context = { viewer: world.viewer, signal: new AbortController().signal };
    const plan = planQuery(schema, document, document.definitions[0] as never, {});
    const ordinary = await execute({ schema, document, contextValue: context });
    expect(plan).toBeDefined();
    expect(await plan!.run(context, {})).toBe(JSON.stringify(ordinary.data));
    const { body } = await world.get('/v1/whatsapp-messages?sort=id_asc');
    expect(body.data.map(({ parameters }: { parameters: unknown }) => parameters)).toEqual(forms);
  });
});
