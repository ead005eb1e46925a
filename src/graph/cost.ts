/** The most that one request may cost, in points: a page of 1,000 bookings with property and guest, three times over. */
export const COST_LIMIT = 10_000;
