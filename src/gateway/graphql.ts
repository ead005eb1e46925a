import type { IncomingMessage, ServerResponse } from 'node:http';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { DomainError, HTTP_STATUS } from '../core/errors.ts';
import { graphqlOperations } from '../core/metrics.ts';
import type { Context } from '../graph/builder.ts';
import { COST_LIMIT } from '../graph/cost.ts';
import { admit, type Plan, planOf } from '../graph/guard.ts';
import { deadline } from './deadline.ts';
import { toDomainError } from './mask.ts';
import type { Refusals } from './refusals.ts';

/** A document may hold this many tokens: a hundred times what a person writes, and too few to be a burden to parse. */
export const TOKEN_LIMIT = 5_000;

/** What the server has found out before GraphQL is asked. */
export interface Asked extends Context {
  requestId: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse, asked: Asked | object) => Promise<void>;

/**
 * `/graphql`: Yoga speaks the protocol (61 of 61 audits, Server-Sent Events, GraphiQL); what is ours is the guard before
 * an operation runs, the cost beside its answer, and what its errors say.
 */
export function openGraphql({
  schema,
  log,
  refusals,
}: {
  schema: GraphQLSchema;
  log: Logger;
  refusals: Refusals;
}): Handler {
  const yoga = createYoga<Asked>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    logging: false,
    cors: false, // A bearer token is not a cookie: no page of another site can use one it doesn't have.
    multipart: false,
    batching: false,
    graphiql: {
      title: 'Bellhop',
      headers: '{\n  "Authorization": "Bearer PASTE-YOUR-TOKEN"\n}',
      defaultQuery: WELCOME,
    },
    renderGraphiQL,
    maskedErrors: { maskError: (error) => (isForeseen(error) ? coded(error) : (error as Error)) },
    plugins: [guard(schema, log, refusals)],
  });
  return async (request, response, asked) => {
    await yoga(request, response, asked as Asked);
  };
}

/** Lets an operation run or not, before any SQL, and says what it cost. */
function guard(schema: GraphQLSchema, log: Logger, refusals: Refusals): Plugin<Asked> {
  const plans = new WeakMap<DocumentNode, Map<string, Plan>>();

  function check(args: ExecutionArgs, asked: Asked): { cost: number } | { refused: ExecutionResult } {
    const operation = getOperationAST(args.document, args.operationName);
    if (!operation) return { cost: 0 }; // graphql-js says it better.
    try {
      return { cost: admit(asked.viewer, plan(args.document, operation), args.variableValues ?? {}) };
    } catch (error) {
      return { refused: { errors: [tell(error, asked, { whole: true })] } };
    }
  }

  function tell(error: unknown, asked: Asked, how?: { whole: boolean }): GraphQLError {
    const at = error instanceof GraphQLError ? error : undefined;
    const cause = at ? at.originalError : error;
    // Nobody waits for it here.
    if (cause instanceof DomainError) void refusals.note(asked.viewer, cause, at && askedOf(at));
    return told(error, log, asked.requestId, how);
  }

  function plan(document: DocumentNode, operation: OperationDefinitionNode): Plan {
    const name = operation.name?.value ?? '';
    const known = plans.get(document) ?? new Map<string, Plan>();
    const found = known.get(name) ?? planOf(schema, document, operation);
    plans.set(document, known.set(name, found));
    return found;
  }

  return {
    onParse: ({ setParseFn }) => setParseFn((source, options) => parse(source, { ...options, maxTokens: TOKEN_LIMIT })),
    onExecute({ args, executeFn, setExecuteFn, setResultAndStopExecution }) {
      const asked = args.contextValue as unknown as Asked;
      const verdict = check(args, asked);
      const { operation: type = 'query' } = getOperationAST(args.document, args.operationName) ?? {};
      const count = (outcome: 'ok' | 'errors' | 'refused') => graphqlOperations.inc({ type, outcome });
      if ('refused' in verdict) {
        count('refused');
        return setResultAndStopExecution(verdict.refused);
      }
      setExecuteFn((given) => deadline(executeFn(given) as Promise<ExecutionResult>));
      return {
        onExecuteDone({ result, setResult }) {
          const { errors, ...rest } = result as ExecutionResult;
          count(errors ? 'errors' : 'ok');
          const cost = { requested: verdict.cost, limit: COST_LIMIT };
          setResult({
            ...rest,
            ...(errors && { errors: errors.map((error) => tell(error, asked)) }),
            extensions: { ...rest.extensions, cost },
          });
        },
      };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const asked = args.contextValue as unknown as Asked;
      const verdict = check(args, asked);
      graphqlOperations.inc({ type: 'subscription', outcome: 'refused' in verdict ? 'refused' : 'ok' });
      if ('refused' in verdict) setResultAndStopExecution(verdict.refused);
      return {
        onSubscribeError: ({ error, setError }) => setError(tell(error, asked)),
        onSubscribeResult: ({ result, setResult }) => {
          const { errors } = result as ExecutionResult;
          if (errors) setResult({ errors: errors.map((error) => tell(error, asked)) });
        },
      };
    },
  };
}

/** What an operation asked for where it was refused, as the audit log may say it: a field, without its arguments. */
function askedOf({ nodes }: GraphQLError): string | undefined {
  const [field] = nodes ?? [];
  return field?.kind === Kind.FIELD ? field.name.value : undefined;
}

/** An error as the caller reads it: a code that never changes, a sentence, the request's id; never our own insides. */
function told(error: unknown, log: Logger, requestId: string, { whole = false } = {}): GraphQLError {
  if (isForeseen(error)) return coded(error);
  const at = error instanceof GraphQLError ? error : undefined;
  const { code, message, fields, headers } = toDomainError(error, log, requestId);
  // A status is only set for a failure of the whole request: with partial data beside it, Yoga would still send it.
  const http = whole || code === 'TIMEOUT' ? { http: { status: HTTP_STATUS[code], headers } } : {};
  return new GraphQLError(message, {
    nodes: at?.nodes,
    path: at?.path,
    extensions: { code, requestId, ...(fields && { fields }), ...http },
  });
}

/** True for what graphql-js itself, or one of our scalars, says of a document or a value. */
function isForeseen(error: unknown): error is GraphQLError {
  return error instanceof GraphQLError && (!error.originalError || error.originalError instanceof GraphQLError);
}

/** What graphql-js found in the document or the variables, before anything ran. */
function coded(error: GraphQLError): GraphQLError {
  error.extensions.code ??= error.message.startsWith('Variable') ? 'VALIDATION' : 'BAD_REQUEST';
  return error;
}

/** The answer to a request that never reached GraphQL: no token, too many requests, a body that is too large. */
export function refusal(error: DomainError, requestId: string): { errors: object[] } {
  const { code, message } = error;
  return { errors: [{ message, extensions: { code, requestId } }] };
}

const WELCOME = `# Paste your token below, under "Headers", and press Ctrl-Enter.
query Welcome {
  me {
    agency { id name currency timezone }
    abilities
  }
  bookings(first: 5, orderBy: CHECK_IN_DESC) {
    totalCount
    nodes {
      reference
      status
      checkIn
      checkOut
      grossAmount
      currency
      property { name city }
    }
  }
}
`;
