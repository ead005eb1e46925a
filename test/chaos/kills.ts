import type { Random } from './random.ts';

export type Victim = 'relay' | 'app' | 'PostgreSQL';

/** A kill that is to come: of this kind, the one at this share of those there are, so long after the kill before and its own start. */
export interface PlannedKill {
  afterMs: number;
  victim: Victim;
  share: number;
}

/** The same for the same seed. The first three are one of each kind; the others fall as they may, half of them on relays. */
export function planKills(random: Random, { kills, meanGapMs }: { kills: number; meanGapMs: number }): PlannedKill[] {
  const first: Victim[] = ['relay', 'PostgreSQL', 'app'];
  return Array.from({ length: kills }, (_, i) => {
    const lot = random();
    const victim = first[i] ?? (lot < 0.5 ? 'relay' : lot < 0.8 ? 'app' : 'PostgreSQL');
    return { afterMs: meanGapMs * (0.2 + 1.6 * random()), victim, share: random() };
  });
}
