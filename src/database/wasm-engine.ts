import { readFileSync } from 'node:fs';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { schemaEngineFile } from './assets.ts';

/** A migration as it lies in `prisma/migrations`. */
export interface Migration {
  name: string;
  sql: string;
}

/** Prisma's own schema engine on one database. */
export interface SchemaEngine {
  /**
   * Applies what `_prisma_migrations` lacks, in the order of the names. Each is one transaction; one that PostgreSQL
   * refuses is noted as rolled back, so that it may be tried again, and throws MigrationRefused.
   */
  apply(migrations: Migration[]): Promise<void>;
  /** The SQL that makes the database what `schema` says; undefined when it is that already. */
  diff(schema: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/**
 * Prisma's engine as WebAssembly: the same that its command line downloads, without the download. So `prisma migrate
 * deploy` reads the same folder and writes the same table, wherever somebody prefers it.
 */
export async function openSchemaEngine(url: string): Promise<SchemaEngine> {
  await loadGlue();
  let refusal: Error | undefined;
  const pool = new EnginePool(url);
  const factory = new PrismaPg(pool);
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      const types = result.columnTypes.map((type, i) =>
        pool.charColumns.has(result.columnNames[i]!) ? ColumnTypeEnum.Character : type,
      );
      return { ...result, columnTypes: types };
    };
    // The adapter would cut the script at every semicolon, also inside of a function's body. Sent whole, it is also one
    // transaction: a migration that fails leaves nothing behind.
    adapter.executeScript = async (script) => {
      await pool.query(script).catch((error) => {
        refusal = error;
        throw error instanceof pg.DatabaseError ? inEngineTerms(error) : error;
      });
    };
    return adapter;
  };
  const engine = await glue.SchemaEngine.new(
    { datamodels: undefined },
    () => {}, // Its log repeats what it returns and throws.
    bindMigrationAwareSqlAdapterFactory(factory),
  );

  return {
    async apply(migrations) {
      refusal = undefined;
      try {
        await engine.applyMigrations({ migrationsList: listOf(migrations), filters: NO_FILTERS });
      } catch (error) {
        const migrationName = /migration_name="([^"]+)"/.exec((error as Error).message)?.[1];
        if (!refusal || !migrationName) throw error;
        await engine.markMigrationRolledBack({ migrationName });
        throw new MigrationRefused(migrationName, refusal);
      }
    },
    async diff(schema) {
      const files = [{ path: 'schema.prisma', content: schema }];
      const { exitCode, stdout } = await engine.diff({
        from: { tag: 'schemaDatasource', configDir: '.', files },
        to: { tag: 'schemaDatamodel', files },
        script: true,
        exitCode: true,
        filters: NO_FILTERS,
      });
      return exitCode === 0 ? undefined : (stdout ?? undefined);
    },
    async close() {
      engine.free();
      await pool.end();
    },
  };
}

export class MigrationRefused extends Error {
  constructor(migration: string, cause: Error) {
    super(
      `The migration ${migration} failed and was undone: ${cause.message}\n` +
        'Put right what it names and start again; the data is as it was before.',
      { cause },
    );
  }
}

/** In the form that the engine notes in `_prisma_migrations.logs`. */
function inEngineTerms({
  code = '',
  severity = 'ERROR',
  message,
  detail,
  column,
  hint,
}: pg.DatabaseError): DriverAdapterError {
  return new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}

const NO_FILTERS = { externalTables: [], externalEnums: [] };

function listOf(migrations: Migration[]) {
  return {
    baseDir: '/migrations',
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
}

/** Node has it; its types leave it to the browser's. */
declare const WebAssembly: {
  instantiate(
    file: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

let loaded: Promise<void> | undefined;

/** Five megabytes that most starts don't need: loaded when there is something to apply. */
function loadGlue(): Promise<void> {
  loaded ??= (async () => {
    const panics = { set_message: (message: string) => console.error(message) };
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panics });
    // The engine never clears the ten seconds that it allows for its lock; they must not keep the process alive.
    const timers = Object.keys(glue).filter((name) => name.startsWith('__wbg_setTimeout_'));
    const patient = (work: () => void, ms: number) => setTimeout(work, ms).unref();
    const imports = { ...glue, ...Object.fromEntries(timers.map((name) => [name, patient])) };
    const { instance } = await WebAssembly.instantiate(readFileSync(schemaEngineFile()), {
      './schema_engine_bg.js': imports,
    });
    glue.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
  })();
  return loaded;
}

const OID_CHAR = 18;
const OID_BPCHAR = 1042;

/**
 * PrismaPg refuses the catalog's one-byte "char", which the engine asks for when it reads a schema. It is passed off as
 * a char(1) here, and `charColumns` remembers where that was done.
 */
class EnginePool extends pg.Pool {
  readonly charColumns = new Set<string>();

  constructor(url: string) {
    super({ connectionString: url, max: 1, application_name: 'bellhop migrate' });
    const query = super.query.bind(this) as (...args: unknown[]) => Promise<pg.QueryResult>;
    this.query = (async (...args: unknown[]) => {
      const result = await query(...args);
      for (const field of result.fields ?? []) {
        if (field.dataTypeID !== OID_CHAR) continue;
        field.dataTypeID = OID_BPCHAR;
        this.charColumns.add(field.name);
      }
      return result;
    }) as pg.Pool['query'];
  }
}
