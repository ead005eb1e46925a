import { isNumber, MOST_PARAMETERS, PARAMETER_NAME } from '../templates/body.ts';

/** What fills a template: texts by name, or in a row for one with numbered parameters. */
export type Texts = Record<string, string> | string[];

/** By the field of the input that is wrong: `parameters.guest_name`. */
type Problems = Record<string, string>;

const MOST_IN_TEXT = 1_024;

/**
 * Reads parameters as a client gives them: an object or a list of texts; numbers and booleans become texts. An object whose
 * names are all numbers is the list that it means. WhatsApp refuses some texts in a parameter however the template looks;
 * those are refused here, where somebody still reads the answer.
 */
export function readParameters(given: unknown): { texts: Texts; problems: Problems } {
  const fail = (problem: string) => ({ texts: {}, problems: { parameters: problem } });
  if (given == null) return { texts: {}, problems: {} };
  if (typeof given !== 'object')
    return fail('must be an object of texts by name, like {"guest_name": "Karim"}, or a list of texts');
  const values = Object.entries(given);
  if (values.length > MOST_PARAMETERS) return fail(`must not be more than ${MOST_PARAMETERS}`);
  const isList = Array.isArray(given);
  const odd = values.find(([name]) => !isList && !PARAMETER_NAME.test(name));
  if (odd)
    return fail(
      `has the name ${JSON.stringify(odd[0].slice(0, 50))}; names are lower-case letters, digits and underscores`,
    );
  const problems: Problems = {};
  const texts = values.map(([name, value]): [string, string] => {
    const text = textOf(value);
    const problem = text === undefined ? 'must be text' : parameterProblem(text);
    if (problem) problems[`parameters.${name}`] = problem;
    return [name, text ?? ''];
  });
  if (isList) return { texts: texts.map(([, text]) => text), problems };
  const numbered = texts.filter(([name]) => isNumber(name));
  if (numbered.length === 0) return { texts: Object.fromEntries(texts), problems };
  const row = Object.fromEntries(numbered);
  if (texts.some((_text, i) => !Object.hasOwn(row, String(i + 1))))
    return fail('must be named, or numbered from 1 without a gap');
  return { texts: texts.map((_text, i) => row[i + 1]!), problems };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Meta's own words: "Param text cannot have new-line/tab characters or more than 4 consecutive spaces". */
function parameterProblem(text: string): string | undefined {
  if (text === '') return 'must not be empty: WhatsApp refuses empty parameters';
  if (text.length > MOST_IN_TEXT) return `must not be longer than ${MOST_IN_TEXT} characters`;
  if (/[\r\n\t\u2028\u2029]/.test(text)) return 'must not have line ends or tabs: WhatsApp refuses them in a parameter';
  if (/ {5}/.test(text)) return 'must not have more than four spaces in a row: WhatsApp refuses them in a parameter';
  if (/[\p{Cc}\p{Surrogate}]/u.test(text)) return 'must not have control characters or broken ones';
  return undefined;
}

/** What is wrong with texts for a template whose parameters are known: which are missing, and which it doesn't have. */
export function misfits(texts: Texts, { name, parameters }: { name: string; parameters: string[] }): Problems {
  const isList = Array.isArray(texts);
  const given = isList ? texts.map((_text, i) => String(i + 1)) : Object.keys(texts);
  if (given.length > 0 && parameters.length > 0 && isList !== parameters.every(isNumber)) {
    return {
      parameters: isList
        ? `must be named: ${name} has ${parameters.join(', ')}`
        : `must be a list of ${parameters.length}: the parameters of ${name} are numbered`,
    };
  }
  const field = (one: string) => `parameters.${isNumber(one) ? Number(one) - 1 : one}`; // {{1}} is the list's first.
  const missing = parameters.filter((one) => !given.includes(one));
  const unknown = given.filter((one) => !parameters.includes(one));
  const known = parameters.length > 0 ? parameters.join(', ') : 'none';
  return Object.fromEntries([
    ...missing.map((one) => [field(one), `is missing: ${name} has {{${one}}}`]),
    ...unknown.map((one) => [field(one), `is no parameter of ${name}, which has ${known}`]),
  ]);
}
