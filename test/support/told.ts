import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { schema } from '../../src/domains.ts';
import { doors } from '../../src/doors.ts';
import { printOpenApi } from '../../src/gateway/openapi/document.ts';
import { compileRoutes } from '../../src/gateway/rest/route.ts';
import { rows } from '../../src/routes.ts';
import type { Answer } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: read as a client reads it, without our types
export const document: any = JSON.parse(JSON.stringify(printOpenApi(compileRoutes(schema, rows), doors)));

/** Checks values against the document's schemas, strictly, as a generated client would. */
const ajv = addFormats.default(new Ajv.default({ strict: false, allErrors: true }));
ajv.addSchema({ $id: 'document', components: document.components });

/** The schema with its references leading into the document. */
const local = (shape: object): object =>
  JSON.parse(JSON.stringify(shape).replaceAll('"#/components', '"document#/components'));

export function expectValid(shape: object, value: unknown): void {
  const validate = ajv.compile(local(shape));
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}

/** Holds an answer to what the document says of it. */
export function expectAsTold(method: string, path: string, answer: Answer): void {
  const told = document.paths[path][method.toLowerCase()].responses[answer.status];
  expect(told, `${method} ${path} ${answer.status}`).toBeDefined();
  const response = told.$ref ? document.components.responses[told.$ref.split('/').at(-1)] : told;
  if (!response.content) expect(answer.text).toBe('');
  else expectValid(response.content['application/json'].schema, answer.body);
}
