// Every domain, once; nothing else knows them all. Importing one adds its types, fields and events.
import './graph/scalars.ts';
import './finance/expenses/index.ts';
import './finance/invoices/index.ts';
import './finance/owners/index.ts';
import './finance/payments/index.ts';
import './finance/reports/index.ts';
import './finance/statements/index.ts';
import './finance/subscription/index.ts';
import './finance/tax-reports/index.ts';
import './operations/cleaning/index.ts';
import './operations/maintenance/index.ts';
import './operations/whatsapp/index.ts';
import './places/calendar/index.ts';
import './places/ical/feeds/index.ts';
import './places/ical/index.ts';
import './places/properties/index.ts';
import './places/rates/index.ts';
import './platform/agencies.ts';
import './platform/audit/index.ts';
import './platform/events.ts';
import './platform/replays/index.ts';
import './platform/tokens/index.ts';
import './platform/webhooks/index.ts';
import './stays/bookings/index.ts';
import './stays/guests.ts';
import './stays/reviews/index.ts';
import { builder } from './graph/builder.ts';
import { describe } from './graph/words.ts';

/** The schema that all doors share. */
export const schema = describe(builder.toSchema({ sortSchema: true }));
