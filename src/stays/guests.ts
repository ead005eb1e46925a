import type { Guest as GuestRow } from '../../prisma/generated/client/client.ts';
import type { Viewer } from '../core/viewer.ts';
import type { Transaction } from '../database/index.ts';
import { builder } from '../graph/builder.ts';

export const Guest = builder.prismaObject('Guest', {
  description: 'Who stays: a profile shared by the bookings that name the same e-mail address.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    email: t.exposeString('email', { nullable: true }),
    phone: t.exposeString('phone', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

/**
 * The profile for a booking: the one with this e-mail address, or a new one. A name alone doesn't find a profile, because
 * two guests may share it. Two bookings of one new guest may arrive together: the second waits for the first, and finds
 * what it has made. (Prisma's `upsert` looks first and would fail there.)
 */
export async function guestFor(
  viewer: Viewer,
  tx: Transaction,
  { name, email, phone }: { name: string; email?: string | null; phone?: string | null },
): Promise<GuestRow> {
  const data = { agencyId: viewer.agency.id, name, email: email?.toLowerCase(), phone };
  if (!data.email) return tx.guest.create({ data });
  const [made] = await tx.guest.createManyAndReturn({ data: [data], skipDuplicates: true });
  if (made) return made;
  const { agencyId, email: known } = data;
  return tx.guest.findUniqueOrThrow({ where: { agencyId_email: { agencyId, email: known } } });
}
