import { type GraphQLField, isInputObjectType, isObjectType, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../src/domains.ts';
import { doors } from '../src/doors.ts';
import { printAsyncApi } from '../src/gateway/asyncapi/document.ts';
import { printOpenApi } from '../src/gateway/openapi/document.ts';
import { compileRoutes } from '../src/gateway/rest/route.ts';
import { optionsOf } from '../src/graph/guard.ts';
import { catalogue } from '../src/outbox/event.ts';
import { publishedConnectForm, publishedEvent } from '../src/outbox/published.ts';
import { rows } from '../src/routes.ts';

// Clients are generated from these files and reviewers read their diff. `npm run schema` prints them anew.
test('schema/ is what the code prints', async () => {
  await expect(`${printSchema(schema)}\n`).toMatchFileSnapshot('../schema/schema.graphql');
  await expect(json(printOpenApi(compileRoutes(schema, rows), doors))).toMatchFileSnapshot('../schema/openapi.json');
  await expect(json(printAsyncApi())).toMatchFileSnapshot('../schema/asyncapi.json');
  for (const event of catalogue()) {
    await expect(json(publishedEvent(event))).toMatchFileSnapshot(`../schema/events/${event.name}.json`);
    const connect = publishedConnectForm(event);
    if (connect) await expect(json(connect)).toMatchFileSnapshot(`../schema/connect/${event.connect!.name}.json`);
  }
});

/** What any token may ask: who it is. Everything else needs an ability. */
const PUBLIC = ['Query.me'];

// A root field that nobody gave an ability would be open to every token of every agency.
test('every root field names its ability, or stands in the short public list', () => {
  const open = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.values(type!.getFields())
      .filter((field) => !optionsOf(field).ability)
      .map((field) => `${type!.name}.${field.name}`),
  );
  expect(open).toEqual(PUBLIC);
});

// What GraphiQL and the OpenAPI document can't explain is a question to somebody who sleeps.
test('every type, field and event says what it is', () => {
  const silent: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (!type.description) silent.push(type.name);
    if (!isObjectType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields()) as GraphQLField<unknown, unknown>[]) {
      if (!field.description) silent.push(`${type.name}.${field.name}`);
    }
  }
  expect(silent).toEqual([]);
  expect(catalogue().filter(({ summary }) => !summary)).toEqual([]);
});

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
