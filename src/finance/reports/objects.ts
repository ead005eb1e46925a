import { builder } from '../../graph/builder.ts';
import { type Column, PERIOD, PROPERTY, STAYS } from './columns.ts';

/** A row of figures, by the names of its columns. */
type Figures = Record<string, unknown>;

/** Declares an object whose fields are columns. */
function figuresObject(name: string, description: string, columns: Column[]) {
  return builder.objectRef<Figures>(name).implement({
    description,
    fields: (t) =>
      Object.fromEntries(
        columns.map(({ name: field, type, nullable = false, description: word }) => [
          field,
          t.field({
            type: TYPES[type],
            nullable,
            description: word,
            resolve: (row) => row[field] as never,
          }),
        ]),
      ),
  });
}

const TYPES = {
  money: 'Money',
  integer: 'Int',
  number: 'Float',
  text: 'String',
  date: 'LocalDate',
  id: 'ID',
} as const;

/** The objects of a report: the whole, a period, a property, and the three together under `data` in `/v1`. */
export function reportObjects(stem: string, noun: string, measures: Column[]) {
  const Whole = figuresObject(`${stem}Whole`, `${noun} of the whole range.`, [...measures, ...STAYS]);
  const Period = figuresObject(`${stem}Period`, `${noun} of a period.`, [...PERIOD, ...measures]);
  const OfProperty = figuresObject(`${stem}OfProperty`, `${noun} of a property.`, [...PROPERTY, ...measures]);
  const Parts = builder.objectRef<Parts>(`${stem}Figures`).implement({
    description: `${noun}, as a whole and in its parts. Both kinds of parts add up to the whole.`,
    fields: (t) => ({
      global: t.field({ type: Whole, description: 'Of the whole range.', resolve: ({ whole }) => whole() }),
      perProperty: t.field({
        type: [OfProperty],
        cost: 100,
        description: 'Of each property that was on the market in the range or has sold a night of it, by its id.',
        resolve: ({ properties }) => properties(),
      }),
      series: t.field({
        type: [Period],
        cost: 10,
        description: 'Of each period that the range touches, in order.',
        resolve: ({ series }) => series(),
      }),
    }),
  });
  return { Whole, Parts };
}

/** The parts of a report, each worked out when it is selected. */
interface Parts {
  whole: () => Promise<Figures>;
  properties: () => Promise<Figures[]>;
  series: () => Promise<Figures[]>;
}

/** Why nights are in none of the figures. */
const LeftOut = builder.objectRef<{ reason: string; nights: number; bookings: number }>('ReportLeftOut').implement({
  description: 'Nights of the range that are in none of the figures.',
  fields: (t) => ({
    reason: t.exposeString('reason', {
      description: 'cancelled, no_show, pending, owner_stay, other_currency, or booked_later with `asOf`.',
    }),
    nights: t.exposeInt('nights', { description: 'How many nights.' }),
    bookings: t.exposeInt('bookings', { description: 'Of how many bookings.' }),
  }),
});

const Formula = builder.objectRef<{ name: string; formula: string }>('ReportFormula').implement({
  description: 'How a figure is worked out.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The figure, as `/v1` calls it.' }),
    formula: t.exposeString('formula', { description: 'In words.' }),
  }),
});

/** What `explain` answers with. */
export interface Explanation {
  basis: string[];
  formulas: { name: string; formula: string }[];
  leftOut: () => Promise<{ reason: string; nights: number; bookings: number }[]>;
}

export const ReportExplanation = builder.objectRef<Explanation>('ReportExplanation').implement({
  description: 'Where the figures come from.',
  fields: (t) => ({
    basis: t.stringList({ description: 'What the figures rest on, in sentences.', resolve: ({ basis }) => basis }),
    formulas: t.field({
      type: [Formula],
      description: 'How each figure is worked out.',
      resolve: ({ formulas }) => formulas,
    }),
    leftOut: t.field({
      type: [LeftOut],
      description: 'What is in none of the figures, by the reason.',
      resolve: ({ leftOut }) => leftOut(),
    }),
  }),
});
