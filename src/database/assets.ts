import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Files that are read at run time but aren't code. In a build they lie in `assets/` beside the bundle, because a
 * production install has neither the sources nor the development packages.
 */
const built = fileURLToPath(new URL('./assets/', import.meta.url));
const isBuilt = existsSync(built);

export const migrationsDir = isBuilt
  ? join(built, 'migrations')
  : fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

export function schemaEngineFile(): string {
  const folder = isBuilt
    ? built
    : dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'));
  return join(folder, 'schema_engine_bg.wasm');
}

/** DejaVu Sans, for what is printed: it has the letters of Latin, Greek and Cyrillic with all their accents. */
export function fontFile(name: 'DejaVuSans' | 'DejaVuSans-Bold'): string {
  const folder = isBuilt
    ? join(built, 'fonts')
    : join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  return join(folder, `${name}.ttf`);
}
