#!/usr/bin/env node
// `npm run chaos [-- --kills 200 --seed 1 --every 1.5 --verbose]`.
import { runBeside } from '../bench/beside.mjs';

await runBeside('chaos', { chaos: 'test/chaos/main.ts' });
