import { ABILITIES, isAbility } from '../../core/abilities.ts';
import { clock } from '../../core/clock.ts';
import { instant } from '../../core/dates.ts';
import { DomainError, Invalid, MissingAbility, refuse } from '../../core/errors.ts';
import { nearest, textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { builder } from '../../graph/builder.ts';
import { hash, newSecret, tokenText } from './secret.ts';
import { AccessToken, type NewToken } from './types.ts';

interface TokenInput {
  name: string;
  abilities: string[];
  expiresAt?: Date | null;
}

/**
 * Makes a token with exactly these abilities; `*` is all of them, now and in time. Who makes it gives no more than they
 * have: none of the abilities that they lack, and no time beyond their own.
 */
export async function createToken(viewer: Viewer, { name, abilities, expiresAt }: TokenInput): Promise<NewToken> {
  refuse({
    name: textProblem(name, { required: true }),
    abilities: abilitiesProblem(abilities),
    expiresAt: expiresAt && expiresAt <= clock.now() && 'must lie in the future',
  });
  requireOwn(viewer, abilities);
  const secret = newSecret();
  return viewer.write(async (tx, _emit, audit) => {
    const ends = await endOf(tx, viewer);
    if (ends && expiresAt && expiresAt > ends)
      throw new Invalid({ expiresAt: [`must not be after ${instant(ends)}, when the token that asks expires`] });
    const token = await tx.accessToken.create({
      data: {
        agencyId: viewer.agency.id,
        name: name.trim(),
        secretHash: hash(secret),
        abilities: [...new Set(abilities)],
        expiresAt: expiresAt ?? ends,
      },
    });
    const severity = abilities.includes('*') ? 'CRITICAL' : 'WARNING';
    const facts = { name: token.name, abilities: token.abilities, expiresAt: token.expiresAt };
    audit('token.created', `token:${token.id}`, facts, severity);
    return { ...token, token: tokenText(token.id, secret) };
  });
}

const MOST_ABILITIES = 100;
/** Longer than any name; what is longer is neither compared nor repeated whole. */
const NAME_LENGTH = 50;

/** What is wrong with a list of abilities, or nothing. A name that is none is refused with the nearest. */
function abilitiesProblem(abilities: string[]): string | undefined {
  if (abilities.length === 0) return 'must name at least one ability, such as bookings:read, or * for all';
  if (abilities.length > MOST_ABILITIES) return `must name at most ${MOST_ABILITIES} abilities`;
  const unknown = abilities
    .filter((name) => name !== '*' && !isAbility(name))
    .map((name) => name.slice(0, NAME_LENGTH));
  if (unknown.length === 0) return undefined;
  const near = nearest(unknown[0]!, Object.keys(ABILITIES));
  return `must be * or exact names of abilities; ${unknown.join(', ')} is not. Did you mean ${near}?`;
}

/** Who may make tokens could otherwise make one that may do anything. */
function requireOwn(viewer: Viewer, abilities: string[]): void {
  const missing = abilities.filter((name) =>
    isAbility(name) ? !viewer.can(name) : !viewer.abilityList.includes(name),
  );
  if (missing.length > 0)
    throw new MissingAbility(
      missing,
      `A token gives no more than it has, and this one lacks ${missing.join(' and ')}.`,
    );
}

/**
 * When the token that asks expires; null for one that doesn't, and for the command line. It is held until the commit: one that
 * is being revoked can't leave another behind.
 */
async function endOf(tx: Transaction, { actor }: Viewer): Promise<Date | null> {
  if (actor.tokenId === undefined) return null;
  await tx.$queryRaw`select id from access_token where id = ${actor.tokenId} for share`;
  const own = await tx.accessToken.findFirstOrThrow({ where: { id: actor.tokenId } });
  if (own.revokedAt) throw new DomainError('UNAUTHENTICATED', 'Unauthenticated.');
  return own.expiresAt;
}

const CreateTokenInput = builder.inputType('CreateTokenInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is for: Metabase, Zapier …' }),
    abilities: t.stringList({
      required: true,
      description: 'Exact names, such as `bookings:read`, or `*`; none that the token that asks lacks.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'Until when it works. Not said, it works for good, or until the token that asks expires, which it can’t outlive.',
    }),
  }),
});

builder.mutationField('createToken', (t) =>
  t.field({
    type: AccessToken,
    description: 'Makes a token. Its text is in this answer only.',
    ability: 'tokens:write',
    args: { input: t.arg({ type: CreateTokenInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createToken(viewer, input),
  }),
);
