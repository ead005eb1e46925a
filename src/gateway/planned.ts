import type { IncomingMessage } from 'node:http';
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { COST_LIMIT } from '../graph/cost.ts';
import { admit, type Plan, planOf } from '../graph/guard.ts';
import { planQuery, type QueryPlan } from '../planner/plan.ts';
import { deadline } from './deadline.ts';
import { type Asked, TOKEN_LIMIT } from './graphql.ts';

/** A document that was read once: what it needs and costs, and how its data is found. */
interface Known {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  guard: Plan;
  plan: QueryPlan;
  /** Has @include or @skip, so its shape is known only with the variables. */
  conditional: boolean;
}

/** An answer that needs no more work. */
export interface PlannedAnswer {
  type: string;
  body: string;
}

/**
 * Answers a GraphQL request by SQL alone, past Yoga and graphql-js, or says undefined and leaves it to them: everything
 * but a plain POST of JSON, everything that is wrong in any way, and everything that isn't planned goes the ordinary way,
 * which says it in the protocol's words. Abilities, cost and deadline hold here as there.
 */
export function openPlanned({ schema, log }: { schema: GraphQLSchema; log: Logger }) {
  const documents = new LRUCache<string, Known | 'ordinary'>({
    max: 1_000,
    maxEntrySize: 50_000,
    maxSize: 10_000_000,
    sizeCalculation: (_known, text) => text.length,
  });

  return async (request: IncomingMessage, body: unknown, asked: Asked): Promise<PlannedAnswer | undefined> => {
    const type = answerType(request.headers.accept);
    if (!type || !isRequest(body)) return undefined;
    const key = `${body.operationName ?? ''}\n${body.query}`;
    const known = documents.get(key) ?? read(key, body);
    if (known === 'ordinary') return undefined;
    const { coerced, errors } = getVariableValues(
      schema,
      known.operation.variableDefinitions ?? [],
      body.variables ?? {},
      { maxErrors: 1 },
    );
    if (errors) return undefined;
    try {
      const cost = admit(asked.viewer, known.guard, coerced);
      const plan = known.conditional ? planQuery(schema, known.document, known.operation, coerced) : known.plan;
      const data = await deadline(plan?.run(asked, coerced) ?? Promise.resolve(undefined));
      if (data === undefined) return undefined;
      return { type, body: `{"data":${data},"extensions":{"cost":{"requested":${cost},"limit":${COST_LIMIT}}}}` };
    } catch (error) {
      // Whatever went wrong goes wrong in the ordinary way as well, and is told there.
      log.debug({ err: error, requestId: asked.requestId }, 'a planned read is executed in the ordinary way');
      return undefined;
    }
  };

  function read(key: string, { query, operationName }: GraphqlRequest): Known | 'ordinary' {
    const known = compile(query, operationName ?? undefined) ?? 'ordinary';
    documents.set(key, known);
    return known;
  }

  function compile(query: string, operationName: string | undefined): Known | undefined {
    try {
      const document = parse(query, { maxTokens: TOKEN_LIMIT, noLocation: true });
      const operation = getOperationAST(document, operationName);
      if (operation?.operation !== 'query' || validate(schema, document).length > 0) return undefined;
      const conditional = query.includes('@');
      const plan = planQuery(schema, document, operation, {});
      return plan && { document, operation, guard: planOf(schema, document, operation), plan, conditional };
    } catch {
      return undefined;
    }
  }
}

interface GraphqlRequest {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
}

/** The members that GraphQL over HTTP knows, each of its type, and no extensions. */
function isRequest(body: unknown): body is GraphqlRequest {
  if (typeof body !== 'object' || body === null) return false;
  const { query, variables, operationName, extensions } = body as Record<string, unknown>;
  return (
    typeof query === 'string' &&
    (variables == null || (typeof variables === 'object' && !Array.isArray(variables))) &&
    (operationName == null || typeof operationName === 'string') &&
    extensions == null
  );
}

/** The media type of the answer, for the Accept headers that clients send; the others are negotiated by Yoga. */
function answerType(accept: string | undefined): string | undefined {
  if (accept === undefined || accept === '*/*' || accept === 'application/json')
    return 'application/json; charset=utf-8';
  if (accept.startsWith('application/graphql-response+json')) return 'application/graphql-response+json; charset=utf-8';
  if (/^application\/json\b/.test(accept) && !accept.includes('graphql-response'))
    return 'application/json; charset=utf-8';
  return undefined;
}
