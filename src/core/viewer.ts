import type { PrismaClient } from '../../prisma/generated/client/client.ts';
import type { Config } from '../config.ts';
import type { Database, Transaction } from '../database/index.ts';
import { AuditLines, type Severity } from '../outbox/audit.ts';
import type { EventDeclaration } from '../outbox/event.ts';
import { record } from '../outbox/record.ts';
import type { Wake } from '../outbox/wake.ts';
import type { Ability } from './abilities.ts';
import { clock } from './clock.ts';
import { saidByPostgres } from './constraints.ts';
import { todayIn } from './dates.ts';
import { persist } from './persist.ts';
import { beginSpan, traceTransaction } from './trace.ts';

/** The agency as every request needs it: read with the token, and never written through here. */
export interface ViewerAgency {
  id: number;
  name: string;
  currency: string;
  timezone: string;
  commissionBasisPoints: number;
}

/** Who acts, for the audit line. */
export interface Actor {
  /** "token:7" or "cli". */
  name: string;
  tokenId?: number;
  /** What the token is called. */
  tokenName?: string;
  ip?: string;
  requestId?: string;
  /** The place in a trace that what is done follows from, in W3C's words. */
  traceparent?: string;
}

/**
 * Adds an event and its audit line to the transaction; exists only inside `viewer.write`. `changes` is for the line: what
 * `changed` of the row before and after says.
 */
export type Emit = <Facts>(event: EventDeclaration<Facts>, facts: Facts, changes?: object | null) => Promise<string>;

/** Adds an audit line for a write that the outside isn't told of. A critical one is told all the same, as what it is. */
export type Audit = (action: string, subject: string, changes?: object | null, severity?: Severity) => void;

/** What the process holds for everybody. */
export interface Services {
  database: Database;
  wake: Wake;
  config: Config;
}

/** One agency seen with the rights of one token. Whoever holds a viewer can't reach another agency's rows. */
export class Viewer {
  constructor(
    readonly agency: ViewerAgency,
    readonly actor: Actor,
    private readonly abilities: ReadonlySet<string>,
    private readonly services: Services,
    /** Imports of history write the log without telling anybody. */
    readonly silent = false,
  ) {}

  /** Set by a request that came with an Idempotency-Key, so that the write and the fact that it happened commit together. */
  idempotencyKey: string | undefined;

  /** Checked first inside the transaction of `write`, before any fact changes: what an If-Match promised. */
  precondition: ((tx: Transaction) => Promise<void>) | undefined;

  /** Why the agency's plan lets this request do no more than pay for it; undefined while the plan is alive. */
  lapsed: string | undefined;

  /**
   * Throws once who asks is no longer let in: a token that was revoked or has run out, a plan that has ended. For whatever goes on
   * after its request was let in, to ask before it says more.
   */
  stillLetIn: () => Promise<void> = async () => {};

  /** The client that sees this agency and nothing else. */
  get db(): PrismaClient {
    return this.transaction ?? this.services.database.forAgency(this.agency.id);
  }

  get database(): Database {
    return this.services.database;
  }

  get wake(): Wake {
    return this.services.wake;
  }

  get config(): Config {
    return this.services.config;
  }

  /** Runs one reading statement; its rows are arrays. */
  async read(text: string, values: unknown[]): Promise<{ rows: unknown[][] }> {
    if (!this.transaction) return this.services.database.read(this.agency.id, text, values);
    const rows = await this.transaction.$queryRawUnsafe<Record<string, unknown>[]>(text, ...values);
    return { rows: rows.map((row) => Object.values(row)) };
  }

  /** The same viewer reading inside a transaction, so that it sees what that has locked and written. */
  within(tx: Transaction): Viewer {
    const viewer = new Viewer(this.agency, this.actor, this.abilities, this.services, this.silent);
    viewer.transaction = tx as PrismaClient; // All that a read asks of a client, a transaction has.
    return viewer;
  }

  private transaction: PrismaClient | undefined;

  can(ability: Ability): boolean {
    return this.abilities.has('*') || this.abilities.has(ability);
  }

  get abilityList(): string[] {
    return [...this.abilities];
  }

  /** The date at the agency's properties. */
  get today(): string {
    return todayIn(this.agency.timezone, clock.now());
  }

  /**
   * One transaction with the facts, their events and their audit lines. Nothing inside may talk to a network. It is run
   * again when somebody else was faster, so it must not have effects of its own.
   */
  async write<T>(facts: (tx: Transaction, emit: Emit, audit: Audit) => Promise<T>): Promise<T> {
    const { traceparent, requestId } = this.actor;
    const span = beginSpan('write', {
      kind: 'internal',
      parent: traceparent,
      facts: { 'bellhop.request_id': requestId },
    });
    try {
      const result = await persist(() => this.writeOnce(facts, span?.traceparent ?? traceparent), {
        retries: 4,
        minTimeout: 5,
        maxTimeout: 100,
        randomize: true,
        shouldRetry: ({ error }) => isRetryable(error),
      });
      span?.end();
      this.services.wake.poke();
      return result;
    } catch (error) {
      span?.end({}, error instanceof Error ? error.name : 'refused');
      throw error;
    }
  }

  private writeOnce<T>(
    facts: (tx: Transaction, emit: Emit, audit: Audit) => Promise<T>,
    traceparent: string | undefined,
  ): Promise<T> {
    return this.db.$transaction(
      async (tx) => {
        traceTransaction(tx, traceparent);
        await this.precondition?.(tx);
        const lines = new AuditLines(this.agency.id, this.actor);
        const audit: Audit = (...line) => lines.add(...line);
        const result = await facts(
          tx,
          async (event, told, changes) => {
            const { id } = await record(tx, this.agency.id, event, told, { silent: this.silent });
            const subject = event.subject(told);
            audit(event.name, `${subject.kind}:${subject.id}`, changes);
            return id;
          },
          audit,
        );
        await lines.write(tx, { silent: this.silent });
        if (this.idempotencyKey && this.actor.tokenId) {
          await tx.idempotencyKey.updateMany({
            where: { tokenId: this.actor.tokenId, key: this.idempotencyKey },
            data: { committed: true },
          });
        }
        return result;
      },
      // Waiting for a connection is what a burst of writers does; working for longer than this is a mistake.
      { maxWait: 10_000, timeout: 15_000 },
    );
  }
}

/** Thrown inside `viewer.write` when the same work, done again, will go through: a night that somebody else has just sold. */
export class TryAgain extends Error {}

/**
 * Somebody else was faster, and PostgreSQL took the transaction back whole: a serialization failure, a deadlock, a row that is
 * there by now (23505) or one that is gone (23503). Done again, the work sees what the other has done.
 */
function isRetryable(error: unknown): boolean {
  return (
    error instanceof TryAgain || ['40001', '40P01', '23505', '23503'].includes(saidByPostgres(error).originalCode!)
  );
}
