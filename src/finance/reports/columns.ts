import { snake } from '../../core/text.ts';

/** A column of a report, from which its GraphQL field, its key in `/v1`, its place in the CSV and its line in the schema come. */
export interface Column {
  /** As the schema has it: `grossRevenue`. */
  name: string;
  type: 'money' | 'integer' | 'number' | 'text' | 'date' | 'id';
  /** What one of it is. */
  unit: string;
  /** Whether there can be nothing to divide by. */
  nullable?: boolean;
  description: string;
}

const MONEY = { type: 'money', unit: 'the currency of the report' } as const;
const NIGHTS = { type: 'integer', unit: 'nights' } as const;
const RATIO = { type: 'number', unit: 'ratio, 1 is all', nullable: true } as const;

/** New ones go to the end: a spreadsheet knows them by their places. */
export const REVENUE: Column[] = [
  { name: 'grossRevenue', ...MONEY, description: 'What guests pay for the nights sold.' },
  { name: 'netRevenue', ...MONEY, description: 'Gross less commission.' },
  { name: 'nightsBooked', ...NIGHTS, description: 'Nights sold in the currency of the report.' },
  { name: 'adr', ...MONEY, nullable: true, description: 'Average daily rate: gross by nights sold.' },
  { name: 'revpar', ...MONEY, nullable: true, description: 'Gross by the nights on the market, sold or not.' },
  { name: 'nightsAvailable', ...NIGHTS, description: 'Nights on the market: units by the days on which they are.' },
];

export const OCCUPANCY: Column[] = [
  { name: 'occupancy', ...RATIO, description: 'Nights sold by the nights on the market.' },
  { name: 'nightsBooked', ...NIGHTS, description: 'Nights sold, in whatever currency.' },
  { name: 'nightsAvailable', ...NIGHTS, description: 'Nights on the market: units by the days on which they are.' },
  { name: 'adjustedOccupancy', ...RATIO, description: 'Nights sold by the nights that could be sold.' },
  {
    name: 'adjustedNightsAvailable',
    ...NIGHTS,
    description: 'Nights on the market that were neither blocked nor the owner’s own.',
  },
  { name: 'nightsBlocked', ...NIGHTS, description: 'Nights on the market that were blocked.' },
  { name: 'nightsOwner', ...NIGHTS, description: 'Nights on the market on which the owner stayed.' },
];

/** What can be said of bookings as a whole, by the day of arrival. */
export const STAYS: Column[] = [
  {
    name: 'averageLengthOfStay',
    type: 'number',
    unit: 'nights',
    nullable: true,
    description: 'Nights a stay, of the stays that arrive in the range and count.',
  },
  {
    name: 'averageLeadTime',
    type: 'number',
    unit: 'days',
    nullable: true,
    description: 'Days from booking to arrival, of the same stays.',
  },
  { name: 'cancellationRate', ...RATIO, description: 'Cancelled bookings of all that were to arrive in the range.' },
];

export const PERIOD: Column[] = [
  {
    name: 'period',
    type: 'text',
    unit: 'period',
    description: 'The day, the ISO week, the month or the year: `2026-W29`.',
  },
  { name: 'from', type: 'date', unit: 'day', description: 'Its first night within the range.' },
  { name: 'to', type: 'date', unit: 'day', description: 'Its last night within the range.' },
];

export const PROPERTY: Column[] = [
  { name: 'propertyId', type: 'id', unit: 'property', description: 'The id of the property.' },
  { name: 'code', type: 'text', unit: 'property', description: 'What the agency calls it.' },
  { name: 'name', type: 'text', unit: 'property', description: 'What people call it.' },
];

/** The tables that a report's CSV can be, by the names that `rows` gives them. */
export const tablesOf = (measures: Column[]) => ({
  series: [...PERIOD, ...measures],
  per_property: [...PROPERTY, ...measures],
});

/** Their selection in the words of `/v1`. */
export const selectionOf = (columns: Column[]): string =>
  columns.map(({ name }) => (snake(name) === name ? name : `${snake(name)}: ${name}`)).join(' ');
