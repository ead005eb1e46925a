import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { clock } from '../core/clock.ts';
import { attempts } from '../core/metrics.ts';
import type { Services } from '../core/viewer.ts';
import { eventNamed } from '../outbox/event.ts';
import { shapedBody } from '../outbox/fit.ts';
import { agencyViewer } from '../platform/agency-viewer.ts';
import { readSelection, type Shape } from '../platform/webhooks/selection.ts';
import type { Claimed } from './claim.ts';
import type { Answer } from './deliver.ts';
import { explain, type Outcome } from './outcome.ts';
import { missing, needsOf, whyForbidden } from './rights.ts';

/** What is to be sent; or why nothing is, which is the attempt's answer; or that this must wait for a better time. */
export type Prepared = { send: Claimed } | { answer: Answer } | 'later';

interface Deps extends Services {
  schema: GraphQLSchema;
  log: Logger;
  /** How long a delivery is tried, from its first claim on. */
  windowMs: number;
}

/**
 * The step between a claim and its call: asks once more whether the endpoint's token may read what it is about to be told, and
 * renders its selection. An endpoint without a selection waits for nothing here.
 */
export function openPreparation({ schema, log, windowMs, ...services }: Deps) {
  const shapes = new LRUCache<string, Shape>({ max: 500 });
  const room = openRoom(MOST_RENDERED);

  return (delivery: Claimed): Prepared | Promise<Prepared> => {
    if (delivery.test) return { send: delivery };
    const { rights, shaped, eventType } = delivery;
    const lacks = missing(rights, [...needsOf(eventType), ...(shaped?.abilities ?? [])]);
    if (lacks.length > 0) return ended('forbidden', new Error(whyForbidden(lacks)));
    if (shaped) return { send: { ...delivery, body: shaped.body } };
    return delivery.selection === null ? { send: delivery } : shape(delivery, delivery.selection);
  };

  async function shape(delivery: Claimed, selection: string): Promise<Prepared> {
    try {
      const shape = shapeOf(delivery.eventType, selection);
      const lacks = missing(delivery.rights, shape.abilities);
      if (lacks.length > 0) return ended('forbidden', new Error(whyForbidden(lacks)));
      const body = await inTime(room(() => render(delivery, shape)));
      return { send: { ...delivery, body } };
    } catch (error) {
      const context = { err: error, delivery: delivery.deliveryId, endpoint: delivery.endpointId };
      log.error(context, 'what a selection asks for could not be rendered');
      const over = clock.now().getTime() - delivery.firstAt.getTime() >= windowMs;
      return over ? ended('internal', error) : 'later';
    }
  }

  function shapeOf(eventType: string, selection: string): Shape {
    const read = eventNamed(eventType)?.read;
    if (!read) throw new Error(`${eventType} has no subject that could be selected from.`);
    const key = `${read} ${selection}`;
    const shape = shapes.get(key) ?? readSelection(schema, selection, read);
    shapes.set(key, shape);
    return shape;
  }

  /** The body that is kept: another relay may have rendered and sent this event meanwhile, and then its bytes are the ones. */
  async function render(delivery: Claimed, shape: Shape): Promise<string> {
    const viewer = await agencyViewer(services, delivery.agencyId, 'relay', { abilities: delivery.rights });
    if (!viewer) throw new Error(`There is no agency ${delivery.agencyId} any more.`);
    shape.admit(viewer);
    const [noun, id] = delivery.subject.split(':');
    if (noun !== shape.noun) throw new Error(`${delivery.eventType} is about ${noun}, not ${shape.noun}.`);
    const state = await shape.render(viewer, id!);
    const envelope = JSON.parse(delivery.body);
    const body = shapedBody({ noun, id: id!, state }, (data) => JSON.stringify({ ...envelope, data }));
    const { rows } = await services.database.system.query({
      name: 'keep-shaped',
      text: KEEP_SHAPED,
      values: [delivery.agencyId, delivery.eventId, delivery.endpointId, body, shape.abilities],
    });
    return rows[0]?.body ?? (await kept(delivery));
  }

  async function kept({ agencyId, eventId, endpointId }: Claimed): Promise<string> {
    const { rows } = await services.database.system.query({
      name: 'kept-shaped',
      text: 'select body from shaped_body where agency_id = $1 and event_id = $2 and endpoint_id = $3',
      values: [agencyId, eventId, endpointId],
    });
    return rows[0].body;
  }
}

// Nothing is written for an event that has been rendered for this endpoint before: every attempt and replay sends the same.
const KEEP_SHAPED = `
  insert into shaped_body (agency_id, event_id, endpoint_id, body, abilities) values ($1, $2, $3, $4, $5)
  on conflict do nothing returning body`;

/** Selections that are rendered at once: they use the connections that requests use, and must leave them some. */
const MOST_RENDERED = 4;
/** Well within the margin of a lease, so that the call that follows is still ours. */
const RENDER_MS = 3_000;
/** How long a delivery that could not be rendered waits. */
export const LATER_MS = 60_000;

/** An attempt without a call. It is counted here, because only calls are observed. */
function ended(outcome: Outcome, error: unknown): { answer: Answer } {
  attempts.inc({ outcome });
  return { answer: { outcome, error: explain({ outcome, error }), totalMs: 0 } };
}

/** Runs at most this many at once; the others wait in the order in which they came. */
function openRoom(most: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= most) await new Promise<void>((admitted) => waiting.push(admitted));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${RENDER_MS / 1000} s.`)), RENDER_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
