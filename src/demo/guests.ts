import type { Random } from './random.ts';

export interface DemoGuest {
  name: string;
  email: string;
}

/** Where Marrakech's guests come from, with France counted more often. */
const COUNTRIES = [
  {
    first: ['Camille', 'Julien', 'Élodie', 'Antoine', 'Chloé', 'Nicolas'],
    last: ['Martin', 'Lefèvre', 'Moreau', 'Girard', 'Roux'],
  },
  {
    first: ['Claire', 'Mathieu', 'Sophie', 'Hugo', 'Manon', 'Thomas'],
    last: ['Bernard', 'Dubois', 'Fontaine', 'Mercier', 'Blanc'],
  },
  {
    first: ['Emily', 'James', 'Charlotte', 'Oliver', 'Hannah', 'George'],
    last: ['Taylor', 'Hughes', 'Bennett', 'Clarke', 'Foster'],
  },
  {
    first: ['Karim', 'Salma', 'Youssef', 'Nadia', 'Omar', 'Imane'],
    last: ['Benali', 'Tazi', 'Idrissi', 'Chraïbi', 'Berrada'],
  },
  {
    first: ['Lucía', 'Javier', 'Marta', 'Álvaro', 'Carmen', 'Pablo'],
    last: ['García', 'Romero', 'Navarro', 'Molina', 'Ortega'],
  },
  {
    first: ['Anna', 'Lukas', 'Katharina', 'Jonas', 'Lena', 'Felix'],
    last: ['Müller', 'Becker', 'Hoffmann', 'Krüger', 'Vogel'],
  },
  {
    first: ['Giulia', 'Marco', 'Francesca', 'Luca', 'Elena', 'Davide'],
    last: ['Rossi', 'Ferrari', 'Conti', 'Ricci', 'Gallo'],
  },
  {
    first: ['Sanne', 'Daan', 'Lotte', 'Bram', 'Femke', 'Joris'],
    last: ['de Vries', 'Jansen', 'Bakker', 'Visser', 'Smit'],
  },
  {
    first: ['Madison', 'Ethan', 'Grace', 'Tyler', 'Olivia', 'Noah'],
    last: ['Johnson', 'Miller', 'Anderson', 'Parker', 'Reed'],
  },
];

/** Somebody; now and then somebody who has been here before. */
export function someGuest(random: Random): DemoGuest {
  const { first, last } = random.pick(COUNTRIES);
  const name = `${random.pick(first)} ${random.pick(last)}`;
  const plain = name
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
    .replace(/ /g, '.');
  return { name, email: `${plain}@example.com` };
}
