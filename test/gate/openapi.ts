import { isDeepStrictEqual } from 'node:util';
import type { Changes } from './change.ts';
import { type Comparison, compareShapes, type Resolve, type Shape } from './shape.ts';

/** Compares two OpenAPI documents of ours: every operation that was there, and every call that a webhook may be. */
export function compareOpenApi(before: Shape, after: Shape, changes: Changes): void {
  const documents = { before, after };
  const references = { before: schemasOf(before), after: schemasOf(after) };
  const met = new Set<string>();
  for (const [path, item] of Object.entries<Shape>(before.paths)) {
    for (const [method, operation] of Object.entries<Shape>(item)) {
      const at = `OpenAPI ${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      if (!now) changes.breaking(`${at} is gone`);
      else compareOperations(operation, now, { at, document: 'OpenAPI', changes, references, met, documents });
    }
  }
  for (const [name, item] of Object.entries<Shape>(before.webhooks)) {
    const at = `OpenAPI webhook ${name}`;
    const now = after.webhooks[name]?.post;
    if (!now) changes.breaking(`${at} is gone`);
    else compareCalls(item.post, now, { at, document: 'OpenAPI', changes, references, met, documents });
  }
  if (!isDeepStrictEqual(before.security, after.security)) changes.breaking('OpenAPI has another way to sign in');
}

type Place = Omit<Comparison, 'direction'> & { documents: { before: Shape; after: Shape } };

/** What a client asks and is answered. */
function compareOperations(before: Shape, after: Shape, place: Place): void {
  const { at, changes } = place;
  if (before.operationId !== after.operationId)
    changes.breaking(`${at} is called ${after.operationId} instead of ${before.operationId}`); // A method of generated clients.
  if (!isDeepStrictEqual(before.security, after.security)) changes.breaking(`${at} has another way to sign in`);
  const needed = (after['x-abilities'] ?? []).filter((one: string) => !before['x-abilities']?.includes(one));
  if (needed.length > 0) changes.breaking(`${at} needs the ability ${needed.join(', ')} now`);
  compareParameters(before, after, { ...place, direction: 'asked' });
  compareBodies(before, after, { ...place, direction: 'asked' });
  compareAnswers(before, after, place);
}

/** What an endpoint of a customer receives. */
function compareCalls(before: Shape, after: Shape, place: Place): void {
  compareParameters(before, after, { ...place, direction: 'told' });
  compareBodies(before, after, { ...place, direction: 'told' });
}

function compareParameters(before: Shape, after: Shape, comparison: Comparison & Place): void {
  const { at, changes, direction, documents } = comparison;
  const [olds, news] = [parametersOf(before, documents.before), parametersOf(after, documents.after)];
  for (const [key, was] of olds) {
    const is = news.get(key);
    const place = `${at} ${key}`;
    if (!is) {
      changes.breaking(direction === 'told' ? `${place} is gone` : `${place} is not taken any more`);
      continue;
    }
    if (direction === 'asked' && is.required && !was.required) changes.breaking(`${place} is required now`);
    if (direction === 'told' && was.required && !is.required) changes.breaking(`${place} may be missing now`);
    if (was.style !== is.style || was.explode !== is.explode) changes.breaking(`${place} is written in another way`);
    compareShapes(was.schema ?? {}, is.schema ?? {}, { ...comparison, at: place });
  }
  if (direction === 'told') return;
  for (const [key, is] of news) if (is.required && !olds.has(key)) changes.breaking(`${at} ${key} is required now`);
}

function parametersOf(operation: Shape, document: Shape): Map<string, Shape> {
  const parameters: Shape[] = (operation.parameters ?? []).map((one: Shape) => followed(one, document));
  // A header has one name however it is spelt.
  return new Map(
    parameters.map((one) => [`${one.in} ${one.in === 'header' ? one.name.toLowerCase() : one.name}`, one]),
  );
}

function compareBodies(before: Shape, after: Shape, comparison: Comparison & Place): void {
  const { at, changes, direction } = comparison;
  const [was, is] = [before.requestBody, after.requestBody];
  if (direction === 'asked' && is?.required && !was?.required) changes.breaking(`${at} needs a body now`);
  if (was && !is) changes.breaking(`${at} has no body any more`);
  if (was && is) compareContents(was.content, is.content, { ...comparison, at: `${at} body` });
}

function compareAnswers(before: Shape, after: Shape, place: Place): void {
  const { at, changes, documents } = place;
  for (const [status, reference] of Object.entries<Shape>(before.responses)) {
    const is = after.responses[status] && followed(after.responses[status], documents.after);
    const here = `${at} ${status}`;
    if (!is) {
      if (status.startsWith('2')) changes.breaking(`${here} is not answered any more`);
      else changes.careful(`${here} is not answered any more`);
      continue;
    }
    const was = followed(reference, documents.before);
    for (const name of Object.keys(was.headers ?? {}))
      if (!is.headers?.[name]) changes.breaking(`${here} has no header ${name} any more`);
    compareContents(was.content ?? {}, is.content ?? {}, { ...place, direction: 'told', at: here });
  }
}

function compareContents(before: Shape, after: Shape, comparison: Comparison): void {
  const { at, changes } = comparison;
  for (const [type, was] of Object.entries<Shape>(before)) {
    if (!after[type]) changes.breaking(`${at} can't be ${type} any more`);
    else compareShapes(was.schema ?? {}, after[type].schema ?? {}, { ...comparison, at });
  }
}

function schemasOf(document: Shape): Resolve {
  return (shape) =>
    shape.$ref
      ? { shape: { ...followed(shape, document), description: shape.description }, name: shape.$ref.split('/').at(-1) }
      : { shape };
}

function followed(shape: Shape, document: Shape): Shape {
  if (!shape.$ref) return shape;
  let found: Shape | undefined = document;
  for (const key of shape.$ref.slice(2).split('/')) found = found?.[key];
  if (!found) throw new Error(`${shape.$ref} leads nowhere.`);
  return followed(found, document);
}
