import { refuse } from '../../core/errors.ts';
import type { Viewer } from '../../core/viewer.ts';
import { parseId } from '../../graph/ids.ts';
import { type Bucket, bucketsOf, type Granularity, lengthOf } from './buckets.ts';

/** Ten years: what a series by the day can hold and still be read. */
const MOST_NIGHTS = 3_660;
/** The day after the last day of a period must be one that is written with four digits of a year too. */
const LAST_DAY = '9998-12-31';
/** What is asked as of an earlier day is added up night by night, and a year of a large agency takes a second. */
const MOST_NIGHTS_AS_OF = 366;
/** Named properties are added up night by night too. Whoever wants more wants all. */
const MOST_PROPERTIES = 100;

/** What a report is asked with, by the names of the arguments. */
export interface ReportArgs {
  from: string;
  to: string;
  granularity?: Granularity | null;
  propertyId?: string[] | null;
  asOf?: string | null;
  explain?: boolean | null;
}

/** The same, looked through: what there was to refuse is refused. */
export interface Ask {
  viewer: Viewer;
  from: string;
  to: string;
  granularity: Granularity;
  buckets: Bucket[];
  /** Undefined for all. An id that can't be one is -1, which no property has. */
  propertyIds: number[] | undefined;
  /** The last day of which it was known; undefined for now. */
  asOf: string | undefined;
}

/** Throws everything that is wrong at once. A property of another agency is one that nobody has, and adds nothing. */
export function askOf(viewer: Viewer, { from, to, granularity, propertyId, asOf }: ReportArgs): Ask {
  const nights = lengthOf({ from, to });
  refuse({
    to:
      nights < 1
        ? 'must not be before from'
        : nights > MOST_NIGHTS
          ? `must be less than ${MOST_NIGHTS} days after from; ask in two requests`
          : to > LAST_DAY && `must not be after ${LAST_DAY}`,
    asOf:
      asOf != null &&
      nights > MOST_NIGHTS_AS_OF &&
      `goes with at most ${MOST_NIGHTS_AS_OF} nights from from to to; ask year by year`,
    propertyId:
      propertyId != null &&
      propertyId.length > MOST_PROPERTIES &&
      `must not name more than ${MOST_PROPERTIES} properties; leave it out for all of them`,
  });
  return {
    viewer,
    from,
    to,
    granularity: granularity ?? 'DAY',
    buckets: bucketsOf(from, to, granularity ?? 'DAY'),
    propertyIds: propertyId?.map((id) => parseId(id) ?? -1),
    // What is known on a day to come is what is known now.
    asOf: asOf != null && asOf < viewer.today ? asOf : undefined,
  };
}
