import { v7 as uuid } from 'uuid';
import { Conflict, refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { queryable } from '../../database/queryable.ts';
import { builder } from '../../graph/builder.ts';
import { catalogue, covers, eventNamed } from '../../outbox/event.ts';
import { record } from '../../outbox/record.ts';
import { queueDeliveries } from '../../relay/queue.ts';
import { Delivery } from './deliveries.ts';
import { endpointOf } from './update.ts';

/**
 * Sends an endpoint the catalogue's example of an event through the real path: signed, logged, tried again. Nothing has
 * happened, so it stands in nobody's log and no other endpoint hears of it.
 */
export function sendTest(viewer: Viewer, { id, event: name }: { id: string; event?: string | null }) {
  refuse({ event: name != null && !eventNamed(name) && 'is not in the catalogue (GET /v1/webhook-events)' });
  return viewer.write(async (tx, _emit, audit) => {
    const endpoint = await endpointOf(tx, id);
    if (!endpoint.enabled) throw new Conflict('ENDPOINT_DISABLED', 'This endpoint is disabled. Enable it first.');
    const connect = endpoint.format === 'CONNECT';
    const wanted = catalogue().filter((e) => (connect ? e.connect : true));
    const event =
      (name != null && eventNamed(name)) ||
      wanted.find((e) => endpoint.events.some((pattern) => covers(pattern, e.name) || pattern === e.connect?.name)) ||
      wanted[0]!;
    refuse({ event: connect && !event.connect && 'has no form in Connect’s words, which this endpoint reads' });
    const example = {
      ...event,
      render: () => event.example,
      subject: () => ({ kind: 'test', id: endpoint.id, version: 0 }),
      connect: event.connect && { ...event.connect, render: () => event.connectExample! },
    };
    const { id: eventId } = await record(tx, viewer.agency.id, example, {}, { silent: true, test: true });
    const delivery = {
      id: uuid(),
      agencyId: viewer.agency.id,
      eventId,
      endpointId: endpoint.id,
      eventType: event.name,
    };
    await queueDeliveries(queryable(tx), [{ ...delivery, test: true }]);
    audit('webhook.tested', `webhook:${endpoint.id}`, { event: event.name });
    return tx.delivery.findFirstOrThrow({ where: { id: delivery.id } });
  });
}

builder.mutationField('testWebhook', (t) =>
  t.field({
    type: Delivery,
    description: 'Sends the example of an event to an endpoint through the real path: signed, logged and tried again.',
    ability: 'webhooks:write',
    args: {
      id: t.arg.id({ required: true }),
      event: t.arg.string({ description: 'The first that the endpoint asks for when not said.' }),
    },
    resolve: (_root, { id, event }, { viewer }) => sendTest(viewer, { id, event }),
  }),
);
