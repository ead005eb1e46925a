import { GraphQLError } from 'graphql';
import { refuse } from '../../core/errors.ts';
import { builder } from '../../graph/builder.ts';

/** One thing to be done, and whether it is. */
export interface ChecklistItem {
  label: string;
  done: boolean;
}

const MOST_ITEMS = 100;
const LONGEST_LABEL = 200;

builder.scalarType('ChecklistItem', {
  description: 'A thing to be done, `{label: "Change the sheets", done: false}`; given as a text, it is not done yet.',
  extensions: {
    jsonSchema: {
      type: 'object',
      required: ['label', 'done'],
      properties: { label: { type: 'string' }, done: { type: 'boolean' } },
      examples: [{ label: 'Change the sheets', done: false }],
    },
    /** What a client may write is wider than what it reads. */
    jsonSchemaTaken: {
      anyOf: [
        { type: 'string', minLength: 1, maxLength: LONGEST_LABEL },
        {
          type: 'object',
          required: ['label'],
          additionalProperties: false,
          properties: {
            label: { type: 'string', minLength: 1, maxLength: LONGEST_LABEL },
            done: { type: 'boolean', default: false },
          },
        },
      ],
      examples: ['Change the sheets'],
    },
  },
  serialize: (item) => item,
  parseValue: (value) => readItem(value),
});

/** Reads an item as a client writes it, or throws what is wrong with it. */
function readItem(value: unknown): ChecklistItem {
  const item = typeof value === 'string' ? { label: value } : value;
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new GraphQLError('must be a text, or {label, done}');
  }
  const { label, done = false, ...others } = item as Partial<Record<string, unknown>>;
  if (typeof label !== 'string' || label.trim() === '') throw new GraphQLError('must have a label that is not empty');
  if (label.length > LONGEST_LABEL) throw new GraphQLError(`must not be longer than ${LONGEST_LABEL} characters`);
  // Half a surrogate pair and NUL are texts to JavaScript, and PostgreSQL keeps neither in its JSON.
  if (/[\0\p{Surrogate}]/u.test(label)) throw new GraphQLError('must be made of whole characters');
  if (typeof done !== 'boolean') throw new GraphQLError('must say true or false for done');
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) throw new GraphQLError(`must have label and done, and not ${stranger}`);
  return { label: label.trim(), done };
}

export function refuseLongList(checklist: ChecklistItem[] | null | undefined): void {
  refuse({ checklist: (checklist?.length ?? 0) > MOST_ITEMS && `must not have more than ${MOST_ITEMS} items` });
}

/** A list of which nothing is done yet. */
export function unticked(labels: string[]): ChecklistItem[] {
  return labels.map((label) => ({ label, done: false }));
}

/** The items of a task, from its column. PostgreSQL keeps the keys in an order of its own. */
export function itemsOf({ checklist }: { checklist: unknown }): ChecklistItem[] {
  return (checklist as ChecklistItem[]).map(({ label, done }) => ({ label, done }));
}

/** The same as SQL: an array of values that `row_to_json` prints as they are, with the keys in our order. */
export function itemsSql(task: string): string {
  return `array(
    select row_to_json(item) from jsonb_to_recordset(${task}.checklist) as item(label text, done boolean))`;
}
