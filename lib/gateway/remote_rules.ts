import { lookup } from "node:dns/promises";
import { isPrivateAddress } from "./private_address.ts";
import { abortable } from "../engine/abortable.ts";
import { forbidden } from "./refusal.ts";

/** Gives a host's addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The system's own resolver, which the engine most likely asks, too. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * User, host and port of an address, and where its path begins. Any other sign
 * in them, an escape, a letter that is mapped to another, `?` or `#` in the
 * place of the path, is read in one way by one parser and otherwise by the next.
 *
 * @see RFC 3986, section 3.2
 */
const AUTHORITY_REGEXP =
  /^(?:[\w.~!$&'()*+,;=:%-]*@)?(\[[\da-f:.]+\]|(?:[a-z\d][\w-]*\.)*[a-z\d][\w-]*\.?)(?::\d{1,5})?(?=\/|$)/i;

/**
 * Checks the address of a remote context: one of http, https or git, and of a
 * public host, in a spelling of which no two readers make two hosts.
 *
 * @throws {Refusal} If it is another.
 */
export async function checkRemote(
  remote: string,
  signal: AbortSignal,
  resolve: Resolve = resolveBySystem,
): Promise<void> {
  const hostname = hostOf(remote);
  const literal = /^\[(.*)\]$/.exec(hostname)?.[1] ??
    (/^[\d.]+$/.test(hostname) ? hostname : undefined);
  let addresses: readonly string[];
  try {
    addresses = literal === undefined
      ? await abortable(resolve(hostname), signal)
      : [literal];
  } catch {
    signal.throwIfAborted();
    // Whether there is such a host is nothing that a client is to learn from here.
    addresses = [];
  }
  if (addresses.length === 0 || addresses.some(isPrivateAddress)) {
    throw forbidden(
      "the remote leads to a private address, or to none: --allow-private-remotes opens it",
    );
  }
}

function hostOf(remote: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x20\x7f\\]/.test(remote)) {
    throw forbidden("the remote has a character that an address has not");
  }
  // The engine knows the schemes in small letters alone.
  const rest = /^(?:https?|git):\/\/(.*)$/.exec(remote)?.[1] ??
    (remote.startsWith("github.com/") ? remote : undefined);
  if (rest === undefined) {
    throw forbidden("the remote is no address of http, https or git");
  }
  const host = AUTHORITY_REGEXP.exec(rest)?.[1]?.toLowerCase();
  // The URL parser gives an address its one spelling, from octal, hexadecimal
  // and shortened numbers, too: a host that comes out otherwise had another.
  if (host === undefined || URL.parse(`http://${rest}`)?.hostname !== host) {
    throw forbidden(
      "the remote's host is not in its usual spelling: a name in ASCII, four decimal numbers, or the shortest form of an IPv6 address",
    );
  }
  return host.replace(/\.$/, "");
}
