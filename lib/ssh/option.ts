import { advised } from "../advice.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import { Secret } from "../secrets/secret.ts";

/**
 * A private key: the path of its file, or the key itself as bytes or
 * {@linkcode Secret}. A string is always a path.
 *
 * The formats are OpenSSH's own and PEM (PKCS #8, PKCS #1, SEC 1); the types
 * are Ed25519, ECDSA (P-256, P-384, P-521) and RSA. Keys with a passphrase
 * can't be used.
 */
export type SshKey = string | URL | Uint8Array | Secret;

/** The source of the agent for the mounts with one ssh id. */
export type SshSource =
  /** The agent at `$SSH_AUTH_SOCK`. */
  | true
  /**
   * A value as in docker's `--ssh id=…`: the path of a socket, or paths of key
   * files separated by commas. The file's kind decides which it is.
   */
  | string
  | {
    /** Path of an agent's socket; relative to the working directory. */
    readonly socket: string | URL;
  }
  | {
    /**
     * Keys for an agent inside davit, which only lists them and signs with
     * them. The keys never leave this process.
     */
    readonly keys: readonly SshKey[];
  };

/**
 * The ssh agents of a build: sources by their ids, or the spelling of docker's
 * `--ssh`, once or as a list: `"default"`, `"id"`, `"id=socket"`,
 * `"id=key,key"`. Mounts without an id use the id `default`.
 *
 * @example
 * ```ts
 * import type { SshOption } from "@davit/build/types";
 *
 * const own: SshOption = "default"; // the agent of SSH_AUTH_SOCK
 * const other: SshOption = { default: { socket: "/run/agent.sock" } };
 * const keys: SshOption = { github: { keys: ["./deploy_key"] } };
 * ```
 */
export type SshOption =
  | string
  | readonly string[]
  | Readonly<Record<string, SshSource>>;

/** The id of mounts that name none. */
export const DEFAULT_ID = "default";

/**
 * Checks the option, without reading anything, and returns the sources by their
 * ids.
 *
 * @throws {TypeError} If an id or a source has the wrong form; the message
 * holds no key.
 */
export function sshSources(
  option: SshOption,
): ReadonlyMap<string, SshSource> {
  const sources = new Map<string, SshSource>();
  for (const [name, source] of entriesOf(option)) {
    const id = name === "" ? DEFAULT_ID : name;
    checkId(id);
    checkSource(id, source);
    if (sources.has(id)) {
      throw new TypeError(`Cannot use ssh id "${id}": it is given twice`);
    }
    sources.set(id, source);
  }
  return sources;
}

function entriesOf(option: SshOption): (readonly [string, SshSource])[] {
  if (typeof option === "string") return [fromCli(option)];
  if (Array.isArray(option)) return option.map(fromCli);
  if (isPlainObject(option)) {
    return Object.entries(option as Readonly<Record<string, SshSource>>);
  }
  throw new TypeError(
    `Cannot use option "ssh": expected "default", "id=path", a list of these, or an object of ids and sources${
      plainObjectHint(option)
    }`,
  );
}

/** Parses `id[=path[,path…]]`, the form of docker's `--ssh`. */
function fromCli(text: unknown): readonly [string, SshSource] {
  if (typeof text !== "string") {
    throw new TypeError(
      'Cannot use option "ssh": a list has strings such as "default" and "id=path"',
    );
  }
  const at = text.indexOf("=");
  if (at === -1 && looksLikeKey(text)) throw keyAsText(DEFAULT_ID);
  if (at === -1) return [text, true];
  const paths = text.slice(at + 1);
  return [text.slice(0, at), paths === "" ? true : paths];
}

/**
 * Engines send the id in gRPC metadata, which can only hold printable ASCII.
 */
function checkId(id: string): void {
  if (/^[\x21-\x7e]+$/.test(id)) return;
  throw new TypeError(
    `Cannot use ssh id ${
      JSON.stringify(id)
    }: an id is made of printable ASCII characters without spaces`,
  );
}

function checkSource(id: string, source: unknown): void {
  if (source === true) return;
  if (typeof source === "string") return checkPath(id, source);
  if (typeof source === "object" && source !== null) {
    const { socket, keys, ...others } = source as Record<string, unknown>;
    if (Object.keys(others).length === 0) {
      if (keys === undefined && isPath(socket)) return checkPath(id, socket);
      if (socket === undefined && Array.isArray(keys) && keys.length > 0) {
        return keys.forEach((key) => checkKey(id, key));
      }
    }
  }
  throw advised(
    (message) => new TypeError(message),
    "ssh-source",
    `Cannot use ssh id "${id}"`,
  );
}

function checkKey(id: string, key: unknown): void {
  if (key instanceof Uint8Array || key instanceof Secret) return;
  if (isPath(key)) return checkPath(id, key);
  throw new TypeError(
    `Cannot use ssh id "${id}": a key is a path, or the key itself as bytes or Secret`,
  );
}

function isPath(value: unknown): value is string | URL {
  return typeof value === "string" || value instanceof URL;
}

function checkPath(id: string, path: string | URL): void {
  if (path instanceof URL) {
    if (path.protocol === "file:") return;
    throw new TypeError(
      `Cannot use ssh id "${id}": a URL of a socket or key begins with file:`,
    );
  }
  if (looksLikeKey(path)) throw keyAsText(id);
  if (path !== "" && !path.includes("\0")) return;
  throw new TypeError(
    `Cannot use ssh id "${id}": a path needs at least one character and no NUL`,
  );
}

/**
 * Paths are shown in errors, so text that looks like a key is refused as a
 * path.
 */
function looksLikeKey(text: string): boolean {
  return text.includes("-----BEGIN") || text.includes("\n");
}

function keyAsText(id: string): TypeError {
  return new TypeError(
    `Cannot use ssh id "${id}": a string is a path; give a key itself as { keys: [bytes] }, such as new TextEncoder().encode(key)`,
  );
}
