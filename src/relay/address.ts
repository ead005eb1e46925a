import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import net from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector } from 'undici';
import { passOverContinue } from './interim.ts';
import { isOfTheWeb } from './ports.ts';

export type Lookup = (
  host: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * An HTTP client that reaches public addresses and `allowed` networks only. Whoever may register a webhook chooses where
 * our server connects to, and could otherwise read the cloud's metadata service or the database's port through it.
 *
 * Three checks, because each alone leaves a hole: Node asks `lookup` nothing for an IP literal; a name may resolve to
 * several addresses, or to another one the second time, so those that were checked are those that are connected to; and
 * whatever a resolver did, the peer of the socket is the truth. No proxy is taken from the environment. A port that is
 * another protocol's is closed on every address.
 */
export function openAgent({
  allowed,
  timeoutMs,
  mostBytes,
  lookup = dns.lookup,
}: {
  allowed: string[];
  timeoutMs: number;
  /** The longest answer that is taken; any, when not said. */
  mostBytes?: number;
  lookup?: Lookup;
}): Agent {
  const connect = buildConnector({
    lookup: guarded(lookup, allowed),
    timeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
    // Node gives each of a name's addresses but 250 ms, which is short of a round trip to some of the world.
    autoSelectFamilyAttemptTimeout: 1_000,
  });
  return new Agent({
    connections: SOCKETS_PER_ORIGIN,
    maxResponseSize: mostBytes,
    connect(options, done) {
      if (!isOfTheWeb(options.port ?? '')) return done(new Blocked(OTHER_PORT), null);
      const host = options.hostname.replace(/^\[|\]$/g, '');
      if (net.isIP(host) && !isReachable(host, allowed)) return done(new Blocked(), null);
      connect(options, (...[error, socket]) => {
        if (error) return done(error, null);
        if (isReachable(socket.remoteAddress ?? '', allowed)) return done(null, passOverContinue(socket));
        socket.destroy();
        return done(new Blocked(), null);
      });
    },
  });
}

/** What is wrong with a URL that someone wants calls sent to, or null. A name's addresses are judged at each connect. */
export function checkUrl(text: string, allowed: string[]): string | null {
  if (text.length > 2048) return 'must be at most 2048 characters long';
  // A parser drops some of them in silence, and what is kept would not be what is called.
  if (/\p{Cc}/u.test(text)) return 'must not contain line breaks or other control characters';
  if (!URL.canParse(text)) return 'must be a URL, like https://example.com/webhooks';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://';
  if (url.username || url.password) return 'must not contain a user name or a password';
  if (!isOfTheWeb(url.port)) return `is not reachable: ${OTHER_PORT}`;
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const literal = /(^|\.)localhost$/.test(host) ? '127.0.0.1' : host;
  if (net.isIP(literal) && !isReachable(literal, allowed)) return `is not reachable: ${NOT_PUBLIC}`;
  return null;
}

/** True for a public address, and for one that an allowed network contains. */
export function isReachable(address: string, allowed: string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address); // ::ffff:127.0.0.1 is 127.0.0.1 here.
  const isPublic = ip.range() === 'unicast' && (ip.kind() === 'ipv4' || ip.match(GLOBAL_UNICAST));
  if (isPublic && ip.toString() !== AZURE_HOST) return true;
  return allowed.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === ip.kind() && ip.match(base, bits);
  });
}

/** Says no more than this: which internal name resolves to what is not for a tenant to learn. */
export class Blocked extends Error {
  readonly code = 'EBLOCKED';

  constructor(reason = NOT_PUBLIC) {
    super(reason);
  }
}

/** All that has been given out of IPv6. Outside of it lie forms that "unicast" includes, like ::127.0.0.1. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR('2000::/3');
/** Looks public, and is the host of every virtual machine in Azure: it answers them with their configuration. */
const AZURE_HOST = '168.63.129.16';
const NOT_PUBLIC = 'its address is not a public one (WEBHOOK_ALLOWED_NETWORKS opens others)';
const OTHER_PORT = 'its port is not one for HTTP (use 443, 8443 or another that is not taken by a known protocol)';
/** What an operator has named himself may be anywhere. */
export const ANYWHERE = ['0.0.0.0/0', '::/0'];
const CONNECT_TIMEOUT_MS = 5_000;
const SOCKETS_PER_ORIGIN = 32;

/**
 * A lookup that answers with all of a name's addresses, or refuses all of them when one isn't allowed. Those who ask for
 * a name at the same time share one answer: `dns.lookup` holds one of Node's four worker threads while it waits, and a
 * dead name server of one customer would soon hold them all.
 */
function guarded(lookup: Lookup, allowed: string[]): net.LookupFunction {
  const asked = new Map<string, Promise<LookupAddress[]>>();

  function resolve(host: string): Promise<LookupAddress[]> {
    const answer = new Promise<LookupAddress[]>((resolved, rejected) => {
      lookup(host, { all: true }, (error, addresses) => {
        if (error) rejected(error);
        else if (!addresses.every(({ address }) => isReachable(address, allowed))) rejected(new Blocked());
        else resolved(addresses);
      });
    });
    asked.set(host, answer);
    const forget = () => asked.delete(host);
    answer.then(forget, forget);
    return answer;
  }

  return (host: string, options: LookupOptions, done) => {
    (asked.get(host) ?? resolve(host)).then(
      (addresses) => {
        if (options.all) return done(null, addresses);
        const { address, family } = addresses[0]!;
        done(null, address, family);
      },
      (error) => done(error, '', 0),
    );
  };
}
