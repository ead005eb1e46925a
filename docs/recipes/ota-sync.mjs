// OTA sync: connect a property's Airbnb calendar in both directions, look before the first reading changes anything, and
// then hear of every conflict. Hostaway, Hospitable and Smoobu follow properties by the webhooks property.*.
// Abilities: properties:read, properties:write.
import { ask } from './api.mjs';

const { PROPERTY_ID, FEED_URL } = process.env; // The export address from Airbnb's calendar settings.

const { data: source } = await ask('POST', `/v1/properties/${PROPERTY_ID}/ical-sources`, {
  channel: 'airbnb',
  url: FEED_URL,
});
console.log(`paste into Airbnb, it is shown once: ${source.export_url.replace(/key=.*/, 'key=…')}`);

const { data: would } = await ask('POST', `/v1/ical-sources/${source.id}/sync?dry_run=true`);
for (const { action, check_in, check_out, summary } of would.changes)
  console.log(`would ${action} ${check_in} to ${check_out} (${summary})`);

const { data: did } = await ask('POST', `/v1/ical-sources/${source.id}/sync`);
console.log(
  `${did.status}: ${did.created} created, ${did.updated} updated, ${did.cancelled} cancelled, ${did.conflicts} in conflict`,
);
for (const warning of did.warnings) console.log(warning);

// From now on it is read every 15 minutes. A stay that is sold twice is a row until somebody has settled it.
const { data: conflicts } = await ask('GET', `/v1/ical-conflicts?property_id=${PROPERTY_ID}&open=true`);
for (const { nights, uid } of conflicts) console.log(`conflict on ${nights.join(', ')} with ${uid}`);
