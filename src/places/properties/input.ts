import type { PropertyKind } from '../../../prisma/generated/client/enums.ts';
import { fromDay } from '../../core/dates.ts';
import { Invalid, refuse } from '../../core/errors.ts';
import { toMinor } from '../../core/money.ts';
import { textProblem } from '../../core/text.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Transaction } from '../../database/index.ts';
import { parseId } from '../../graph/ids.ts';
import type { PropertyRow } from './types.ts';

/** What a caller may say of a property. Undefined leaves a field as it is; null empties it. */
export interface PropertyInput {
  code?: string | null;
  name?: string | null;
  kind?: PropertyKind | null;
  city?: string | null;
  description?: string | null;
  units?: number | null;
  basePrice?: string | null;
  ownerId?: string | null;
  /** `15:00`, at the agency's timezone. */
  checkInTime?: string | null;
  checkOutTime?: string | null;
  cleaningAtCheckOut?: boolean | null;
  cleaningChecklist?: string[] | null;
  cleaningAssignee?: string | null;
  /** The first and the last day on the market. */
  activeFrom?: string | null;
  activeTo?: string | null;
  commune?: string | null;
  taxCategory?: string | null;
}

/** The same as of a task's own list, which this one is copied into. */
const MOST_ITEMS = 100;
const LONGEST_ITEM = 200;

/** The columns that an input fills, or one error that names every field that can't be used. `before` is the property as it is, where there is one. */
export async function propertyColumns(
  viewer: Viewer,
  tx: Transaction,
  input: PropertyInput,
  before?: Pick<PropertyRow, 'activeFrom' | 'activeTo'>,
) {
  const activeFrom = dayColumn(input.activeFrom);
  const activeTo = dayColumn(input.activeTo);
  const basePriceMinor = input.basePrice == null ? undefined : toMinor(input.basePrice, viewer.agency.currency);
  refuse({
    code: textProblem(input.code, { most: 64, required: true }),
    name: textProblem(input.name, { required: true }),
    city: textProblem(input.city),
    description: textProblem(input.description, { most: 10_000 }),
    units: input.units != null && (input.units < 1 || input.units > 10_000) && 'must be from 1 to 10000',
    basePrice:
      input.basePrice != null &&
      (basePriceMinor === undefined || basePriceMinor < 0) &&
      `must be an amount of ${viewer.agency.currency}, 0 or more`,
    checkInTime: timeProblem(input.checkInTime),
    checkOutTime: timeProblem(input.checkOutTime),
    cleaningAssignee: textProblem(input.cleaningAssignee, { required: true }),
    commune: textProblem(input.commune, { most: 100, required: true }),
    taxCategory: textProblem(input.taxCategory, { most: 100, required: true }),
    activeTo: backwards(
      activeFrom === undefined ? before?.activeFrom : activeFrom,
      activeTo === undefined ? before?.activeTo : activeTo,
    ),
    ...checklistProblems(input.cleaningChecklist),
  });
  return {
    code: input.code?.trim(),
    name: input.name?.trim(),
    kind: input.kind ?? undefined,
    city: input.city,
    description: input.description,
    units: input.units ?? undefined,
    basePriceMinor,
    ownerId: input.ownerId == null ? input.ownerId : await ownerOf(tx, input.ownerId),
    checkInTime: input.checkInTime ?? undefined,
    checkOutTime: input.checkOutTime ?? undefined,
    cleaningAtCheckOut: input.cleaningAtCheckOut ?? undefined,
    cleaningChecklist: input.cleaningChecklist === null ? [] : input.cleaningChecklist?.map((item) => item.trim()),
    cleaningAssignee: input.cleaningAssignee === null ? null : input.cleaningAssignee?.trim(),
    activeFrom,
    activeTo,
    commune: input.commune === null ? null : input.commune?.trim(),
    taxCategory: input.taxCategory === null ? null : input.taxCategory?.trim(),
  };
}

const dayColumn = (date: string | null | undefined) => (date == null ? date : fromDay(date));

const backwards = (from: Date | null | undefined, to: Date | null | undefined): string | false =>
  from != null && to != null && from > to && 'must not be before activeFrom';

function timeProblem(time: string | null | undefined): string | false {
  return time != null && !/^([01]\d|2[0-3]):[0-5]\d$/.test(time) && 'must be a time of day like 15:00';
}

/** What is wrong with which item, by its place in the list. */
function checklistProblems(items: string[] | null | undefined): Record<string, string | undefined> {
  if (items == null) return {};
  if (items.length > MOST_ITEMS) return { cleaningChecklist: `must not have more than ${MOST_ITEMS} items` };
  return Object.fromEntries(
    items.map((item, i) => [`cleaningChecklist.${i}`, textProblem(item, { most: LONGEST_ITEM, required: true })]),
  );
}

async function ownerOf(tx: Transaction, id: string): Promise<number> {
  const owner = await tx.owner.findFirst({ where: { id: parseId(id) ?? -1 }, select: { id: true } });
  if (!owner) throw new Invalid({ ownerId: ['is not an owner of this agency'] });
  return owner.id;
}
