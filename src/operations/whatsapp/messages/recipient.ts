import { parsePhoneNumberFromString } from 'libphonenumber-js';

/**
 * A number in E.164, or undefined for what can't be one. It must say its country itself, with +, with 00, or with neither, as
 * WhatsApp's own ids do (212612345678): Bellhop won't guess the country of a guest from a number that begins with 0. Only its length is judged, because new ranges are opened faster than libraries learn of them.
 */
export function toE164(written: string): string | undefined {
  const text = written.trim();
  if (text.length > 40 || !/^(\+|00|[1-9]\d{9,14}$)/.test(text)) return undefined;
  const number = parsePhoneNumberFromString(text.replace(/^(00|\+)?/, '+'), { extract: false });
  return number?.isPossible() && !number.ext ? number.number : undefined;
}

export const RECIPIENT_PROBLEM = 'must be a telephone number with its country, like +212 612 345678 or 00212612345678';
