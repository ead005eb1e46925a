import type { AuditSeal } from '../../../prisma/generated/client/client.ts';
import type { Viewer } from '../../core/viewer.ts';

/** An entry's seal, if it has one yet. Those that are asked for in one turn of the loop are read with one statement. */
export function sealOf(viewer: Viewer, entryId: string): Promise<AuditSeal | null> {
  let batch = batches.get(viewer);
  if (!batch) {
    batch = { ids: [], found: soon().then(() => read(viewer)) };
    batches.set(viewer, batch);
  }
  batch.ids.push(entryId);
  return batch.found.then((seals) => seals.get(entryId) ?? null);
}

interface Batch {
  ids: string[];
  found: Promise<Map<string, AuditSeal>>;
}

const batches = new WeakMap<Viewer, Batch>();

async function read(viewer: Viewer): Promise<Map<string, AuditSeal>> {
  const { ids } = batches.get(viewer)!;
  batches.delete(viewer);
  const seals = await viewer.db.auditSeal.findMany({ where: { entryId: { in: ids } } });
  return new Map(seals.map((seal) => [seal.entryId, seal]));
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
