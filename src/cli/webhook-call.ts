import { verify } from '../relay/sign.ts';
import type { Forwarded } from './webhook-forward.ts';

/** A call as the listener tells of it. */
export interface Call {
  time: string;
  event: string | null;
  id: string | null;
  attempt: number | null;
  verified: boolean;
  /** Which rule failed, when it isn't verified. */
  rule?: string;
  explanation?: string;
  /** What the program that it was handed on to made of it. */
  forwarded?: { status: number | null; milliseconds: number; error?: string };
  /** For one that was missed, and made anew from the log: reading on after it. */
  cursor?: string;
  body: unknown;
}

/** Verifies a call as a receiver should. `headers` have lower-case names. */
export function look(headers: Record<string, string | string[] | undefined>, body: Buffer, secret: string): Call {
  const verdict = verify({ headers, body, secret });
  return {
    time: new Date().toISOString(),
    event: headers['x-event']?.toString() ?? null,
    id: headers['webhook-id']?.toString() ?? null,
    attempt: Number(headers['x-attempt']) || null,
    verified: verdict.valid,
    ...(!verdict.valid && { rule: verdict.rule, explanation: verdict.explanation }),
    body: parsed(body.toString('utf8')),
  };
}

export function withForwarded({ body, ...call }: Call, { answer: _answer, ...forwarded }: Forwarded): Call {
  return { ...call, forwarded, body };
}

/** A call in one line, and what it carried in the next. */
export function inWords(call: Call, { pretty }: { pretty: boolean }): string {
  const { time, event, id, attempt, verified, rule, explanation, forwarded, cursor, body } = call;
  const verdict = verified ? 'verified' : `NOT VERIFIED (${rule}): ${explanation}`;
  const again = attempt && attempt > 1 ? `  attempt ${attempt}` : '';
  const missed = cursor ? '  missed' : '';
  const answer = forwarded ? `  → ${forwarded.status ?? forwarded.error} in ${forwarded.milliseconds} ms` : '';
  const line = `${time.slice(11, 19)}  ${event ?? '(no X-Event)'}  ${id ?? '(no webhook-id)'}${again}${missed}  ${verdict}${answer}`;
  return `${line}\n${JSON.stringify(body, null, pretty ? 2 : 0)}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
