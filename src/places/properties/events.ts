import { z } from 'zod';
import { instant } from '../../core/dates.ts';
import { toDecimal } from '../../core/money.ts';
import { declareEvent } from '../../outbox/event.ts';
import type { PropertyRow } from './types.ts';

interface PropertyFacts {
  property: PropertyRow;
  currency: string;
}

export const PropertyData = z.object({
  property: z.object({
    id: z.int(),
    code: z.string(),
    name: z.string(),
    kind: z.string().describe('villa, apartment, riad, hotel …'),
    city: z.string().nullable(),
    description: z.string().nullable(),
    units: z.int(),
    base_price: z.number().describe('Price of a night where no rate says otherwise.'),
    currency: z.string().length(3),
    owner_id: z.int().nullable(),
    archived: z.boolean(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
    check_in_time: z.string().describe('From when guests may come, as 15:00, at the agency’s timezone.'),
    check_out_time: z.string().describe('Until when guests must leave, as 11:00, at the agency’s timezone.'),
  }),
});

export const example: z.infer<typeof PropertyData> = {
  property: {
    id: 12,
    code: 'VILLA-JASMINE',
    name: 'Villa Jasmine',
    kind: 'villa',
    city: 'Marrakech',
    description: null,
    units: 1,
    base_price: 1850,
    currency: 'MAD',
    owner_id: 3,
    archived: false,
    created_at: '2026-07-01T09:00:00+00:00',
    updated_at: '2026-07-15T10:23:41+00:00',
    check_in_time: '15:00',
    check_out_time: '11:00',
  },
};

export function propertyData({ property, currency }: PropertyFacts): z.infer<typeof PropertyData> {
  return {
    property: {
      id: property.id,
      code: property.code,
      name: property.name,
      kind: property.kind.toLowerCase(),
      city: property.city,
      description: property.description,
      units: property.units,
      base_price: toDecimal(property.basePriceMinor, currency),
      currency,
      owner_id: property.ownerId,
      archived: property.archivedAt !== null,
      created_at: instant(property.createdAt),
      updated_at: instant(property.updatedAt),
      check_in_time: property.checkInTime,
      check_out_time: property.checkOutTime,
    },
  };
}

const about = (name: string, summary: string) =>
  declareEvent<PropertyFacts>({
    name,
    summary,
    ability: 'properties:read',
    data: PropertyData,
    render: propertyData,
    read: 'property',
    subject: ({ property }) => ({ kind: 'property', id: property.id, version: property.version }),
    example,
  });

export const propertyCreated = about('property.created', 'New property created');
export const propertyUpdated = about('property.updated', 'Property modified (price, description, …)');
export const propertyArchived = about('property.archived', 'Property archived');
