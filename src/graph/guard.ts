import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromAST,
} from 'graphql';
import type { Ability } from '../core/abilities.ts';
import { DomainError, MissingAbility } from '../core/errors.ts';
import type { Viewer } from '../core/viewer.ts';
import { COST_LIMIT } from './cost.ts';
import { DEFAULT_PAGE, PAGE_LIMIT, type PageSizes } from './page.ts';

/** The fields that name a row. */
const NAMING = new Set(['__typename', 'id', 'code', 'name']);

/** Introspection, as GraphiQL and code generators ask for it, is 13 deep. */
export const DEPTH_LIMIT = 15;

/** What is known of an operation before it runs: what its token needs, and what it will cost with which variables. */
export interface Plan {
  abilities: Ability[];
  /** Whether it asks for more than an agency may whose plan has run out. */
  needsPlan: boolean;
  depth: number;
  cost(variables: Record<string, unknown>): number;
}

type Variables = Record<string, unknown>;
type Cost = (variables: Variables) => number;

/**
 * Reads an operation once. An object costs a point for each time it can appear, a list multiplies what is in it by the
 * rows asked for (the default page when it isn't said), a mutation costs ten more, and a scalar nothing. A fragment is
 * read once however often it is spread, so a document can't cost more to read than it is long.
 */
export function planOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Plan {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const abilities = new Set<Ability>();
  const read = new Map<string, { cost: Cost; depth: number }>();
  const root = schema.getRootType(operation.operation)!;
  let needsPlan = false;
  const whole = readSet(operation.selectionSet, root);
  const cost: Cost = (variables) => Math.ceil(whole.cost(variables));
  return { abilities: [...abilities], needsPlan, depth: whole.depth, cost };

  function readSet(set: SelectionSetNode, type: GraphQLCompositeType): { cost: Cost; depth: number } {
    const costs: Cost[] = [];
    let depth = 0;
    for (const node of set.selections) {
      const part =
        node.kind === Kind.FIELD
          ? readField(node, type)
          : node.kind === Kind.FRAGMENT_SPREAD
            ? readFragment(node.name.value)
            : readSet(node.selectionSet, conditionType(node.typeCondition?.name.value) ?? type);
      costs.push(part.cost);
      depth = Math.max(depth, part.depth);
    }
    return { cost: sum(costs), depth };
  }

  function readFragment(name: string) {
    let known = read.get(name);
    if (!known) {
      const fragment = fragments.get(name)!;
      known = readSet(fragment.selectionSet, conditionType(fragment.typeCondition.name.value)!);
      read.set(name, known);
    }
    return known;
  }

  function readField(node: FieldNode, type: GraphQLCompositeType): { cost: Cost; depth: number } {
    const field = isObjectType(type) || 'getFields' in type ? type.getFields()[node.name.value] : undefined;
    if (!field) return readIntrospection(node, type);
    const options = optionsOf(field);
    if (options.ability) abilities.add(options.ability);
    if (options.abilityBeyondName && goesBeyondName(node.selectionSet)) abilities.add(options.abilityBeyondName);
    if (type === root && !options.whenLapsed) needsPlan = true;
    const named = getNamedType(field.type);
    if (!isCompositeType(named) || !node.selectionSet) return { cost: constant(options.cost ?? 0), depth: 1 };
    const inside = readSet(node.selectionSet, named);
    const own = (options.cost ?? 1) + (type === schema.getMutationType() ? 10 : 0);
    const times = rowsAsked(field, node);
    const cost: Cost = times
      ? (variables) => own + times(variables) * inside.cost(variables)
      : (v) => own + inside.cost(v);
    return { cost, depth: inside.depth + 1 };
  }

  function goesBeyondName(set: SelectionSetNode | undefined): boolean {
    return (set?.selections ?? []).some((node) => {
      if (node.kind === Kind.FIELD) return !NAMING.has(node.name.value);
      if (node.kind === Kind.INLINE_FRAGMENT) return goesBeyondName(node.selectionSet);
      return goesBeyondName(fragments.get(node.name.value)!.selectionSet);
    });
  }

  /** `__schema`, `__type` and what is below them: free, but as deep as it is. */
  function readIntrospection(node: FieldNode, type: GraphQLCompositeType): { cost: Cost; depth: number } {
    if (type === root) needsPlan = true;
    return { cost: constant(0), depth: 1 + (node.selectionSet ? readSet(node.selectionSet, type).depth : 0) };
  }

  function conditionType(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : schema.getType(name);
    return type && isCompositeType(type) ? type : undefined;
  }
}

/** Lets an operation run, or refuses it before any SQL. Returns what it costs. */
export function admit(viewer: Viewer, plan: Plan, variables: Record<string, unknown>): number {
  if (viewer.lapsed && plan.needsPlan) throw new DomainError('PLAN_REQUIRED', viewer.lapsed);
  const missing = plan.abilities.filter((ability) => !viewer.can(ability));
  if (missing.length > 0) throw new MissingAbility(missing);
  if (plan.depth > DEPTH_LIMIT) {
    throw new DomainError(
      'COST_EXCEEDED',
      `This selection is ${plan.depth} deep; ${DEPTH_LIMIT} is the most. Ask in two requests.`,
    );
  }
  const cost = plan.cost(variables);
  if (cost > COST_LIMIT) {
    throw new DomainError(
      'COST_EXCEEDED',
      `This request costs ${cost} points; ${COST_LIMIT} is the most. Ask for fewer rows, or fewer lists within lists.`,
    );
  }
  return cost;
}

interface FieldFacts {
  ability?: Ability;
  abilityBeyondName?: Ability;
  whenLapsed?: boolean;
  changesByItself?: boolean;
  cost?: number;
  pages?: PageSizes;
  mostRows?: (args: Variables) => number | undefined;
}

/** What the schema's author said of a field in the builder. */
export function optionsOf(field: GraphQLField<unknown, unknown>): FieldFacts {
  return (field.extensions.pothosOptions ?? {}) as FieldFacts;
}

/** How many rows a list field asks for, or nothing for a field that isn't a list with pages. */
function rowsAsked(field: GraphQLField<unknown, unknown>, node: FieldNode): Cost | undefined {
  if (!field.args.some(({ name }) => name === 'first' || name === 'limit')) return undefined;
  const asked = ['first', 'last', 'limit'].flatMap(
    (name) => node.arguments?.find((a) => a.name.value === name)?.value ?? [],
  );
  const { pages: { usual, most } = { usual: DEFAULT_PAGE, most: PAGE_LIMIT }, mostRows } = optionsOf(field);
  return (variables) => {
    const sizes = asked.map((value) => numberOf(value, variables)).filter((size) => size !== undefined);
    const page = sizes.length === 0 ? usual : Math.min(most, Math.max(0, ...sizes));
    return Math.min(page, mostRows?.(argumentsOf(field, node, variables)) ?? page);
  };
}

/** The arguments that can be read. One that can't is refused by graphql-js, in the protocol's words. */
function argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode, variables: Variables): Variables {
  const given = (node.arguments ?? []).map(({ name, value }) => {
    const type = field.args.find((arg) => arg.name === name.value)?.type;
    return [name.value, type && valueFromAST(value, type, variables)];
  });
  return Object.fromEntries(given);
}

function numberOf(value: ValueNode, variables: Record<string, unknown>): number | undefined {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind !== Kind.VARIABLE) return undefined;
  const given = variables[value.name.value];
  return typeof given === 'number' ? given : undefined;
}

const constant =
  (points: number): Cost =>
  () =>
    points;

function sum(costs: Cost[]): Cost {
  return (variables) => {
    let total = 0;
    for (const cost of costs) total += cost(variables);
    return total;
  };
}
