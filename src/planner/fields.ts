import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** A field as the answer will hold it: the key, and every place in the document that asks for it. */
export interface Asked {
  key: string;
  name: string;
  nodes: FieldNode[];
}

/** What fields are read with: the document's fragments, and the variables that decide `@include` and `@skip`. */
export interface Reading {
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  variables: Record<string, unknown>;
  /** Whether it is what a mutation answers with. */
  afterWrite?: boolean;
}

/**
 * The fields of some selections, merged by key in the order of their first appearance, as graphql-js collects them. Every
 * composite type of ours is an object, so in a valid document a fragment always applies.
 */
export function collect(selections: readonly (SelectionSetNode | undefined)[], reading: Reading): Asked[] {
  const found = new Map<string, Asked>();
  const seen = new Set<string>();
  for (const selection of selections) if (selection) read(selection.selections);
  return [...found.values()];

  function read(nodes: readonly SelectionNode[]): void {
    for (const node of nodes) {
      if (!isIncluded(node, reading.variables)) continue;
      if (node.kind === Kind.FIELD) {
        const key = (node.alias ?? node.name).value;
        const known = found.get(key);
        if (known) known.nodes.push(node);
        else found.set(key, { key, name: node.name.value, nodes: [node] });
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        read(node.selectionSet.selections);
      } else if (!seen.has(node.name.value)) {
        seen.add(node.name.value);
        read(reading.fragments.get(node.name.value)!.selectionSet.selections);
      }
    }
  }
}

/** What is asked of a field's own fields, by all the places that ask for it. */
export function collectBelow(field: Asked, reading: Reading): Asked[] {
  return collect(
    field.nodes.map((node) => node.selectionSet),
    reading,
  );
}

function isIncluded(node: SelectionNode, variables: Record<string, unknown>): boolean {
  if (!node.directives || node.directives.length === 0) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.if === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false;
}
