import { snake } from '../core/text.ts';

/** What an audit line may say of changes. */
export interface Disclosed {
  changes: Record<string, unknown>;
  /** Whether any of it is a commitment, and so needs its salt kept. */
  committed: boolean;
}

/**
 * Changes as the audit log keeps them, with snake_case names: what says who somebody is or how to reach them, and what
 * people write in their own words, is a commitment `{sha256}`; what is secret is named without its value; and of an
 * address only its host stays, because webhooks and calendars carry their keys in the path. The log outlives the data
 * and is read by more people.
 */
export function disclose(changes: object, subject: string, commit: (value: unknown) => string): Disclosed {
  let committed = false;
  const ofThisKind = BY_KIND[subject.split(':', 1)[0]!];

  const one = (name: string, value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    if (SECRET.test(name) || (typeof value === 'string' && LOOKS_SECRET.test(value))) return '[secret]';
    if (PERSONAL.test(name) || ofThisKind?.test(name)) {
      committed = true;
      return { sha256: commit(value) };
    }
    return masked(value);
  };
  const told = Object.entries(changes).flatMap(([field, value]): [string, unknown][] => {
    if (value === undefined) return [];
    const name = snake(field);
    const both = isPair(value) ? { from: one(name, value.from), to: one(name, value.to) } : one(name, value);
    return [[name, both]];
  });
  return { changes: Object.fromEntries(told), committed };
}

const SECRET =
  /(^|_)(secret|password|token|key|ciphertext|credential|sealed|(secret|key|url)_hash|card|card_number|pan|cvv|cvc)s?$/;
const LOOKS_SECRET = /whsec_|^\d+\|[A-Za-z0-9]{40,}$/;
const PERSONAL =
  /(^|_)(email|phone|(guest|owner|customer)_name|address|iban|tax_id|passport|birth_date|nationality|assignee|recipient|notes?|comment|summary|(cancel|skip|failure|escalation)_reason)$/;

/** What is somebody's, or in somebody's own words, only in lines about this kind of thing: a property's name is its own. */
const BY_KIND: Record<string, RegExp | undefined> = {
  guest: /^(name|city|language)$/,
  owner: /^(name|city|language)$/,
  expense: /^label$/,
  maintenance_ticket: /^(title|description|vendor|resolution)$/,
  cleaning_task: /^checklist$/,
  whatsapp_message: /^(to|parameters)$/,
};

function isPair(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'from,to';
}

function masked(value: unknown): unknown {
  // Amounts are numbers whichever column they are in; ids of the log are beyond them one day.
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return value;
  const { origin, pathname, search } = new URL(value);
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}
