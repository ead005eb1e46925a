import { setTimeout as pause } from 'node:timers/promises';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsConfig } from '../../config.ts';
import type { Transport, TransportDeps } from '../transport.ts';
import { ANSWER_MS, type Connected, connectNats } from './connect.ts';
import { forgetPublished, publishDue } from './publish.ts';
import { type LogStream, openStream } from './stream.ts';
import { answer, takeMessages } from './take.ts';

/**
 * Events go through a stream of NATS JetStream, under their own ids: whichever relay comes first publishes them, and each
 * message is given to one of the relays, until that one answers for it or its lease (AckWait) ends.
 */
export function openNatsTransport(deps: TransportDeps, config: NatsConfig): Transport {
  const { pool, log, onArrival } = deps;
  const { prefix } = config;
  /** Given to us, and not begun. */
  const waiting: JsMsg[] = [];
  let nats: Connected | undefined;
  let opening: Promise<Opened> | undefined;
  let current: Opened | undefined;
  /** Why we were given nothing any more, until somebody has been told. */
  let failure: unknown;
  let roomMade = () => {};

  return {
    async publish(front) {
      const opened = await open();
      if (nats!.isAway()) throw new Error('NATS is away; events wait in the log');
      try {
        return await publishDue(pool, opened, { prefix, front });
      } catch (error) {
        leave(opened); // The stream may be gone: the next look finds out.
        throw error;
      }
    },
    async dispatch() {
      const failed = failure;
      failure = undefined;
      if (failed) throw failed;
      await open();
      const messages = waiting.splice(0, MOST_EVENTS);
      roomMade();
      if (messages.length === 0) return 0;
      try {
        return await takeMessages(pool, messages, log);
      } catch (error) {
        waiting.unshift(...messages);
        throw error;
      }
    },
    async arrived() {
      const { consumer } = await open();
      for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await pause(5)) {
        if (waiting.length > 0) return;
        const { num_pending, num_ack_pending } = await consumer.info();
        if (num_pending === 0 && num_ack_pending === 0) return;
      }
    },
    async close() {
      const opened = await opening?.catch(() => undefined);
      if (opened) leave(opened);
      for (const message of waiting.splice(0)) answer(() => message.nak());
      if (!nats) return;
      const flushed = nats.isAway() ? undefined : nats.connection.drain().catch(() => {});
      await Promise.race([flushed, pause(ANSWER_MS, undefined, { ref: false })]);
      await nats.connection.close();
    },
  };

  function open(): Promise<Opened> {
    opening ??= connectAndOpen().catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function connectAndOpen(): Promise<Opened> {
    if (!nats || nats.connection.isClosed()) nats = await connectNats(config, log);
    const stream = await openStream(nats.connection, { prefix, beforeMade: () => forgetPublished(pool) });
    const messages = await stream.consumer.consume(CONSUME);
    const opened = { ...stream, messages };
    current = opened;
    receive(opened)
      .catch((error) => {
        if (current === opened) failure = error;
      })
      .finally(() => leave(opened));
    return opened;
  }

  /** Takes no more than we can begin soon: a message's lease begins when it is given to us. */
  async function receive({ messages }: Opened): Promise<void> {
    for await (const message of messages) {
      waiting.push(message);
      onArrival();
      if (waiting.length < MOST_WAITING) continue;
      await new Promise<void>((resolve) => {
        roomMade = resolve;
      });
    }
  }

  /** Whoever looks next opens it anew. */
  function leave(opened: Opened): void {
    if (current !== opened) return;
    current = undefined;
    opening = undefined;
    opened.messages.stop();
    onArrival();
  }
}

interface Opened extends LogStream {
  messages: ConsumerMessages;
}

/** Bounds the transaction, not the work: the loop comes again at once. */
const MOST_EVENTS = 500;
const MOST_WAITING = 500;
/** A stream that is gone is noticed when two heartbeats have not come. */
const CONSUME = { max_messages: 250, expires: 5_000, idle_heartbeat: 1_000, abort_on_missing_resource: true };
const PATIENCE_MS = 5_000;
