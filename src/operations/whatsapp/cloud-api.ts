import { request } from 'undici';
import { VERSION } from '../../core/version.ts';
import { ANYWHERE, openAgent } from '../../relay/address.ts';
import { readRetryAfter } from '../../relay/schedule.ts';
import type { Texts } from './messages/parameters.ts';

/** What came of handing a message to WhatsApp. */
export type Verdict =
  | { kind: 'accepted'; providerId: string }
  /** Trying again may help, no sooner than the provider has said. */
  | { kind: 'later'; code: string | null; reason: string; afterMs?: number }
  | { kind: 'refused'; code: string | null; reason: string };

interface Message {
  id: number;
  /** E.164 */
  to: string;
  template: string;
  language: string;
  parameters: Texts;
}

/** Where the account's number is, and who asks. */
interface Sender {
  phoneNumberId: string;
  token: string;
}

/** The operator says where Meta is. Sockets that nothing waits for don't keep the process alive. Its answers have less than 2 kB. */
const agent = openAgent({ allowed: ANYWHERE, timeoutMs: 5_000, mostBytes: 64 * 1024 });

/** Hands a message to Meta's Cloud API. Never throws: whatever goes wrong is the verdict. No redirect is followed. */
export async function post(
  { whatsappApiUrl, timeoutMs }: { whatsappApiUrl: string; timeoutMs: number },
  { phoneNumberId, token }: Sender,
  message: Message,
): Promise<Verdict> {
  const discreet = (reason: string) => withoutSecrets(reason, token, message.to);
  try {
    const response = await request(`${whatsappApiUrl}/${phoneNumberId}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'user-agent': `Bellhop/${VERSION}`,
      },
      body: JSON.stringify(bodyOf(message)),
      dispatcher: agent,
      signal: AbortSignal.timeout(timeoutMs), // For the whole exchange, the last byte of the answer included.
    });
    const verdict = judge(response.statusCode, parsed(await response.body.text()), message.id);
    if (verdict.kind === 'accepted') return verdict;
    const afterMs = readRetryAfter(response.headers['retry-after']?.toString());
    return { ...verdict, ...(verdict.kind === 'later' && { afterMs }), reason: discreet(verdict.reason) };
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string };
    const reason =
      name === 'TimeoutError'
        ? `WhatsApp did not answer within ${timeoutMs / 1000} s.`
        : `WhatsApp could not be reached${code ? ` (${code})` : ''}.`;
    return { kind: 'later', code: null, reason };
  }
}

/** A template message as the Cloud API takes it. The callback data comes back with every status of the message. */
function bodyOf({ id, to, template, language, parameters }: Message): object {
  const texts = Array.isArray(parameters)
    ? parameters.map((text) => ({ type: 'text', text }))
    : Object.entries(parameters).map(([name, text]) => ({ type: 'text', parameter_name: name, text }));
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: to.slice(1),
    type: 'template',
    template: {
      name: template,
      language: { code: language },
      ...(texts.length > 0 && { components: [{ type: 'body', parameters: texts }] }),
    },
    biz_opaque_callback_data: String(id),
  };
}

/** Limits of pace, and what Meta calls temporary. Meta advises to go by these codes rather than by the HTTP status. */
const PASSING = new Set([1, 2, 4, 17, 32, 341, 613, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004]);

/** The token doesn't serve any more, or may not do this. 200 to 299 are permissions too. */
const isOfToken = (code: number): boolean => [0, 3, 10, 190].includes(code) || (code >= 200 && code <= 299);

function judge(status: number, body: Body, id: number): Verdict {
  if (status >= 200 && status <= 299) {
    const providerId = body?.messages?.[0]?.id;
    if (typeof providerId === 'string' && providerId !== '') return { kind: 'accepted', providerId };
    return { kind: 'later', code: null, reason: `WhatsApp answered ${status} without a message id.` };
  }
  const { code, message, is_transient, error_data } = body?.error ?? {};
  if (typeof code !== 'number') {
    const reason = `WhatsApp answered ${status}.`;
    return { kind: status >= 500 || [408, 425, 429].includes(status) ? 'later' : 'refused', code: null, reason };
  }
  const said = sentence(error_data?.details ?? message);
  if (isOfToken(code) || status === 401) {
    const reason = `WhatsApp does not take the access token (${code}): ${said} Connect the account with a new one by PUT /v1/whatsapp-account, then POST /v1/whatsapp-messages/${id}/send.`;
    return { kind: 'refused', code: String(code), reason };
  }
  const later = PASSING.has(code) || is_transient === true || status >= 500 || status === 429;
  return later
    ? { kind: 'later', code: String(code), reason: `WhatsApp can’t take it just now (${code}): ${said}` }
    : { kind: 'refused', code: String(code), reason: `WhatsApp refused it (${code}): ${said}` };
}

/** What an answer of the Graph API may hold; all of it is somebody else's word. */
type Body =
  | {
      messages?: { id?: unknown }[];
      error?: { code?: unknown; message?: unknown; is_transient?: unknown; error_data?: { details?: unknown } };
    }
  | undefined;

function parsed(text: string): Body {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Somebody else's words as a sentence of bearable length. */
export function sentence(words: unknown): string {
  const text =
    typeof words === 'string'
      ? words
          .slice(0, 300)
          .replace(/[\p{Cc}\p{Surrogate}\s]+/gu, ' ')
          .trim()
      : '';
  return text === '' ? 'no reason was given.' : /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Meta repeats a malformed token in its answer. Reasons are logged and told to whoever may read messages. */
function withoutSecrets(reason: string, token: string, to: string): string {
  return reason.replaceAll(token, '[token]').replaceAll(to.slice(1), `${to.slice(1, 4)}…${to.slice(-2)}`);
}
