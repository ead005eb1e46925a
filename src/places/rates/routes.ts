import { listRow, type Row } from '../../graph/row.ts';
import { rates } from './types.ts';

const tag = 'Rates';

const RATE = `
  id property_id: propertyId property { id code name } name from to weekdays price currency
  min_stay: minStay closed_to_arrival: closedToArrival closed_to_departure: closedToDeparture
  priority pushed created_at: createdAt updated_at: updatedAt`;

const SET = 'property_id: propertyId rates nights changed_nights: changedNights';

export const rateRoutes: Row[] = [
  listRow({ path: '/v1/rates', list: rates, fields: RATE, tag, summary: 'List rates' }),
  {
    method: 'GET',
    path: '/v1/rates/{id}',
    tag,
    summary: 'Read a rate',
    document: `query ($id: ID!) { data: rate(id: $id) { ${RATE} } }`,
  },
  {
    method: 'POST',
    path: '/v1/rates',
    status: 201,
    tag,
    summary: 'Add a rate',
    document: `mutation ($input: CreateRateInput!) { data: createRate(input: $input) { ${RATE} } }`,
    example: { property_id: 12, from: '2026-08-01', to: '2026-08-31', price: 2400, min_stay: 3, name: 'High season' },
  },
  {
    method: 'PATCH',
    path: '/v1/rates/{id}',
    tag,
    summary: 'Change a rate',
    document: `mutation ($id: ID!, $input: UpdateRateInput!) { data: updateRate(id: $id, input: $input) { ${RATE} } }`,
    example: { price: 2600, min_stay: 4 },
  },
  {
    method: 'DELETE',
    path: '/v1/rates/{id}',
    status: 204,
    tag,
    summary: 'Remove a rate',
    document: 'mutation ($id: ID!) { data: deleteRate(id: $id) { id } }',
  },
  {
    method: 'PUT',
    path: '/v1/properties/{id}/rates',
    tag,
    summary: 'Set many rates of a property',
    document: `mutation ($id: ID!, $rates: [RateInput!]!) { data: setRates(propertyId: $id, rates: $rates) { ${SET} } }`,
    example: {
      rates: [
        { from: '2026-08-01', to: '2026-08-14', price: 2400, min_stay: 3 },
        { from: '2026-08-15', to: '2026-08-15', price: 2750 },
      ],
    },
  },
  {
    method: 'PUT',
    path: '/v1/rates',
    tag,
    summary: 'Set many rates of many properties',
    document: `mutation ($properties: [SetPropertyRatesInput!]!) {
      data: setManyRates(properties: $properties) { rates nights changed_nights: changedNights properties { ${SET} } }
    }`,
    example: {
      properties: [{ property_id: 12, rates: [{ from: '2026-08-01', to: '2026-08-31', price: 2400, min_stay: 3 }] }],
    },
  },
  {
    method: 'GET',
    path: '/v1/quote',
    tag,
    summary: 'What a stay would cost',
    document: `query ($property_id: ID!, $check_in: LocalDate!, $check_out: LocalDate!, $guests_count: Int) {
      data: quote(propertyId: $property_id, checkIn: $check_in, checkOut: $check_out, guestsCount: $guests_count) {
        property_id: propertyId check_in: checkIn check_out: checkOut
        nights { date price rate_id: rateId } nights_count: nightsCount
        gross_amount: grossAmount average_price: averagePrice currency
        available bookable problems { code message }
      }
    }`,
  },
];
