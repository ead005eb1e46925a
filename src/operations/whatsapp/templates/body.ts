/** The most that WhatsApp takes of each. */
export const MOST_IN_BODY = 1_024;
export const MOST_PARAMETERS = 50;

/** A parameter's name, as WhatsApp allows it. Names of digits only are numbers, which stand for places. */
export const PARAMETER_NAME = /^[a-z0-9][a-z0-9_]{0,99}$/;

/** The parameters of a template's text in the order of their first appearance, or what is wrong with the text. */
export function parametersOf(body: string): { parameters: string[]; problem?: string } {
  const parameters = [...new Set([...body.matchAll(/\{\{([^{}]*)\}\}/g)].map((match) => match[1]!))];
  const wrong = (problem: string) => ({ parameters, problem });
  if (body.trim() === '') return wrong('must not be empty');
  if (body.length > MOST_IN_BODY) return wrong(`must not be longer than ${MOST_IN_BODY} characters`);
  if (body.includes('\0') || /\p{Surrogate}/u.test(body)) return wrong('must be text without broken characters');
  const odd = parameters.find((name) => !PARAMETER_NAME.test(name));
  if (odd !== undefined)
    return wrong(`has {{${odd.slice(0, 50)}}}; a parameter is written {{guest_name}}, or {{1}}, {{2}} …`);
  if (/\{\{|\}\}/.test(body.replace(/\{\{[a-z0-9_]+\}\}/g, '')))
    return wrong('has braces that are no parameter; one is written {{guest_name}}, or {{1}}, {{2}} …');
  if (parameters.length > MOST_PARAMETERS) return wrong(`must not have more than ${MOST_PARAMETERS} parameters`);
  const numbers = parameters.filter(isNumber);
  if (numbers.length === 0) return { parameters };
  if (numbers.length < parameters.length) return wrong('must not mix named parameters with numbered ones');
  const ordered = numbers.sort((a, b) => Number(a) - Number(b));
  if (ordered.some((number, i) => number !== String(i + 1)))
    return wrong('must number its parameters from {{1}} without a gap');
  return { parameters: ordered };
}

export const isNumber = (name: string): boolean => /^\d+$/.test(name);

/** What is wrong with a template's name, or nothing. Meta's rule. */
export function nameProblem(name: string | null | undefined): string | undefined {
  if (name == null || /^[a-z0-9_]{1,512}$/.test(name)) return undefined;
  return 'must be 1 to 512 lower-case letters, digits and underscores, like pre_arrival';
}

/** What is wrong with a language, or nothing. Meta writes it with an underscore. */
export function languageProblem(language: string | null | undefined): string | undefined {
  if (language == null || /^[a-z]{2,3}(_([A-Z]{2}|[A-Z][a-z]{3}))?$/.test(language)) return undefined;
  return 'must be a language as WhatsApp writes it: en, en_US, fr, pt_BR …';
}
