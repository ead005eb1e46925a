import type { Socket } from 'node:net';

/**
 * Keeps "100 Continue" from undici, which takes one that it has not asked for as a fault and closes the connection: a receiver
 * that says so before its answer would have accepted a call that we count as failed and make again. HTTP has a client read on
 * (RFC 9110, section 15.2). Every other interim answer is undici's to pass over.
 */
export function passOverContinue<Connection extends Socket>(socket: Connection): Connection {
  const read = socket.read.bind(socket);
  let begun: Buffer | undefined;

  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      const chunk: Buffer | null = read(size);
      if (chunk === null) return null;
      const bytes = begun ? Buffer.concat([begun, chunk]) : chunk;
      begun = undefined;
      const rest = afterContinue(bytes);
      if (rest === undefined) begun = bytes;
      else if (rest.length > 0) return rest;
    }
  };
  return socket;
}

/** What follows the interim answers that bytes begin with; undefined while the end of one is still to come. */
function afterContinue(bytes: Buffer): Buffer | undefined {
  let rest = bytes;
  while (CONTINUE.test(rest.subarray(0, 13).toString('latin1'))) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return bytes.length > LONGEST ? rest : undefined;
    rest = rest.subarray(end + 4);
  }
  return rest;
}

const CONTINUE = /^HTTP\/1\.[01] 100[ \r]/;
const LONGEST = 4_096;
