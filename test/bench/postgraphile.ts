import type { Bench, Helper } from './bench.ts';
import { startPeer } from './peer.ts';

/** The peer: PostGraphile 5. It asks for Node 22 or newer, so it brings its own; npm has that too. */
export function startPostgraphile(bench: Bench, args: string[]): Promise<Helper | string> {
  return startPeer(
    bench,
    {
      name: 'PostGraphile',
      packages: ['postgraphile@5.1.5', 'node@24.21.0'],
      files: ['postgraphile-server.mjs'],
      node: 'node_modules/.bin/node',
    },
    args,
  );
}
