/**
 * What a token may be allowed, one exact string each, or `*` for all. The first 21 are the concierge's own and mean
 * exactly what they say; the others name what those don't cover, in the same style.
 */
export const ABILITIES = {
  'properties:read': 'Read properties',
  'properties:write': 'Modify iCal sources and trigger a sync',
  'bookings:read': 'Read bookings',
  'bookings:write': 'Create and cancel bookings',
  'owners:read': 'Read owners',
  'invoices:read': 'Read invoices',
  'calendar:read': 'Read the calendar',
  'rates:read': 'Read seasonal rates',
  'rates:write': 'Create, modify and delete seasonal rates',
  'cleaning:read': 'Read cleaning tasks',
  'cleaning:write': 'Create and manage cleaning tasks',
  'maintenance:read': 'Read maintenance tickets',
  'maintenance:write': 'Create and manage maintenance tickets',
  'whatsapp:read': 'Read WhatsApp outbox messages',
  'whatsapp:write': 'Prepare templated WhatsApp messages',
  'reports:read': 'Read aggregated reports (occupancy, revenue, ADR, RevPAR)',
  'statements:read': 'Read owner statements (monthly payouts)',
  'audit:read': 'Read the audit log',
  'reviews:read': 'Read guest reviews',
  'reviews:write': 'Create guest reviews (OTA or manual import)',
  'tax_reports:read': 'Read tax reports',

  'properties:manage': 'Create, modify and archive properties',
  'bookings:manage': 'Modify, confirm, check in and out, mark as no-show and reinstate bookings',
  'owners:write': 'Create and modify owners',
  'invoices:write': 'Create, send and settle invoices',
  'statements:write': 'Generate owner statements, and read and modify the expenses in them',
  'tax_reports:write': 'Generate tax reports',
  'payments:read': 'Read payments',
  'payments:write': 'Record payments',
  'guests:read': 'Read guest profiles',
  'guests:write': 'Create, modify and anonymize guest profiles',
  'accounts:read': 'Read company and travel-agent accounts',
  'accounts:write': 'Create and modify accounts',
  'groups:read': 'Read groups',
  'groups:write': 'Create and modify groups',
  'rooms:read': 'Read room types and rooms',
  'rooms:write': 'Modify rooms and their status',
  'inventory:read': 'Read availability',
  'inventory:write': 'Block and open availability',
  'end_of_day:write': 'Close the business date',
  'webhooks:read': 'Read webhook endpoints, deliveries and the event catalogue',
  'webhooks:write': 'Create, modify, test and replay webhooks',
  'events:read': 'Read and follow the event log',
  'tokens:read': 'Read the names and abilities of tokens',
  'tokens:write': 'Create and revoke tokens',
  'agency:read': "Read the agency's settings",
  'agency:write': "Modify the agency's settings",
} as const;

export type Ability = keyof typeof ABILITIES;

export function isAbility(name: string): name is Ability {
  return Object.hasOwn(ABILITIES, name);
}
