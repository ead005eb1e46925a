import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type JetStreamClient,
  jetstreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';

/** What is known of the log in NATS: the stream that keeps it, and the one consumer that all relays share. */
export interface LogStream {
  js: JetStreamClient;
  consumer: Consumer;
}

/** The stream's name, and the subject of an event: `bellhop.log.42.booking.created`. */
export const streamOf = (prefix: string): string => `${prefix}-log`;
export const subjectOf = (prefix: string, agencyId: number, type: string): string =>
  `${prefix}.log.${agencyId}.${type}`;

/**
 * Finds the stream and the relays' consumer, and makes what isn't there. What is there is used as it is: replicas, limits
 * and AckWait are their operator's to change. `beforeMade` is called before a stream is made, which knows nothing of what
 * an earlier one was given.
 */
export async function openStream(
  connection: NatsConnection,
  { prefix, beforeMade }: { prefix: string; beforeMade: () => Promise<void> },
): Promise<LogStream> {
  const stream = streamOf(prefix);
  const manager = await jetstreamManager(connection).catch((error: Error) => {
    throw new Error(`NATS answers without JetStream; start nats-server with -js. ${error.message}`, { cause: error });
  });
  const { streams, consumers } = manager;
  if (await isMissing(() => streams.info(stream))) {
    await beforeMade();
    await streams.add({ ...STREAM, name: stream, subjects: [`${prefix}.log.>`] });
  }
  if (await isMissing(() => consumers.info(stream, CONSUMER.durable_name))) await consumers.add(stream, CONSUMER);
  const js = manager.jetstream();
  return { js, consumer: await js.consumers.get(stream, CONSUMER.durable_name) };
}

async function isMissing(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return false;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return true;
    throw error;
  }
}

/** A day of the log, so that other programs may read it too; on disk. What is published again within two minutes is kept once. */
const STREAM: Partial<StreamConfig> = {
  description: 'The event log of Bellhop',
  max_age: nanos(24 * 3_600_000),
  duplicate_window: nanos(2 * 60_000),
};

/**
 * AckWait is a relay's lease: what it was given and hasn't answered for by then is given to another. A fan-out takes
 * milliseconds, and PostgreSQL ends one that stands still after five seconds.
 */
const CONSUMER = {
  durable_name: 'relay',
  description: 'Bellhop’s relays',
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(15_000),
  max_ack_pending: 10_000,
  max_deliver: -1,
} satisfies Partial<ConsumerConfig>;
