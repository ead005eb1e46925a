import { type ChildProcess, spawn } from 'node:child_process';
import { expect, onTestFinished } from 'vitest';
import type { World } from './world.ts';

/** A recipe as an integrator runs it: a program of its own, with a token that has the abilities its file names. */
export async function run(world: World, name: string, abilities: string[], env: NodeJS.ProcessEnv = {}) {
  const { token } = await world.withAbilities(...abilities);
  const file = new URL(`../../docs/recipes/${name}.mjs`, import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, BELLHOP_URL: world.url, BELLHOP_TOKEN: token, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout!.on('data', (chunk) => (output += chunk));
  child.stderr!.on('data', (chunk) => (output += chunk));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  onTestFinished(() => void child.kill());
  return {
    said: (text: string) => expect.poll(() => output, { timeout: 10_000, interval: 20 }).toContain(text),
    /** As a power cut ends it. */
    async killed() {
      child.kill('SIGKILL');
      await exited;
    },
    async ended() {
      expect([await exited, output]).toEqual([0, output]);
      return output.trim().split('\n');
    },
  };
}

/** The world's relay works by itself while a recipe listens. */
export function keepRelaying(world: World): void {
  let going = true;
  const loop = (async () => {
    while (going) {
      await world.relay();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  onTestFinished(async () => {
    going = false;
    await loop;
  });
}
