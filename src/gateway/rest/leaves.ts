import {
  type FieldNode,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** Changes a fresh record in place. */
export type Fix = (record: Record<string, unknown>) => void;

/**
 * What the schema says differently from `/v1`, wherever it stands in a selection: an id is text in GraphQL and an integer
 * here, and an enum's names are lower-case. Undefined when there is nothing to change. Compiled at boot, so that a
 * request touches only the keys that need it.
 */
export function leavesOf(type: GraphQLObjectType, selection: SelectionSetNode): Fix | undefined {
  const steps: Fix[] = [];
  for (const node of fieldsOf(selection)) {
    const key = node.alias?.value ?? node.name.value;
    const named = getNamedType(type.getFields()[node.name.value]!.type);
    if (isEnumType(named)) steps.push(each(key, lower));
    else if (named.name === 'ID') steps.push(each(key, integer));
    else if (isObjectType(named) && node.selectionSet) {
      const inside = leavesOf(named, node.selectionSet);
      if (inside) steps.push(each(key, within(inside)));
    }
  }
  if (steps.length === 0) return undefined;
  return (record) => {
    for (const step of steps) step(record);
  };
}

/** The fields of a selection. Rows are written out: a fragment or a condition would hide what they answer. */
export function fieldsOf(selection: SelectionSetNode): FieldNode[] {
  return selection.selections.map((node) => {
    if (node.kind !== Kind.FIELD) throw new Error('It has a fragment; write the fields out.');
    return node;
  });
}

function each(key: string, change: (value: unknown) => unknown): Fix {
  return (record) => {
    const value = record[key];
    if (value == null) return;
    record[key] = Array.isArray(value) ? value.map((one) => (one == null ? one : change(one))) : change(value);
  };
}

const within = (fix: Fix) => (record: unknown) => {
  fix(record as Record<string, unknown>);
  return record;
};

const lower = (value: unknown): string => (value as string).toLowerCase();

/** Ids that are UUIDs stay as they are. */
const integer = (value: unknown): unknown => (/^\d{1,15}$/.test(value as string) ? Number(value) : value);
