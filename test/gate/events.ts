import type { Changes } from './change.ts';
import { compareShapes, type Shape, whole } from './shape.ts';

/** Compares the published schemas of events, by their files' names: what receivers read. */
export function compareEvents(before: Record<string, Shape>, after: Record<string, Shape>, changes: Changes): void {
  const references = { before: whole, after: whole };
  for (const [name, was] of Object.entries(before)) {
    const at = `Event ${name}`;
    const is = after[name];
    if (!is) changes.breaking(`${at} is gone`);
    else compareShapes(was, is, { direction: 'told', at, document: 'Event', changes, references, met: new Set() });
  }
}
