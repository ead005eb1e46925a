import { nightsOf } from '../../core/dates.ts';
import type { Span } from '../inventory.ts';
import type { NightChange } from '../inventory-many.ts';

/** A night as the database keeps it. */
export interface KeptNight {
  roomTypeId: number;
  date: string;
  total: number;
  sold: number;
  blocked: number;
}

type Change = Span & { sold: number; blocked: number };

/**
 * A property's nights while a calendar is compared with them: what is left of each, what this reading has given back and
 * taken so far. Nothing here touches the database; `changes` says what it has to be told.
 */
export class Units {
  private readonly left = new Map<string, number>();
  private readonly told: Change[] = [];

  constructor(
    kept: KeptNight[],
    /** How many units each room type has, for nights that have no row yet. */
    private readonly units: Map<number, number>,
  ) {
    for (const { roomTypeId, date, total, sold, blocked } of kept) {
      this.left.set(keyOf(roomTypeId, date), total - sold - blocked);
    }
  }

  /** The nights on which nothing is left. */
  full({ roomTypeId, checkIn, checkOut }: Span): string[] {
    return nightsOf(checkIn, checkOut).filter((date) => this.leftOn(roomTypeId, date) < 1);
  }

  /** The nights of `after` on which nothing is left, once `before` is given back. */
  fullBut(before: Span, after: Span): string[] {
    return this.full(after).filter(
      (date) =>
        !(
          before.roomTypeId === after.roomTypeId &&
          before.checkIn <= date &&
          date < before.checkOut &&
          this.leftOn(after.roomTypeId, date) >= 0
        ),
    );
  }

  sell(span: Span): void {
    this.change({ ...span, sold: 1, blocked: 0 });
  }

  free(span: Span): void {
    this.change({ ...span, sold: -1, blocked: 0 });
  }

  block(span: Span): void {
    this.change({ ...span, sold: 0, blocked: 1 });
  }

  unblock(span: Span): void {
    this.change({ ...span, sold: 0, blocked: -1 });
  }

  /** Takes nights that somebody else will tell the database of: a new booking's. */
  reserve(span: Span): void {
    this.count({ ...span, sold: 1, blocked: 0 });
  }

  /** What has changed in all, a night once. */
  changes(): NightChange[] {
    return nightChanges(this.told);
  }

  private change(change: Change): void {
    this.told.push(change);
    this.count(change);
  }

  private count({ roomTypeId, checkIn, checkOut, sold, blocked }: Change): void {
    for (const date of nightsOf(checkIn, checkOut)) {
      this.left.set(keyOf(roomTypeId, date), this.leftOn(roomTypeId, date) - sold - blocked);
    }
  }

  private leftOn(roomTypeId: number, date: string): number {
    return this.left.get(keyOf(roomTypeId, date)) ?? this.units.get(roomTypeId) ?? 0;
  }
}

/** Changes of spans as changes of nights, added up; a night for which they come to nothing isn't among them. */
export function nightChanges(spans: Change[]): NightChange[] {
  const nights = new Map<string, NightChange>();
  for (const { roomTypeId, checkIn, checkOut, sold, blocked } of spans) {
    for (const date of nightsOf(checkIn, checkOut)) {
      const key = keyOf(roomTypeId, date);
      const night = nights.get(key) ?? { roomTypeId, date, sold: 0, blocked: 0 };
      nights.set(key, { ...night, sold: night.sold + sold, blocked: night.blocked + blocked });
    }
  }
  return [...nights.values()].filter(({ sold, blocked }) => sold !== 0 || blocked !== 0);
}

const keyOf = (roomTypeId: number, date: string) => `${roomTypeId} ${date}`;
