import { snake } from '../core/text.ts';

/** What an audit line may say of changes. */
export interface Disclosed {
  changes: Record<string, unknown>;
  /** Whether any of it is a commitment, and so needs its salt kept. */
  committed: boolean;
}

/**
 * Changes as the audit log keeps them, with snake_case names: what says who somebody is or how to reach them is a
 * commitment `{sha256}`, what is secret is named without its value, and of an address only its host stays, because
 * webhooks and calendars carry their keys in the path. The log outlives the data and is read by more people.
 */
export function disclose(changes: object, subject: string, commit: (value: unknown) => string): Disclosed {
  let committed = false;
  const ofSomebody = /^(guest|owner)s?:/.test(subject);

  const one = (name: string, value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    if (SECRET.test(name) || (typeof value === 'string' && LOOKS_SECRET.test(value))) return '[secret]';
    if (PERSONAL.test(name) || (ofSomebody && OF_SOMEBODY.test(name))) {
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

const SECRET = /(^|_)(secret|password|token|access_token|verify_token|api_key|store_key|key|ciphertext|credentials)s?$/;
const LOOKS_SECRET = /whsec_|^\d+\|[A-Za-z0-9]{40,}$/;
const PERSONAL =
  /(^|_)(email|phone|guest_name|owner_name|customer_name|address|iban|notes?|comment|recipient|parameters|assignee|passport|birth_date|nationality|tax_id)$|^to$/;
/** Of a guest or an owner these are theirs; of anything else, its own. */
const OF_SOMEBODY = /(^|_)(name|city|language)$/;

function isPair(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'from,to';
}

function masked(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return value;
  const { origin, pathname, search } = new URL(value);
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}
