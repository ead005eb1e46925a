import type { FieldNullability, InputFieldMap, SchemaTypes, TypeParam } from '@pothos/core';
import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import type PrismaTypes from '../../prisma/generated/pothos.ts';
import { getDatamodel } from '../../prisma/generated/pothos.ts';
import type { Ability } from '../core/abilities.ts';
import type { Viewer } from '../core/viewer.ts';
import type { PageSizes } from './page.ts';
import type { Expression } from './sql.ts';

/** What every resolver is given. */
export interface Context {
  viewer: Viewer;
  /** Aborts when the caller has gone or the deadline has passed. */
  signal: AbortSignal;
}

/** The schema's types, as Pothos is told of them. */
export interface Types {
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string | number };
    /** A plain date: `2026-08-12`. */
    LocalDate: { Input: string; Output: string | Date };
    /** An instant: `2026-07-15T10:23:41+00:00`. */
    DateTime: { Input: Date; Output: Date };
    /** An amount in the currency beside it. Outputs are numbers already; inputs keep their decimal text. */
    Money: { Input: string; Output: number };
    /** An ISO 4217 code. */
    Currency: { Input: string; Output: string };
    EmailAddress: { Input: string; Output: string };
    URL: { Input: string; Output: string };
    UUID: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
    /** A thing to be done. Inputs may be its label alone. */
    ChecklistItem: { Input: { label: string; done: boolean }; Output: { label: string; done: boolean } };
  };
}

declare global {
  export namespace PothosSchemaTypes {
    interface FieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      ParentShape = unknown,
      Type extends TypeParam<Types> = TypeParam<Types>,
      Nullable extends FieldNullability<Type> = FieldNullability<Type>,
      Args extends InputFieldMap = InputFieldMap,
      ResolveShape = unknown,
      ResolveReturnShape = unknown,
    > {
      /**
       * What a token needs to select this field. It stands on root fields, and on the few that lead from one noun to
       * another's list. `graph/guard.ts` reads it before anything runs; `/v1`, OpenAPI and the tests read it too.
       */
      ability?: Ability;
      /**
       * What it needs besides to select more of the row that this field leads to than what names it: a token that reads
       * bookings may say whose property and which guest, and not what is known of them.
       */
      abilityBeyondName?: Ability;
      /** For a root field that an agency needs to pay and come back: it is open when the plan has run out. */
      whenLapsed?: boolean;
      /** The same value as SQL, for the planner: without it a selection of this field is executed in the ordinary way. */
      sql?: Expression;
      /** Whether a write's answer asks the resolver, which may keep from a token that only writes what every read may tell. */
      resolvedAfterWrite?: boolean;
      /**
       * Whether it changes by what happens and not by what anybody decides: how an endpoint is doing, when a token was last
       * used. `If-Match` passes over it, or a change would be refused because of a delivery.
       */
      changesByItself?: boolean;
      /** What selecting this field costs beside its children, when that isn't the usual point. */
      cost?: number;
      /** How many rows a page of this list holds, when that isn't what lists usually do. */
      pages?: PageSizes;
      /** The most rows that these arguments can lead to, where they say; a page of more costs no more. */
      mostRows?: (args: Record<string, unknown>) => number | undefined;
      /** For an object that is a part of its row: its fields are read from the same row as their parent's. */
      embeds?: boolean;
      /** For an object that is no Prisma model, the row that this field leads to: its model, and the column with its id. */
      leadsTo?: { model: string; key: string };
    }
  }
}

export const builder = new SchemaBuilder<Types>({
  plugins: [PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.viewer.db,
    dmmf: getDatamodel(),
    onUnusedQuery: null,
    filterConnectionTotalCount: true,
  },
});

builder.queryType({ description: 'What can be read. Each field says which ability its token needs.' });
builder.mutationType({ description: 'What can be done. Each field says which ability its token needs.' });
builder.subscriptionType({ description: 'What can be followed, over Server-Sent Events.' });
