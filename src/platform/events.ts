import { refuse } from '../core/errors.ts';
import { nearest } from '../core/text.ts';
import type { Viewer } from '../core/viewer.ts';
import { queryable } from '../database/queryable.ts';
import { builder } from '../graph/builder.ts';
import { followLog, headCursor, type LogEvent, type LogPage, readLog } from '../outbox/log.ts';
import { knownPatterns } from './webhooks/patterns.ts';

const LIMIT = 1_000;

const Event = builder.objectRef<LogEvent>('Event').implement({
  description: 'Something that happened, as webhooks tell it.',
  fields: (t) => ({
    id: t.field({
      type: 'UUID',
      description: 'The same in the log, in every delivery and at every replay.',
      resolve: ({ id }) => id,
    }),
    event: t.exposeString('type'),
    createdAt: t.expose('occurredAt', { type: 'DateTime' }),
    agencyId: t.id({ resolve: (_event, _args, { viewer }) => viewer.agency.id }),
    data: t.field({ type: 'JSON', description: 'The body’s `data`.', resolve: ({ body }) => JSON.parse(body).data }),
    subject: t.exposeString('subject', { description: '`booking:9876`' }),
    subjectSequence: t.exposeInt('subjectSeq', {
      description: 'Rises with each event of this subject, so that a late one can be told.',
    }),
    cursor: t.exposeString('cursor', { description: 'Reading on after this event.' }),
  }),
});

const EventPage = builder.objectRef<LogPage>('EventPage').implement({
  description: 'A piece of the event log, oldest first.',
  fields: (t) => ({
    nodes: t.field({ type: [Event], resolve: ({ events }) => events }),
    nextCursor: t.exposeString('cursor', { description: 'Where to read on; also on an empty page.' }),
    hasMore: t.exposeBoolean('more', { description: 'True when there is more to read at once.' }),
  }),
});

builder.queryField('eventLog', (t) =>
  t.field({
    type: EventPage,
    description: 'The event log, oldest first, from any cursor: what webhooks deliver, without gaps.',
    ability: 'events:read',
    args: {
      after: t.arg.string({ description: 'A cursor; the beginning of the log when not said.' }),
      since: t.arg({ type: 'DateTime', description: 'Only what has happened at or after this instant.' }),
      types: t.arg.stringList({ description: 'Event names or `family.*`; all when not said.' }),
      limit: t.arg.int({ description: `At most ${LIMIT}; 100 when not said.` }),
    },
    resolve: (_root, { after, since, types, limit }, { viewer }) => {
      const most = limit ?? 100;
      refuse({ limit: (most < 1 || most > LIMIT) && `must be from 1 to ${LIMIT}`, types: typesProblem(types) });
      return read(viewer, {
        after: after ?? undefined,
        since: since ?? undefined,
        types: types ?? undefined,
        limit: most,
      });
    },
  }),
);

builder.subscriptionField('events', (t) =>
  t.field({
    type: Event,
    description:
      'The event log as it grows, over Server-Sent Events. Resume with the cursor of the last event that was seen.',
    ability: 'events:read',
    args: {
      types: t.arg.stringList({ description: 'Event names or `family.*`; all when not said.' }),
      after: t.arg.string({ description: 'A cursor; only what happens from now on when not said.' }),
    },
    subscribe: (_root, { types, after }, { viewer, signal }) => {
      refuse({ types: typesProblem(types) });
      return followLog({
        after: after ?? undefined,
        head: () => headCursor(queryable(viewer.db)),
        readPage: async (cursor) => {
          await viewer.stillLetIn();
          return read(viewer, { after: cursor, types: types ?? undefined, limit: 100 });
        },
        wake: viewer.wake,
        signal,
      });
    },
    resolve: (event) => event,
  }),
);

function read(
  viewer: Viewer,
  page: { after?: string; since?: Date; types?: string[]; limit: number },
): Promise<LogPage> {
  return readLog(queryable(viewer.db), { agencyId: viewer.agency.id, ...page });
}

function typesProblem(types: string[] | null | undefined): string | undefined {
  const known = knownPatterns('STANDARD');
  const unknown = types?.find((type) => !known.has(type));
  return (
    unknown && `must be event names, family.* or *; ${unknown} is not. Did you mean ${nearest(unknown, [...known])}?`
  );
}
