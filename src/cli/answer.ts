import type { Readable } from 'node:stream';
import { DomainError } from '../core/errors.ts';
import { snake } from '../core/text.ts';

/** Where a command reads and writes: the process, or a test. */
export interface Io {
  stdin: Readable;
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** What a command has to say, for programs (`--json`) and for people. */
export interface Answer {
  data: object;
  text: string;
  /** 0 when not said. */
  exitCode?: number;
}

/** The answer of a command that failed. A `DomainError` is told as clients of the API are told it. */
export function failure(error: unknown): Answer {
  const message = error instanceof Error ? whatWentWrong(error) : String(error);
  if (!(error instanceof DomainError))
    return { data: { error: { code: 'FAILED', message } }, text: `bellhop: ${message}\n`, exitCode: 1 };
  const fields =
    error.fields && Object.fromEntries(Object.entries(error.fields).map(([name, problems]) => [snake(name), problems]));
  const lines = Object.entries(fields ?? {}).flatMap(([name, problems]) =>
    problems.map((problem) => `  ${name} ${problem}\n`),
  );
  return {
    data: { error: { code: error.code, message, fields } },
    text: `bellhop: ${lines.length > 0 ? `that can't be done:\n${lines.join('')}` : `${message}\n`}`,
    exitCode: 1,
  };
}

/** A refused connection is an AggregateError without a message of its own. */
function whatWentWrong(error: Error): string {
  if (error.message) return error.message;
  return error instanceof AggregateError ? error.errors.map((one: Error) => one.message).join('; ') : error.name;
}
