// Every domain, once; nothing else knows them all. Importing one adds its types, fields and events.
import './graph/scalars.ts';
import './finance/owners.ts';
import './places/properties/index.ts';
import './platform/agencies.ts';
import './platform/events.ts';
import './platform/webhooks/index.ts';
import './stays/bookings/index.ts';
import './stays/guests.ts';
import { builder } from './graph/builder.ts';

/** The schema that all doors share. */
export const schema = builder.toSchema({ sortSchema: true });
