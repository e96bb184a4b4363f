import { lookup } from "node:dns/promises";
import { isPrivateAddress } from "./private_address.ts";
import { orAborted } from "./aborted.ts";
import { forbidden } from "./refusal.ts";

/** Gives a host's addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The system's own resolver, which the engine most likely asks, too. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * Checks the address of a remote context: one of http, https or git, and of a
 * public host.
 *
 * @throws {Refusal} If it is another.
 */
export async function checkRemote(
  remote: string,
  signal: AbortSignal,
  resolve: Resolve = resolveBySystem,
): Promise<void> {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x20\x7f\\]/.test(remote)) {
    throw forbidden("the remote has a character that an address has not");
  }
  const [, scheme, rest] = /^(https?|git):\/\/(.*)$/i.exec(remote) ??
    (/^github\.com\//.test(remote) ? ["", "https", remote] : []);
  if (scheme === undefined) {
    throw forbidden("the remote is no address of http, https or git");
  }
  // The URL parser reads an http address as its readers do: numbers, names, brackets.
  const url = URL.parse(`http://${rest}`);
  if (url === null || url.hostname === "") {
    throw forbidden("the remote names no host");
  }
  const hostname = url.hostname.replace(/\.$/, "");
  const literal = /^\[(.*)\]$/.exec(hostname)?.[1] ??
    (/^[\d.]+$/.test(hostname) ? hostname : undefined);
  let addresses: readonly string[];
  try {
    addresses = literal === undefined
      ? await orAborted(resolve(hostname), signal)
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
