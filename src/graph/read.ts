import type { Ability } from '../core/abilities.ts';
import { builder } from './builder.ts';
import { parseId } from './ids.ts';
import type { List, Model } from './list.ts';

/** A single read is data too: which row of which model, by its id. */
export interface Read {
  /** The root field: `booking`. */
  field: string;
  /** What the field is called in a sentence. */
  noun: string;
  /** The list of the same rows: their type, model, key and ability are the read's too. */
  list: List & { model: Model };
}

const declared = new Map<string, Read>();

/** Every single read that has been declared, by its root field. */
export const reads: ReadonlyMap<string, Read> = declared;

/** Declares the read of one row by its id. Another agency's row is null, like one that never was. */
export function declareRead(read: Read): Read {
  const { field, noun, list } = read;
  declared.set(field, read);
  const byInteger = (list.id ?? 'int') === 'int';
  builder.queryField(field, (t) =>
    t.prismaField({
      type: list.type as 'Booking',
      nullable: true,
      description: `One ${noun}; null when the agency has none of this id.`,
      ability: list.ability as Ability,
      args: { id: t.arg({ type: byInteger ? 'ID' : 'UUID', required: true }) },
      resolve: (query, _root, { id }, { viewer }) => {
        const delegate = viewer.db[list.model as 'booking'];
        return delegate.findFirst({ ...query, where: { id: (byInteger ? (parseId(id) ?? -1) : id) as number } });
      },
    }),
  );
  return read;
}
