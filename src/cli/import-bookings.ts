import type { ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SingleBar } from 'cli-progress';
import { type ImportResult, importBookings } from '../stays/bookings/import.ts';
import type { Answer, Io } from './answer.ts';
import { operatorOf, withServices } from './services.ts';

export interface ImportCommand {
  agency: number;
  /** A path, or - for stdin. */
  file: string;
  createProperties: boolean;
  silentEvents: boolean;
  progress: boolean;
}

/** `bellhop import bookings` */
export async function importBookingsCommand(command: ImportCommand, io: Io): Promise<Answer> {
  const file = command.file === '-' ? undefined : await openFile(command.file);
  const input = file?.createReadStream() ?? io.stdin;
  try {
    return await withServices(async (services) => {
      const viewer = await operatorOf(services, command.agency, { silent: command.silentEvents });
      const progress = command.progress && file ? await startBar(file, input as ReadStream, io) : undefined;
      const { createProperties } = command;
      const began = Date.now();
      const result = await importBookings(viewer, input, { createProperties, onProgress: progress?.update }).finally(
        progress?.stop,
      );
      return say(result, (Date.now() - began) / 1000);
    });
  } finally {
    input.destroy();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((error) => {
    throw new Error(error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} can't be read: ${error.message}`);
  });
}

/** How far the file has been read. It can't be told of what comes through a pipe. */
async function startBar(file: FileHandle, input: ReadStream, { stderr }: Io) {
  const bar = new SingleBar({ stream: stderr, format: '{bar} {percentage} %  {rows} rows', clearOnComplete: true });
  bar.start((await file.stat()).size, 0, { rows: 0 });
  return { update: (rows: number) => bar.update(input.bytesRead, { rows }), stop: () => bar.stop() };
}

function say(result: ImportResult, seconds: number): Answer {
  const { rows, created, unchanged, failed, propertiesCreated, errors, unreadFrom } = result;
  const unlisted = failed - errors.length;
  const text = [
    `${rows} rows read in ${seconds.toFixed(1)} s: ${created} bookings created, ${unchanged} there already, ${failed} bad.`,
    ...(propertiesCreated > 0 ? [`${propertiesCreated} properties created.`] : []),
    ...errors
      .slice(0, MOST_SHOWN)
      .map(({ line, reference, message }) => `  line ${line}${reference && ` (${reference})`}: ${message}`),
    ...(failed > MOST_SHOWN
      ? [`  … and ${failed - Math.min(MOST_SHOWN, errors.length)} more; --json lists a thousand.`]
      : []),
    ...(unreadFrom ? [unreadFrom.message] : []),
  ];
  return {
    data: {
      rows,
      created,
      unchanged,
      failed,
      properties_created: propertiesCreated,
      seconds,
      errors,
      errors_not_listed: unlisted,
      ...(unreadFrom && { error: { code: 'FILE_BROKEN', message: unreadFrom.message, line: unreadFrom.line } }),
    },
    text: `${text.join('\n')}\n`,
    exitCode: unreadFrom ? 1 : 0,
  };
}

const MOST_SHOWN = 20;
