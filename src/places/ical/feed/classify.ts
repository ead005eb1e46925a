import { tidy } from './text.ts';
import type { Channel, FeedEvent } from './types.ts';
import { isClosed, isGeneric, isSold, nameAfterSold } from './words.ts';

/** What is known of an event, besides its dates. */
export interface Told {
  channel: Channel;
  /** The line of the calendar that says what wrote it. */
  prodid: string;
  uid: string;
  summary: string;
  /** The description, and the URL if it has one. */
  details: string;
}

type Class = Pick<FeedEvent, 'kind' | 'certain' | 'code' | 'guestName'>;

/** Tells a guest's stay from a closure, as far as its channel does. */
export function classify(told: Told): Class {
  // Our own calendar, which came back by way of another: whatever it says, it is news to nobody.
  if (/@bellhop$/i.test(told.uid) || /bellhop/i.test(told.prodid)) return isClosed(told.summary) ? BLOCK : UNCERTAIN;
  return RULES[writerOf(told)](told);
}

const RESERVATION: Class = { kind: 'RESERVATION', certain: true, code: null, guestName: null };
const UNCERTAIN: Class = { ...RESERVATION, certain: false };
const BLOCK: Class = { kind: 'BLOCK', certain: false, code: null, guestName: null };

const RULES: Record<Channel, (told: Told) => Class> = {
  /** "Reserved" with the address of the reservation, which holds its code; "Airbnb (Not available)" for a closure. */
  AIRBNB({ summary, details }) {
    const code = AIRBNB_CODE.exec(details)?.[0] ?? AIRBNB_CODE.exec(summary)?.[0] ?? null;
    if (code) {
      // Calendars of some years ago named the guest: "Amina Tazi (HMABCDEFGH)".
      const name = summary.endsWith(`(${code})`) ? person(summary.slice(0, -code.length - 2)) : null;
      return { ...RESERVATION, code, guestName: name || null };
    }
    if (/^airbnb\s*\(/i.test(summary) || isClosed(summary)) return BLOCK;
    return isSold(summary) ? RESERVATION : UNCERTAIN;
  },

  /** "CLOSED - Not available" for guests and closures alike, and nothing that tells one from the other. */
  BOOKING: () => UNCERTAIN,

  /** "Reserved - Amina" and "Blocked", in the language of the site. */
  VRBO({ summary }) {
    const name = nameAfterSold(summary);
    if (name) return { ...RESERVATION, guestName: person(name) };
    if (isClosed(summary)) return BLOCK;
    return isSold(summary) ? RESERVATION : UNCERTAIN;
  },

  /** Somebody's own calendar, where a stay is called by its guest. */
  OTHER({ summary }) {
    if (isClosed(summary) || /\(not available\)$/i.test(summary)) return BLOCK;
    if (isGeneric(summary)) return UNCERTAIN;
    return { ...RESERVATION, guestName: person(nameAfterSold(summary) ?? summary) };
  },
};

/** Between letters and digits that aren't its own: "…/details/HMABCDEFGHnPhone" ends where a small letter begins. */
const AIRBNB_CODE = /(?<![A-Za-z0-9])HM[A-Z0-9]{8}(?![A-Z0-9])/;

/** Somebody who chose "other" may still have pasted a calendar that says whose it is. */
export function writerOf({ channel, prodid, uid }: Pick<Told, 'channel' | 'prodid' | 'uid'>): Channel {
  if (channel !== 'OTHER') return channel;
  if (/airbnb/i.test(prodid) || /@airbnb\.com$/i.test(uid)) return 'AIRBNB';
  if (/booking\.com/i.test(prodid) || /@booking\.com$/i.test(uid)) return 'BOOKING';
  if (/homeaway|vrbo|abritel|fewo-direkt/i.test(prodid) || /@(vrbo|homeaway)\.com$/i.test(uid)) return 'VRBO';
  return 'OTHER';
}

function person(name: string): string {
  return tidy(name, 200);
}
