import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { ABILITIES, isAbility } from '../core/abilities.ts';
import { clock } from '../core/clock.ts';
import { NotFound, refuse } from '../core/errors.ts';
import { textProblem } from '../core/text.ts';
import type { Viewer } from '../core/viewer.ts';
import { TOKEN_CHANNEL } from '../outbox/wake.ts';

/** A token as it is shown, once: Sanctum's `<id>|<secret>`. */
export interface NewToken {
  id: number;
  token: string;
}

/** Makes a token with exactly these abilities. `*` is all of them, now and in time. */
export async function createToken(
  viewer: Viewer,
  { name, abilities, expiresAt }: { name: string; abilities: string[]; expiresAt?: Date | null },
): Promise<NewToken> {
  const unknown = abilities.filter((ability) => ability !== '*' && !isAbility(ability));
  refuse({
    name: textProblem(name, { required: true }),
    abilities:
      abilities.length === 0
        ? 'must name at least one ability'
        : unknown.length > 0 && `must be * or of: ${Object.keys(ABILITIES).join(', ')}; not ${unknown.join(', ')}`,
    expiresAt: expiresAt && expiresAt <= clock.now() && 'must lie in the future',
  });
  const secret = newSecret();
  return viewer.write(async (tx, _emit, audit) => {
    const { id } = await tx.accessToken.create({
      data: {
        agencyId: viewer.agency.id,
        name: name.trim(),
        secretHash: hash(secret),
        abilities: [...new Set(abilities)],
        expiresAt,
      },
    });
    const severity = abilities.includes('*') ? 'CRITICAL' : 'WARNING';
    audit('token.created', `token:${id}`, { name, abilities, expiresAt }, severity);
    return { id, token: `${id}|${secret}` };
  });
}

/** From the next request on the token is refused. Revoking twice changes nothing. */
export function revokeToken(viewer: Viewer, id: number) {
  return viewer.write(async (tx, _emit, audit) => {
    const { count } = await tx.accessToken.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: clock.now() },
    });
    const token = await tx.accessToken.findFirst({ where: { id } });
    if (!token) throw new NotFound('token');
    if (count > 0) audit('token.revoked', `token:${id}`, { name: token.name }, 'WARNING');
    await tx.$executeRaw`select pg_notify(${TOKEN_CHANNEL}, ${String(id)})`; // Heard by every gateway, once this commits.
    return token;
  });
}

/** Reads `7|secret`. Undefined for what can't be a token. */
export function parseToken(text: string): { id: number; secret: string } | undefined {
  const match = /^([1-9]\d{0,9})\|([A-Za-z0-9]{40,255})$/.exec(text);
  return match ? { id: Number(match[1]), secret: match[2]! } : undefined;
}

/** Compares in constant time. */
export function secretMatches(secret: string, secretHash: string): boolean {
  return timingSafeEqual(Buffer.from(hash(secret), 'hex'), Buffer.from(secretHash, 'hex'));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 48 letters and digits: 285 bits. A fast hash is enough for a secret that nobody chose. */
const newSecret = (): string => Array.from({ length: 48 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');
