import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';

/** A Redis of the test's own on a free port, ended with the test. Needs `redis-server` on the PATH. */
export async function startRedis(): Promise<string> {
  const port = await freePort();
  const server = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  onTestFinished(() => void server.kill());
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept connections') && resolve());
    server.once('error', reject);
    server.once('exit', () => reject(new Error('redis-server ended')));
  });
  return `redis://127.0.0.1:${port}`;
}
