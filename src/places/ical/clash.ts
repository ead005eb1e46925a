import { addDays, nightsOf } from '../../core/dates.ts';
import type { Clash, Entry, Holding, Work } from './work.ts';
import { spanOf } from './work.ts';

interface Claim {
  checkIn: string;
  checkOut: string;
  /** Surely a guest of the channel. */
  certain: boolean;
}

/**
 * Whether an event is one of our own stays come back: a channel shows what it has read from us among its own. All its nights
 * are full, others than this calendar have a part in each, and it begins and ends where theirs do. Several stays back to
 * back come back as one event, and the start of one that has begun comes back trimmed to today.
 */
export function isEcho(work: Work, claim: Claim): boolean {
  const { today, known, holdings } = work;
  const { checkIn, checkOut } = claim;
  if (claim.certain) return false;
  const theirs = holdings.filter((one) => !one.own && overlap(one, claim));
  const begins = theirs.some((one) => one.checkIn === checkIn || (checkIn <= today && one.checkIn <= checkIn));
  const ends = theirs.some((one) => one.checkOut === checkOut);
  if (!begins || !ends) return false;
  const from = checkIn < today ? today : checkIn;
  const nights = nightsOf(from, checkOut);
  const full = new Set(known.units.full({ roomTypeId: known.roomTypeId, checkIn: from, checkOut }));
  return nights.every((date) => full.has(date) && theirs.some((one) => has(one, date)));
}

/** Whether all its nights are this calendar's own already: a channel also closes the nights that it has sold. */
export function isOwnAlready(work: Work, claim: Claim): boolean {
  const own = work.holdings.filter((one) => one.own && overlap(one, claim));
  return nightsOf(claim.checkIn, claim.checkOut).every((date) => own.some((one) => has(one, date)));
}

/** Whom an event gets into each other's way with, and how that looks. */
export function clashOf(work: Work, entry: Entry, claim: Claim): Clash {
  const { units } = work.known;
  const before =
    entry.next.state === 'BOOKED' || entry.next.state === 'BLOCKED'
      ? spanOf(work, entry, entry.stay ?? entry.next)
      : undefined;
  const span = spanOf(work, entry, claim);
  const nights = before ? units.fullBut(before, span) : units.full(span);
  const others = work.holdings.filter((one) => one.entry !== entry && nights.some((date) => has(one, date)));
  const theirs = others.filter((one) => !one.own);
  const twin = theirs.find((one) => isTwin(one, claim));
  const holder = twin ?? closest(theirs.length > 0 ? theirs : others, nights);
  return {
    kind:
      twin && claim.certain
        ? 'DOUBLE_IMPORT'
        : !claim.certain && isWithin(theirs, claim)
          ? 'ECHO_SUSPECTED'
          : 'OVERLAP',
    nights,
    // Units may be blocked by nobody that we know of.
    holder: holder ?? { source: 'block', checkIn: nights[0]!, checkOut: addDays(nights.at(-1)!, 1) },
    checkIn: claim.checkIn,
    checkOut: claim.checkOut,
  };
}

/** Whether every full night of an event is held by events of the same calendar that have just gone from it. */
export function waitsForMissing(work: Work, claim: Claim, missing: ReadonlySet<Entry>): boolean {
  const { known } = work;
  const full = known.units.full({ roomTypeId: known.roomTypeId, checkIn: claim.checkIn, checkOut: claim.checkOut });
  const going = work.holdings.filter((one) => one.entry && missing.has(one.entry));
  return full.every((date) => going.some((one) => has(one, date)));
}

export function holdingsOf(work: Omit<Work, 'holdings'>): Holding[] {
  const entryOf = new Map(
    work.entries.flatMap((entry) =>
      entry.stay && entry.next.state === 'BOOKED' ? [[entry.stay, entry] as const] : [],
    ),
  );
  const stays = work.known.stays
    .filter(({ status }) => status !== 'CANCELLED' && status !== 'NO_SHOW')
    .map((stay): Holding => {
      const entry = entryOf.get(stay);
      const { source, checkIn, checkOut } = stay;
      return { stay, entry, source, checkIn, checkOut, own: entry !== undefined };
    });
  const blocks = work.known.blocks.map(
    ({ channel, checkIn, checkOut }): Holding => ({
      ...{ stay: undefined, entry: undefined, source: channel, checkIn, checkOut, own: false },
    }),
  );
  const own = work.entries
    .filter(({ next }) => next.state === 'BLOCKED')
    .map((entry): Holding => {
      const { checkIn, checkOut } = entry.next;
      return { stay: undefined, entry, source: work.source.channel.toLowerCase(), checkIn, checkOut, own: true };
    });
  return [...stays, ...blocks, ...own];
}

/** Another channel's stay on the same dates. What was booked with us directly is no channel's. */
function isTwin({ stay, checkIn, checkOut }: Holding, claim: Claim): boolean {
  return stay !== undefined && stay.source !== 'direct' && checkIn === claim.checkIn && checkOut === claim.checkOut;
}

function isWithin(theirs: Holding[], claim: Claim): boolean {
  return nightsOf(claim.checkIn, claim.checkOut).every((date) => theirs.some((one) => has(one, date)));
}

/** Who has the most of the nights; a booking rather than a block. */
function closest(holdings: Holding[], nights: string[]): Holding | undefined {
  const weight = (one: Holding) => nights.filter((date) => has(one, date)).length + (one.stay ? 0.5 : 0);
  return holdings.reduce<Holding | undefined>(
    (best, one) => (best && weight(best) >= weight(one) ? best : one),
    undefined,
  );
}

const has = ({ checkIn, checkOut }: { checkIn: string; checkOut: string }, date: string) =>
  checkIn <= date && date < checkOut;

const overlap = (a: { checkIn: string; checkOut: string }, b: { checkIn: string; checkOut: string }) =>
  a.checkIn < b.checkOut && b.checkIn < a.checkOut;
