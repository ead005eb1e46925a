import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** A program that is started again whenever it has ended, as an operator's supervisor would. */
export interface Kept {
  name: string;
  /** Resolves when a process of it is ready: the one that runs, if it is. */
  ready(): Promise<void>;
  /** kill -9. Resolves with the time at which a process is ready again. */
  kill(): Promise<number>;
  /** SIGSTOP. What it answers with lets the process go on, once all who have stopped it say so. */
  freeze(): () => void;
  /** How often it was ready, and then ended without being asked to. */
  fell(): number;
  /** The last that it printed. */
  printed(): string;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

export interface Program {
  start(): ChildProcess;
  /** Resolves when the process can do its work; may never, when the process ends before. */
  isReady(child: ChildProcess): Promise<void>;
  /** Ends all that belongs to the process, at once. */
  kill?(child: ChildProcess): void;
  /** What asks it to end in order. */
  stopSignal?: NodeJS.Signals;
}

/** What runs must not outlive us, however we end. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export function keep(name: string, { start, isReady, kill, stopSignal = 'SIGTERM' }: Program): Kept {
  let child: ChildProcess | undefined;
  let live = false;
  let asked = false;
  let stopping = false;
  let fallen = 0;
  let frozen = 0;
  let text = '';
  const waiting = new Set<() => void>();
  const ended = run();

  async function run(): Promise<void> {
    while (!stopping) {
      const mine = start();
      child = mine;
      living.add(mine);
      asked = false;
      frozen = 0;
      for (const stream of [mine.stdout, mine.stderr])
        stream?.on('data', (chunk) => (text = (text + chunk).slice(-8_000)));
      const exited = new Promise((resolve) => mine.once('exit', resolve));
      void isReady(mine).then(() => {
        if (child !== mine) return;
        live = true;
        for (const tell of waiting) tell();
        waiting.clear();
      });
      await exited;
      living.delete(mine);
      if (live && !asked) fallen += 1;
      child = undefined;
      live = false;
      if (!stopping) await pause(RESTART_AFTER_MS);
    }
  }

  const ready = () => (live ? Promise.resolve() : new Promise<void>((resolve) => waiting.add(resolve)));

  return {
    name,
    ready,
    async kill() {
      asked = true;
      live = false;
      if (child && kill) kill(child);
      else child?.kill('SIGKILL');
      await ready();
      return Date.now();
    },
    freeze() {
      const mine = child;
      if (frozen++ === 0) mine?.kill('SIGSTOP');
      return () => {
        if (child === mine && --frozen === 0) mine?.kill('SIGCONT');
      };
    },
    fell: () => fallen,
    printed: () => text,
    async stop() {
      stopping = true;
      asked = true;
      child?.kill(stopSignal);
      child?.kill('SIGCONT');
      const patience = setTimeout(() => child?.kill('SIGKILL'), 30_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** Supervisors wait too, so that a program that can't start doesn't take the machine. */
const RESTART_AFTER_MS = 100;
