import type { PropertyKind } from '../../prisma/generated/client/enums.ts';

/** Made-up people; example.com belongs to nobody. */
export const OWNERS = [
  { name: 'Leïla Bennani', email: 'leila.bennani@example.com', phone: '+212 600 000 101' },
  { name: 'Famille Alaoui', email: 'alaoui@example.com', phone: '+212 600 000 102' },
  { name: 'Jean-Marc Delorme', email: 'jm.delorme@example.com', phone: '+33 600 000 103' },
  { name: 'Sarah Whitfield', email: 'sarah.whitfield@example.com', phone: '+44 7700 900104' },
];

export interface Place {
  code: string;
  name: string;
  kind: PropertyKind;
  city: string;
  description: string;
  units: number;
  /** Dirhams a night, in an ordinary month. */
  price: number;
  sleeps: number;
  /** Whose it is, by its place in OWNERS. */
  owner: number;
}

export const PLACES: Place[] = [
  {
    code: 'VILLA-JASMINE',
    name: 'Villa Jasmine',
    kind: 'VILLA',
    city: 'Marrakech',
    description: 'Five bedrooms, a heated pool and a cook, among the olive trees of the Palmeraie.',
    units: 1,
    price: 4_800,
    sleeps: 10,
    owner: 0,
  },
  {
    code: 'VILLA-AMAL',
    name: 'Villa Amal',
    kind: 'VILLA',
    city: 'Marrakech',
    description: 'Four bedrooms on the road to the Ourika, with the Atlas at the end of the garden.',
    units: 1,
    price: 3_900,
    sleeps: 8,
    owner: 0,
  },
  {
    code: 'VILLA-OURIKA',
    name: 'Villa Ourika',
    kind: 'VILLA',
    city: 'Ourika',
    description: 'A house of stone above the river, three bedrooms, half an hour from town.',
    units: 1,
    price: 2_900,
    sleeps: 6,
    owner: 2,
  },
  {
    code: 'VILLA-AGAFAY',
    name: 'Villa Agafay',
    kind: 'VILLA',
    city: 'Agafay',
    description: 'Six bedrooms in the stone desert. Nobody for miles.',
    units: 1,
    price: 6_500,
    sleeps: 12,
    owner: 3,
  },
  {
    code: 'RIAD-ZITOUN',
    name: 'Riad Zitoun',
    kind: 'RIAD',
    city: 'Marrakech',
    description: 'Four rooms around an orange tree, three minutes from the Bahia palace.',
    units: 1,
    price: 2_400,
    sleeps: 8,
    owner: 1,
  },
  {
    code: 'RIAD-YASMINA',
    name: 'Riad Yasmina',
    kind: 'RIAD',
    city: 'Marrakech',
    description: 'Three rooms and a plunge pool in the Mouassine quarter.',
    units: 1,
    price: 2_100,
    sleeps: 6,
    owner: 1,
  },
  {
    code: 'RIAD-SAFRAN',
    name: 'Riad Safran',
    kind: 'RIAD',
    city: 'Marrakech',
    description: 'Five rooms and a roof that looks at the Koutoubia.',
    units: 1,
    price: 3_100,
    sleeps: 10,
    owner: 3,
  },
  {
    code: 'APT-GUELIZ-1',
    name: 'Guéliz Terrasse',
    kind: 'APARTMENT',
    city: 'Marrakech',
    description: 'Two bedrooms on the fourth floor, with a terrace over the rue de Yougoslavie.',
    units: 1,
    price: 950,
    sleeps: 4,
    owner: 2,
  },
  {
    code: 'APT-GUELIZ-2',
    name: 'Guéliz Majorelle',
    kind: 'APARTMENT',
    city: 'Marrakech',
    description: 'One bedroom, five minutes from the Majorelle garden.',
    units: 1,
    price: 780,
    sleeps: 2,
    owner: 2,
  },
  {
    code: 'APT-HIVERNAGE',
    name: 'Hivernage Palmiers',
    kind: 'APARTMENT',
    city: 'Marrakech',
    description: 'Three bedrooms in a residence with a pool.',
    units: 1,
    price: 1_350,
    sleeps: 6,
    owner: 0,
  },
  {
    code: 'STUDIO-MEDINA',
    name: 'Studio Médina',
    kind: 'STUDIO',
    city: 'Marrakech',
    description: 'A room, a kitchen and a roof, behind Bab Doukkala.',
    units: 1,
    price: 520,
    sleeps: 2,
    owner: 1,
  },
  {
    code: 'HOTEL-ATLAS',
    name: 'Dar Atlas',
    kind: 'HOTEL',
    city: 'Imlil',
    description: 'A small hotel of seven rooms at the foot of the Toubkal.',
    units: 7,
    price: 850,
    sleeps: 3,
    owner: 3,
  },
];
