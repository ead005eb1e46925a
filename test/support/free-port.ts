import { type AddressInfo, createServer } from 'node:net';

/** A port that nobody had a moment ago: for a program that has to be told its own, or to be found again where it was. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
