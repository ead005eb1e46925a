#!/usr/bin/env node
// `npm run bench [reads|booking|relay|start|rates|calendar …] [--json]`. What is measured is a copy of the product, built now and kept
// apart with the bench's own programs.
import { runBeside } from './beside.mjs';

const PROGRAMS = ['run', 'load', 'limit-server', 'prisma-server', 'receiver', 'sender', 'emitter', 'nuisance'];

await runBeside('bench', Object.fromEntries(PROGRAMS.map((name) => [`bench-${name}`, `test/bench/${name}.ts`])), [
  ...['postgraphile-server', 'peer-graphile-worker', 'peer-pg-boss', 'peer-webhook'].map(
    (name) => `test/bench/${name}.mjs`,
  ),
]);
