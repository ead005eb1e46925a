/** Who cleans. */
export const TEAM = ['Fatima Z.', 'Khadija', 'Hassan', 'Naïma'];

/** What broke, and what came of it. */
export const MENDING = [
  { title: 'The pool pump makes a noise', category: 'pool', priority: 'NORMAL', vendor: 'Atlas Piscines' },
  {
    title: 'No hot water in the second bathroom',
    category: 'plumbing',
    priority: 'URGENT',
    vendor: 'Plomberie Guéliz',
    solved: { resolution: 'Replaced the thermostat', cost: 650 },
  },
  {
    title: 'Air conditioning drips',
    category: 'air_conditioning',
    priority: 'HIGH',
    vendor: 'Froid du Sud',
    solved: { resolution: 'Cleaned the drain', cost: 300 },
  },
  { title: 'A shutter does not close', category: 'joinery', priority: 'LOW', vendor: null },
  { title: 'Wi-Fi is weak on the terrace', category: 'internet', priority: 'NORMAL', vendor: null },
];

/** Stars of five, and words. */
export const OPINIONS: [number, string][] = [
  [5, 'Everything was perfect, and the breakfast on the terrace most of all.'],
  [5, 'Un accueil merveilleux, une maison superbe. Nous reviendrons.'],
  [5, 'Spotless, quiet, and close to everything.'],
  [4.5, 'Lovely house. The hot water took its time.'],
  [4, 'Très bien situé, un peu bruyant le matin.'],
  [4, 'Beautiful place, the beds are on the hard side.'],
  [3.5, 'Good value, but the Wi-Fi hardly reached the bedroom.'],
  [2, 'The air conditioning did not work for two of our three nights.'],
];
