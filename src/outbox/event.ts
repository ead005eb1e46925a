import type { z } from 'zod';

/**
 * What can happen, declared once. The webhook body, the Connect body, the published JSON Schema, the catalogue, the
 * OpenAPI `webhooks` section and the test button are all made from this value.
 */
export interface EventDeclaration<Facts = never> {
  /** `family.past_tense`, for ever. */
  name: string;
  summary: string;
  /** Who may read the subject may hear of it. */
  ability: string;
  /** The shape of `data` in the body. Once released it only ever gains keys. */
  data: z.ZodObject;
  /** From what the operation knows to what a receiver reads. */
  render(facts: Facts): object;
  /** The root field that reads its subject by the id, where there is one: what an endpoint's selection selects from. */
  read?: string;
  /** What it happened to, and the subject's version, which numbers its events. */
  subject(facts: Facts): { kind: string; id: number | string; version: number };
  /** The same fact in the words of Stayntouch Connect. */
  connect?: ConnectForm<Facts>;
  /** News of the webhooks themselves: told to those who ask for it by name or family, and no part of `*`. */
  operational?: boolean;
  /** A valid `data`, for documents and the test button. */
  example: object;
  /** A valid Connect `data`, where there is one. */
  connectExample?: object;
}

export interface ConnectForm<Facts> {
  name: string;
  data: z.ZodObject;
  render(facts: Facts): object;
}

// `any` because a catalogue holds events of every kind of facts; nobody renders one without knowing which it is.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyEvent = EventDeclaration<any>;

const declared = new Map<string, AnyEvent>();

/** Declares an event and enters it into the catalogue. The type of `facts` is what `emit` will ask for. */
export function declareEvent<Facts>(event: EventDeclaration<Facts>): EventDeclaration<Facts> {
  if (declared.has(event.name)) throw new Error(`The event ${event.name} is declared twice.`);
  if (!/^[a-z_]+\.[a-z_]+$/.test(event.name)) throw new Error(`${event.name} is not named family.past_tense.`);
  event.data.parse(event.example);
  if (event.connect) event.connect.data.parse(event.connectExample);
  declared.set(event.name, event);
  return event;
}

/** Every event that has been declared, by name, in the order of the names. */
export function catalogue(): AnyEvent[] {
  return [...declared.values()].sort((a, b) => a.name.localeCompare(b.name));
}

export function eventNamed(name: string): AnyEvent | undefined {
  return declared.get(name);
}

/** The names of the operational events, which `*` doesn't cover. */
export function operationalEvents(): string[] {
  return catalogue().flatMap(({ name, operational }) => (operational ? [name] : []));
}

/** True when `pattern` (a name, `family.*` or `*`) covers `name`. Whole segments, case matters. */
export function covers(pattern: string, name: string): boolean {
  if (pattern === '*') return !eventNamed(name)?.operational;
  if (pattern === name) return true;
  return pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1)) && !pattern.slice(0, -2).includes('.');
}
