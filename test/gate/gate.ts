import { type Change, Changes } from './change.ts';
import type { Contract } from './contract.ts';
import { compareEvents } from './events.ts';
import { compareGraphql } from './graphql.ts';
import { compareOpenApi } from './openapi.ts';

export interface Verdict {
  /** Breaking, and named in the CHANGELOG: its readers have been told. */
  named: Change[];
  /** Breaking, and nobody has been told. */
  unnamed: Change[];
  careful: Change[];
  /** What the CHANGELOG calls breaking and is not so: taken back, or misspelt. */
  mistaken: string[];
}

/** All that a client could notice between two contracts. */
export async function compareContracts(before: Contract, after: Contract): Promise<Change[]> {
  const changes = new Changes();
  await compareGraphql(before.graphql, after.graphql, changes);
  compareOpenApi(before.openapi, after.openapi, changes);
  compareEvents(before.events, after.events, changes);
  return changes.all();
}

/** Holds the changes since `version` to what the CHANGELOG says of them. A change is named by its line, after `- BREAKING: `. */
export function judge(changes: Change[], changelog: string, version: string): Verdict {
  const since = changelog.split(new RegExp(`^## \\[?v?${version.replaceAll('.', '\\.')}\\b`, 'm'))[0]!;
  const told = [...since.matchAll(/^\s*[-*] BREAKING: (.+)$/gm)].map((match) => match[1]!.trim());
  const breaking = changes.filter(({ kind }) => kind === 'breaking');
  const names = (text: string, { line }: Change) => text === line || text.startsWith(`${line}. `);
  return {
    named: breaking.filter((change) => told.some((text) => names(text, change))),
    unnamed: breaking.filter((change) => !told.some((text) => names(text, change))),
    careful: changes.filter(({ kind }) => kind === 'careful'),
    mistaken: told.filter((text) => !breaking.some((change) => names(text, change))),
  };
}

export const passes = ({ unnamed, mistaken }: Verdict): boolean => unnamed.length + mistaken.length === 0;

/** The verdict for whoever has to act on it. */
export function inWords({ named, unnamed, careful, mistaken }: Verdict, version: string): string {
  const lines = [
    ...careful.map(({ line }) => `  careful   ${line}`),
    ...named.map(({ line }) => `  BREAKING  ${line} (the CHANGELOG says so)`),
    ...unnamed.map(({ line }) => `  BREAKING  ${line}`),
    ...mistaken.map((line) => `  not so    ${line}`),
  ];
  if (unnamed.length > 0)
    lines.push(
      '',
      'Clients that work with the last release would break. Take these changes back, or, when it has to be, say so',
      'under Unreleased in CHANGELOG.md, where a sentence of your own may follow each line:',
      '',
      ...unnamed.map(({ line }) => `- BREAKING: ${line}`),
    );
  if (mistaken.length > 0)
    lines.push('', 'CHANGELOG.md calls something breaking that has not changed. Take the line out.');
  const verdict = unnamed.length + mistaken.length === 0 ? 'pass' : 'FAIL';
  const count = `${unnamed.length} breaking changes since ${version} that nobody was told of`;
  return [
    ...lines,
    `${verdict}: ${count}; ${named.length} named in the CHANGELOG, ${careful.length} to be careful with.`,
  ]
    .join('\n')
    .concat('\n');
}
