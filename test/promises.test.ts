import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ABILITIES, isAbility } from '../src/core/abilities.ts';
import { catalogue } from '../src/outbox/event.ts';
import { document } from './support/told.ts';

/** A row of docs/promises.md. */
interface Promised {
  sentence: string;
  kept: string;
  sources: string[];
  proofs: { file: string; title: string }[];
}

const page = readFileSync(new URL('../docs/promises.md', import.meta.url), 'utf8');
const promised: Promised[] = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| promised'))
  .map((line) => {
    const [sentence = '', kept = '', sources = '', proofs = ''] = line.slice(2, -2).split(/(?<!\\) \| /);
    return {
      sentence,
      kept,
      sources: quoted(sources),
      proofs: [...proofs.matchAll(/\]\((\S+)\) “(.*?)”(?=<br>|\s*$)/g)].map(([, file, title]) => ({
        file: file!,
        title: title!,
      })),
    };
  });

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

/** The titles of a file's tests: a text in quotes right after `test(`, after the table of a `test.each`, or on a line of its own. */
function titlesIn(path: string): Set<string> {
  const text = readFileSync(new URL(`../docs/${path}`, import.meta.url), 'utf8');
  return new Set(
    [...text.matchAll(/^\s*(?:(?:test|\]\))[^'"\n]*\(?\s*)?(['"])(.+?)\1,/gm)].map(([, , title]) => title!),
  );
}

const isThere = (path: string) => existsSync(new URL(path, new URL('../docs/', import.meta.url)));

// Whoever buys the product reads this page and not the code: a line of it that leads nowhere is a promise that nobody keeps.
test('every promise is kept by files that are there and proved by tests that are there, or says that it isn’t kept', () => {
  expect(promised.length).toBeGreaterThan(90);
  for (const { sentence, kept, sources, proofs } of promised) {
    for (const source of sources) expect([source, isThere(`../${source}`)]).toEqual([source, true]);
    for (const { file, title } of proofs) expect([file, title, titlesIn(file).has(title)]).toEqual([file, title, true]);
    if (!/\*\*[^*]*not yet[^*]*\*\*/i.test(kept)) {
      expect([sentence, sources.length > 0, proofs.length > 0]).toEqual([sentence, true, true]);
    }
  }
  for (const [, path] of page.matchAll(/\]\(([^)]+)\)/g)) expect([path, isThere(path!)]).toEqual([path, true]);
});

test('every row, ability and event that it names is there', () => {
  const events = new Set(catalogue().map(({ name }) => name));
  const families = new Set([...events].map((name) => name.split('.')[0]));
  for (const code of promised.flatMap(({ kept }) => quoted(kept))) {
    const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE) (\/v1\/[^?\s]+)/.exec(code) ?? [];
    if (path) expect(document.paths[path]?.[method!.toLowerCase()], code).toBeDefined();
    else if (/^[a-z_]+:[a-z]+$/.test(code)) expect([code, isAbility(code)]).toEqual([code, true]);
    else if (/^[a-z_]+\.[a-z_]+$/.test(code) && families.has(code.split('.')[0]!))
      expect([code, events.has(code)]).toEqual([code, true]);
  }
});

test('all 21 abilities and all 31 events of the concierge have a line of their own', () => {
  const concierge = page.slice(0, page.indexOf('## Connect’s webhooks'));
  const lines = concierge.split('\n').filter((line) => line.startsWith('| '));
  const abilities = Object.keys(ABILITIES).slice(0, 21);
  for (const ability of abilities) expect(lines.filter((line) => line.startsWith(`| ${ability} — `))).toHaveLength(1);
  const events = lines.flatMap((line) => /^\| [^|]*: (\w+\.\w+) — /.exec(line)?.[1] ?? []);
  expect(new Set(events).size).toBe(31);
});

test('no event is sent that no line of it names', () => {
  const named = promised.flatMap(({ kept }) => quoted(kept));
  for (const { name, operational } of catalogue()) if (!operational) expect(named).toContain(name);
});
