import {
  type DocumentNode,
  execute,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import type { Ability } from '../../core/abilities.ts';
import { DomainError } from '../../core/errors.ts';
import { snake } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import { admit, planOf } from '../../graph/guard.ts';
import { reads } from '../../graph/read.ts';
import { catalogue, covers } from '../../outbox/event.ts';
import { planQuery } from '../../planner/plan.ts';

/** A selection that was read once: what it needs of a token, and how the subject's state is had in its shape. */
export interface Shape {
  /** The key of `data`: `booking`. */
  noun: string;
  /** What reading the subject and every selected field takes. */
  abilities: Ability[];
  /** Refuses a viewer who may not read all of it, and a selection that costs more than a request may. */
  admit(viewer: Viewer): void;
  /** The subject with this id as the viewer sees it now; null when it is no more. */
  render(viewer: Viewer, id: string): Promise<unknown>;
}

/** What is wrong with a selection, in words that go on where the field's name ends. */
class WrongSelection extends Error {}

/** Reads `{ id reference property { name } }` as a selection of what the root field `read` answers with. */
export function readSelection(schema: GraphQLSchema, text: string, read: string): Shape {
  const { id = 'int', ability } = reads.get(read)!.list;
  const { document, operation } = documentOf(read, selectionSetOf(text), id === 'int' ? 'ID' : 'UUID');
  const [invalid] = validate(schema, document);
  if (invalid) throw new WrongSelection(`is not a selection of ${typeOf(schema, read)}: ${invalid.message}`);
  const guard = planOf(schema, document, operation);
  const plan = planQuery(schema, document, operation, {});
  return {
    noun: snake(read),
    abilities: [...new Set([ability, ...guard.abilities])],
    admit(viewer) {
      try {
        admit(viewer, guard, {});
      } catch (error) {
        if (error instanceof DomainError && error.code === 'COST_EXCEEDED')
          throw new WrongSelection(`is too much for one event. ${error.message}`);
        throw error;
      }
    },
    async render(viewer, id) {
      const context = { viewer, signal: new AbortController().signal };
      const planned = await plan?.run(context, { id });
      if (planned !== undefined) return JSON.parse(planned)[SUBJECT];
      const { data, errors } = await execute({
        schema,
        document,
        contextValue: context,
        variableValues: { id },
      });
      if (errors?.[0]) throw errors[0].originalError ?? errors[0];
      return data![SUBJECT];
    },
  };
}

/**
 * What keeps an endpoint from being sent this selection, or nothing. A viewer who may not read all of it is refused as by any
 * request that asks for it.
 */
export function selectionProblem(
  viewer: Viewer,
  schema: GraphQLSchema,
  { selection, events, format }: { selection: string | null; events: string[]; format: 'STANDARD' | 'CONNECT' },
): string | undefined {
  if (selection === null) return undefined;
  if (format === 'CONNECT') return 'shapes the standard envelope only; leave it out, or make the format standard';
  try {
    readSelection(schema, selection, subjectRead(events)).admit(viewer);
    return undefined;
  } catch (error) {
    if (error instanceof WrongSelection) return error.message;
    throw error;
  }
}

/** The root field that reads the subject of all events that these patterns cover, or what keeps them from having one. */
function subjectRead(patterns: string[]): string {
  const events = catalogue().filter(({ name }) => patterns.some((pattern) => covers(pattern, name)));
  const found = [...new Set(events.flatMap(({ read }) => read ?? []))];
  if (found.length > 1) {
    const subjects = found.map(snake).join(', ');
    throw new WrongSelection(`needs events of one subject; these are of ${subjects}. Register an endpoint for each`);
  }
  const strange = events.find(({ read }) => read === undefined);
  if (strange) throw new WrongSelection(`can't be had with ${strange.name}: its subject is no type of the schema`);
  return found[0]!;
}

/** The key that the document gives the subject, whatever its root field is. */
const SUBJECT = 'subject';
const MOST_CHARACTERS = 10_000;
const MOST_TOKENS = 2_000;

/** Taken from the tree and not from the text, so that nothing can be said behind the closing brace. */
function selectionSetOf(text: string): SelectionSetNode {
  if (text.length > MOST_CHARACTERS) throw new WrongSelection(`must be at most ${MOST_CHARACTERS} characters long`);
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: MOST_TOKENS, noLocation: true });
  } catch (error) {
    throw new WrongSelection(`can't be read: ${error instanceof Error ? error.message : error}`);
  }
  const [only, ...others] = document.definitions;
  const bare =
    text.trimStart().startsWith('{') && only?.kind === Kind.OPERATION_DEFINITION && others.length === 0 && only;
  if (!bare) throw new WrongSelection('must be one selection in braces, such as { id reference }');
  return bare.selectionSet;
}

function documentOf(
  read: string,
  selectionSet: SelectionSetNode,
  idType: string,
): { document: DocumentNode; operation: OperationDefinitionNode } {
  const document = parse(`query ($id: ${idType}!) { ${SUBJECT}: ${read}(id: $id) { __typename } }`, {
    noLocation: true,
  });
  const [frame] = document.definitions as [OperationDefinitionNode];
  const [root] = frame.selectionSet.selections;
  const operation = {
    ...frame,
    selectionSet: { ...frame.selectionSet, selections: [{ ...root!, selectionSet }] },
  } as OperationDefinitionNode;
  return { document: { ...document, definitions: [operation] }, operation };
}

const typeOf = (schema: GraphQLSchema, read: string): string =>
  String(schema.getQueryType()!.getFields()[read]!.type).replace('!', '');
