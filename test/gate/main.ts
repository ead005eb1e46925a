import { readFileSync } from 'node:fs';
import { keepAsReleased, readContract, versionOf } from './contract.ts';
import { compareContracts, inWords, judge, passes } from './gate.ts';

// `npm run gate` holds schema/ to the contract that was last released, and `npm run release-contract` makes today's that one.
const [published, released] = ['schema', 'schema/released'];
const changelog = readFileSync('CHANGELOG.md', 'utf8');

const last = versionOf(released);
const [before, after] = [readContract(released), readContract(published)];
const verdict = judge(await compareContracts(before, after), changelog, last);
const operations = Object.values<object>(before.openapi.paths).flatMap((item) => Object.keys(item));
process.stdout.write(
  `${operations.length} operations of /v1, ${Object.keys(before.events).length} event schemas and the GraphQL schema of ${last}, compared with today's.\n`,
);
process.stdout.write(inWords(verdict, last));
if (!passes(verdict)) process.exitCode = 1;
else if (process.argv[2] === 'release') release();

function release(): void {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const problem =
    (version === last && `${last} has been released. Raise "version" in package.json first.`) ||
    (!changelog.includes(`## ${version}`) && `CHANGELOG.md has no section "## ${version}". Rename Unreleased first.`);
  if (problem) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
    return;
  }
  keepAsReleased(published, released, version);
  process.stdout.write(`${released} holds the contract of ${version} now.\n`);
}
