import { IcalChannel as Channels } from '../../../prisma/generated/client/enums.ts';
import { builder } from '../../graph/builder.ts';

export const IcalChannel = builder.enumType('IcalChannel', {
  description: 'Whose calendar it is: Airbnb, Booking.com, Vrbo, or anybody else’s.',
  values: Object.keys(Channels) as (keyof typeof Channels)[],
});
