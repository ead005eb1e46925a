// Yield management, as PriceLabs, Wheelhouse and Beyond do it: read the calendar of all properties, decide, and push a
// year of nightly prices in one call that takes all of them or none.
// Abilities: calendar:read, rates:write.
import { ask } from './api.mjs';

const DAY_MS = 86_400_000;
const day = (offset) => new Date(Date.now() + offset * DAY_MS).toISOString().slice(0, 10);
const [from, to] = [day(1), day(365)];

// One answer for everybody: 100 properties are 36,500 nights.
const { data: nights } = await ask('GET', `/v1/calendar?from=${from}&to=${to}`);

/** Dearer where a week is filling up, cheaper where the arrival is near and the week is empty. */
function priceOf(night, taken) {
  const isNear = Date.parse(night.date) < Date.now() + 14 * DAY_MS;
  const factor = taken >= 3 ? 1.25 : isNear && taken === 0 ? 0.85 : 1;
  return Math.round(night.price * factor);
}

const properties = group(nights);
const changes = [...properties].flatMap(([property_id, own]) => {
  const rates = own.flatMap((night, i) => {
    if (night.status !== 'available') return []; // What is sold keeps its price.
    const week = own.slice(Math.max(0, i - 3), i + 4);
    const taken = week.filter(({ status }) => status === 'booked').length;
    const price = priceOf(night, taken);
    return price === night.price
      ? []
      : [{ from: night.date, to: night.date, price, min_stay: taken >= 3 ? 1 : night.min_stay }];
  });
  return rates.length > 0 ? [{ property_id, rates }] : [];
});

// The nights that are named get these terms; all others stay as they are. Subscribers hear of it once a property.
if (changes.length > 0) await ask('PUT', '/v1/rates', { properties: changes });
const count = changes.reduce((sum, { rates }) => sum + rates.length, 0);
console.log(`${count} of ${nights.length} nights have a new price, at ${changes.length} properties`);

function group(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.property_id, [...(groups.get(row.property_id) ?? []), row]);
  return groups;
}
