import { createHash, randomBytes } from 'node:crypto';
import type { IcalFeed } from '../../../../prisma/generated/client/client.ts';
import type { IcalChannel } from '../../../../prisma/generated/client/enums.ts';
import type { Viewer } from '../../../core/viewer.ts';
import type { Transaction } from '../../../database/index.ts';

/** A feed as it is shown, once: whoever has its address can read it. */
export type NewFeed = IcalFeed & { url: string };

/**
 * Makes a calendar of a property for a channel to read, with a key of its own. A feed for a source leaves out what came from
 * that source. The property, and the source if there is one, must be this agency's: the foreign keys hold it to that.
 */
export async function makeFeed(
  viewer: Viewer,
  tx: Transaction,
  { propertyId, channel, sourceId = null }: { propertyId: number; channel: IcalChannel; sourceId?: number | null },
): Promise<NewFeed> {
  const key = randomBytes(32).toString('base64url');
  const feed = await tx.icalFeed.create({
    data: { agencyId: viewer.agency.id, propertyId, sourceId, channel, keyHash: keyHash(key) },
  });
  return { ...feed, url: `${viewer.config.publicUrl}/v1/properties/${propertyId}/calendar.ics?key=${key}` };
}

/** A fast hash is enough for 256 bits that nobody chose. */
export const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex');
