/** What the agency bills for last month, to which of OWNERS, and what became of it. */
export const BILLS: {
  owner: number;
  fate: 'draft' | 'sent' | 'part paid' | 'paid' | 'void';
  lines: { description: string; quantity?: number; unitPrice: string; taxPercent: number }[];
}[] = [
  {
    owner: 0,
    fate: 'paid',
    lines: [
      { description: 'Linen and laundry', quantity: 14, unitPrice: '85', taxPercent: 20 },
      { description: 'Airport transfers', quantity: 3, unitPrice: '250', taxPercent: 14 },
    ],
  },
  {
    owner: 1,
    fate: 'paid',
    lines: [{ description: 'Deep cleaning, hours', quantity: 6.5, unitPrice: '120', taxPercent: 20 }],
  },
  {
    owner: 2,
    fate: 'part paid',
    lines: [{ description: 'Photographs of the house', unitPrice: '1800', taxPercent: 20 }],
  },
  {
    owner: 3,
    fate: 'sent',
    lines: [{ description: 'Garden and pool', quantity: 4, unitPrice: '350', taxPercent: 20 }],
  },
  {
    owner: 3,
    fate: 'void',
    lines: [{ description: 'Garden and pool', quantity: 5, unitPrice: '350', taxPercent: 20 }],
  },
  {
    owner: 1,
    fate: 'draft',
    lines: [{ description: 'Welcome baskets', quantity: 9, unitPrice: '140', taxPercent: 20 }],
  },
];

/** What houses have cost, on days that every month has. */
export const SPENT = [
  { day: '03', label: 'Pool chemicals', cents: 42_050 },
  { day: '09', label: 'Gardener', cents: 60_000 },
  { day: '14', label: 'Gas bottles', cents: 15_000 },
  { day: '18', label: 'Light bulbs and batteries', cents: 8_720 },
  { day: '24', label: 'Electricity', cents: 131_275 },
  { day: '27', label: 'New towels', cents: 54_000 },
];

/** Believable and made up: the communes' own orders say what holds. */
export const TARIFFS = [
  {
    tax: 'TAXE_DE_SEJOUR' as const,
    commune: 'Marrakech',
    amount: '20',
    reference: 'An example, not an order of the commune',
  },
  { tax: 'TAXE_DE_SEJOUR' as const, amount: '10', reference: 'An example, not an order of the commune' },
  { tax: 'TPT' as const, amount: '15', reference: 'An example, not a decree' },
  { tax: 'VAT' as const, ratePercent: 10, reference: 'An example' },
];
