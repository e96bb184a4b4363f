// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { lookup } from "node:dns/promises";
import { isPrivateAddress } from "./private_address.ts";
import { forbidden } from "./refusal.ts";

/** Resolves a host name to addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The resolver of this system; the engine most likely uses the same. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * User, host and port of a URL, up to where its path begins. Anything else in
 * them (an escape, a letter that is mapped to another, `?` or `#` in the place
 * of the path) is read in different ways by different parsers.
 *
 * @see RFC 3986, section 3.2
 */
const AUTHORITY_REGEXP =
  /^(?:[\w.~!$&'()*+,;=:%-]*@)?(\[[\da-f:.]+\]|(?:[a-z\d][\w-]*\.)*[a-z\d][\w-]*\.?)(?::\d{1,5})?(?=\/|$)/i;

/**
 * Checks the address of a remote context: it must be http, https or git, on a
 * public host, and spelt so that all programs read the same host.
 *
 * @throws {Refusal} If it is not.
 */
export async function checkRemoteAddress(
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
    // The answer is the same whether the host exists or not: a client must not
    // find out which internal names exist.
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
  // The engine knows the schemes only in small letters.
  const rest = /^(?:https?|git):\/\/(.*)$/.exec(remote)?.[1] ??
    (remote.startsWith("github.com/") ? remote : undefined);
  if (rest === undefined) {
    throw forbidden("the remote is no address of http, https or git");
  }
  const host = AUTHORITY_REGEXP.exec(rest)?.[1]?.toLowerCase();
  // The URL parser brings an address into one spelling, also from octal,
  // hexadecimal and shortened numbers. If the host changes by that, it was
  // spelt in another way, and is refused.
  if (host === undefined || URL.parse(`http://${rest}`)?.hostname !== host) {
    throw forbidden(
      "the remote's host is not in its usual spelling: a name in ASCII, four decimal numbers, or the shortest form of an IPv6 address",
    );
  }
  return host.replace(/\.$/, "");
}
