/** A step of the work, as traces show it: it has begun, and is told when it ends. */
export interface Span {
  /** Its own place in the trace, in W3C's words: the parent of whatever follows from it. */
  traceparent: string;
  /** What it is called is known only while it goes on: a request's row. */
  rename(name: string): void;
  end(facts?: Facts, failure?: string): void;
}

export type Facts = Record<string, string | number | boolean | undefined>;

export interface Beginning {
  kind: SpanKind;
  parent?: string;
  facts?: Facts;
  /** When it began, where that was before it could be told of. */
  begun?: Date;
}

export interface Tracer {
  begin(name: string, how: Beginning): Span;
}

/** What a step is to its neighbours: it answers somebody, calls somebody, hands something on, or is all ours. */
export type SpanKind = 'server' | 'client' | 'producer' | 'internal';

let tracer: Tracer | undefined;

/** Has steps recorded from now on, or no longer. */
export function recordWith(recorder: Tracer | undefined): void {
  tracer = recorder;
}

/** Begins a step, where somebody records them. Where nobody does, it costs one comparison. */
export function beginSpan(name: string, how: Beginning): Span | undefined {
  return tracer?.begin(name, how);
}

const places = new WeakMap<object, string>();

/** Says from which place in a trace a transaction follows; whatever is recorded in it keeps that place. */
export function traceTransaction(tx: object, traceparent: string | undefined): void {
  if (traceparent) places.set(tx, traceparent);
}

export const traceOf = (tx: object): string | undefined => places.get(tx);

/**
 * The place in a trace that a header tells of, or undefined for whatever isn't one: it is stored and sent on, so nothing
 * else may pass. A later version of the header is read as far as this one goes, as W3C asks.
 */
export function readTraceparent(header: string | string[] | undefined): string | undefined {
  const [, version, trace, span, flags] =
    (typeof header === 'string' &&
      /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[\x21-\x7e]*)?$/.exec(header)) ||
    [];
  if (!version || version === 'ff' || (version === '00' && (header as string).length !== 55)) return undefined;
  if (/^0+$/.test(trace!) || /^0+$/.test(span!)) return undefined;
  return `00-${trace}-${span}-${flags}`;
}
