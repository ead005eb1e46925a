import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredInputField,
  type SelectionSetNode,
} from 'graphql';
import type { ReferenceObject, SchemaObject } from 'openapi3-ts/oas31';
import { snake } from '../../core/text.ts';
import { fieldsOf } from '../rest/leaves.ts';

type Shape = SchemaObject | ReferenceObject;

/** JSON Schemas of what rows answer and take, collected by name so that a generated client has one type for one noun. */
export class Shapes {
  readonly schemas: Record<string, SchemaObject> = {};

  /** A selection as a component: by its type's name, or by `otherwise` when another row selects something else of it. */
  output(type: GraphQLObjectType, selection: SelectionSetNode, otherwise: string): ReferenceObject {
    const shape = objectOf(type, selection);
    const taken = this.schemas[type.name];
    const name = !taken || JSON.stringify(taken) === JSON.stringify(shape) ? type.name : otherwise;
    this.schemas[name] = shape;
    return { $ref: `#/components/schemas/${name}` };
  }

  /** What a variable or an input field takes. An input type becomes a component. */
  input(type: GraphQLInputType): Shape {
    if (isNonNullType(type)) return this.input(type.ofType);
    if (isListType(type)) return { type: 'array', items: this.input(type.ofType) };
    return isInputObjectType(type) ? this.inputObject(type) : (taken(type) ?? leaf(type));
  }

  private inputObject(type: GraphQLInputObjectType): ReferenceObject {
    const reference = { $ref: `#/components/schemas/${type.name}` };
    if (this.schemas[type.name]) return reference;
    const shape: SchemaObject = { type: 'object', additionalProperties: false, properties: {} };
    this.schemas[type.name] = shape; // Before its fields, because it may hold itself.
    const fields = Object.values(type.getFields());
    for (const field of fields) {
      const taken = isNonNullType(field.type) ? this.input(field.type) : orNull(this.input(field.type));
      shape.properties![snake(field.name)] = described(taken, field.description);
    }
    const required = fields.filter(isRequiredInputField).map(({ name }) => snake(name));
    if (required.length > 0) shape.required = required;
    return reference;
  }
}

/** Every key is there in every answer, so all are required; what can be missing is null. */
function objectOf(type: GraphQLObjectType, selection: SelectionSetNode): SchemaObject {
  const properties: Record<string, Shape> = {};
  for (const node of fieldsOf(selection)) {
    const field = type.getFields()[node.name.value]!;
    properties[(node.alias ?? node.name).value] = described(output(field.type, node.selectionSet), field.description);
  }
  const about = type.description ? { description: type.description } : {};
  return { type: 'object', ...about, required: Object.keys(properties), properties };
}

function output(type: GraphQLOutputType, selection: SelectionSetNode | undefined): Shape {
  if (!isNonNullType(type)) return orNull(nonNull(type, selection));
  return nonNull(type.ofType as GraphQLOutputType, selection);
}

function nonNull(type: GraphQLOutputType, selection: SelectionSetNode | undefined): Shape {
  if (isListType(type)) return { type: 'array', items: output(type.ofType, selection) };
  const named = getNamedType(type);
  return isObjectType(named) ? objectOf(named, selection!) : leaf(named);
}

const BUILT_IN: Record<string, SchemaObject> = {
  ID: { type: 'integer', examples: [42] },
  Int: { type: 'integer' },
  Float: { type: 'number' },
  String: { type: 'string' },
  Boolean: { type: 'boolean' },
};

/** A scalar or an enum as `/v1` has it. What no scalar says of itself is any JSON. */
function leaf(type: GraphQLNamedType): SchemaObject {
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name.toLowerCase()) };
  return BUILT_IN[type.name] ?? (type.extensions.jsonSchema as SchemaObject | undefined) ?? {};
}

/** What a scalar takes, where that is more than it gives. */
const taken = (type: GraphQLNamedType) => type.extensions.jsonSchemaTaken as SchemaObject | undefined;

function orNull(shape: Shape): Shape {
  if ('$ref' in shape) return { anyOf: [shape, { type: 'null' }] };
  if (typeof shape.type !== 'string') return shape; // Any JSON, null included.
  return { ...shape, type: [shape.type, 'null'], ...(shape.enum && { enum: [...shape.enum, null] }) };
}

function described(shape: Shape, description: string | null | undefined): Shape {
  return description ? { ...shape, description } : shape;
}
