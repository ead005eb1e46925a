// Writes prisma/generated from schema.prisma: the client and Pothos' types. `prisma generate` does the same, but the CLI
// weighs 300 MB, wants to download an engine it doesn't use, and npm keeps it in a production install as an optional
// peer of @prisma/client. These are the two generators that it would call.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const here = fileURLToPath(new URL('.', import.meta.url));

let generator;
try {
  generator = require('@prisma/client-generator-ts');
} catch {
  process.exit(0); // A production install: `dist` has everything already.
}

const schemaPath = `${here}schema.prisma`;
const datamodel = readFileSync(schemaPath, 'utf8');
const dmmf = await generator.getDMMF({ datamodel: [[schemaPath, datamodel]] });
if (dmmf instanceof Error || dmmf.type) throw new Error(dmmf.reason ?? dmmf.message, { cause: dmmf.error });

const declared = (name, provider, output, config) => ({
  name,
  provider: { value: provider, fromEnvVar: null },
  output: { value: `${here}${output}`, fromEnvVar: null },
  config,
  binaryTargets: [],
  previewFeatures: [],
  sourceFilePath: schemaPath,
  isCustomOutput: true,
});
const client = declared('client', 'prisma-client', 'generated/client', {
  runtime: 'nodejs',
  moduleFormat: 'esm',
  generatedFileExtension: 'ts',
  importFileExtension: 'js',
});
const pothos = declared('pothos', 'prisma-pothos-types', 'generated/pothos.ts', {
  clientOutput: './client',
  generateDatamodel: 'true',
});
const datasources = [
  {
    name: 'db',
    provider: 'postgresql',
    activeProvider: 'postgresql',
    url: { value: null, fromEnvVar: null },
    schemas: [],
    sourceFilePath: schemaPath,
  },
];
const options = (mine, others) => ({
  generator: mine,
  otherGenerators: others,
  schemaPath,
  dmmf,
  datasources,
  datamodel,
  binaryPaths: {},
  version: require('@prisma/client/package.json').version,
});

rmSync(`${here}generated`, { recursive: true, force: true });
mkdirSync(`${here}generated`, { recursive: true });
await new generator.PrismaClientTsGenerator().generate(options(client, [pothos]));
await callGenerator(`${here}../node_modules/@pothos/plugin-prisma/bin/generator.js`, options(pothos, [client]));

/** Prisma's generator protocol: one JSON-RPC line in, one out on stderr. */
function callGenerator(file, params) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { stdio: ['pipe', 'inherit', 'pipe'] });
    let heard = '';
    child.stderr.on('data', (chunk) => {
      heard += chunk;
      for (const line of heard.split('\n').slice(0, -1)) {
        if (!line.startsWith('{')) continue;
        const answer = JSON.parse(line);
        child.kill();
        if (answer.error) reject(new Error(answer.error.message));
        else resolve(undefined);
      }
    });
    child.on('close', () => reject(new Error(`The Pothos generator ended without an answer: ${heard}`)));
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'generate', params })}\n`);
  });
}
