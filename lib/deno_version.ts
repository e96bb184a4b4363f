import { UnsupportedError } from "./errors.ts";

/** The oldest Deno that davit is tested on. */
export const OLDEST_DENO = "2.5.7";

/** The first Deno whose `node:tls` can listen as node's does. */
export const TLS_LISTENING_DENO = "2.7.12";

/** Something that an older Deno can't do. */
export interface DenoLack {
  /** The first version that can do it. */
  readonly since: string;
  /** What older versions do instead. */
  readonly what: string;
}

/**
 * What only newer versions can do, the newest first; each entry was measured.
 */
export const DENO_LACKS: readonly DenoLack[] = [
  {
    since: "2.9.5",
    what:
      "a secret or a key that is a FIFO without a writer is waited for, whatever is cancelled",
  },
  {
    since: "2.9.2",
    what:
      "times before 1970 are read wrong, and an export sets them to whole seconds",
  },
  {
    since: "2.9.0",
    what:
      "no --allow-net=unix:PATH: a socket takes --allow-net=localhost:80 and its path in --allow-read and --allow-write",
  },
  {
    since: "2.8.3",
    what:
      "names that are not UTF-8 are not seen in folders, and so left out without a word",
  },
  {
    since: "2.8.0",
    what:
      "folders can't be held open: while others write in them, they are looked at before each use instead",
  },
  {
    since: TLS_LISTENING_DENO,
    what: "no gateway over TLS",
  },
  {
    since: "2.7.3",
    what:
      "ssh keys of ECDSA with the curve P-521 are read in OpenSSH's own format alone",
  },
  {
    since: "2.7.1",
    what:
      "nothing is unpacked that zstd packed: verify names it as not looked through",
  },
  {
    since: "2.7.1",
    what:
      "no cache in a folder is pruned, and what a crash has left there stays",
  },
];

/** What this Deno can't do. */
export function denoLacks(version: string = ownVersion() ?? ""): DenoLack[] {
  return version === ""
    ? []
    : DENO_LACKS.filter(({ since }) => isOlder(version, since));
}

/**
 * Whether this Deno is older than that version; false on a platform without a
 * Deno version.
 */
export function isDenoBefore(version: string): boolean {
  const own = ownVersion();
  return own !== undefined && isOlder(own, version);
}

/**
 * Throws on a Deno that is too old, with a message that says so. A platform
 * that has Deno's interface but no version passes.
 *
 * @throws {UnsupportedError} If this Deno is older than
 * {@linkcode OLDEST_DENO}.
 */
export function requireDenoVersion(
  version: string | undefined = ownVersion(),
): void {
  if (version === undefined || !isOlder(version, OLDEST_DENO)) return;
  throw new UnsupportedError(
    `Deno ${version}`,
    `davit needs Deno ${OLDEST_DENO} or newer, and this is ${version}: update it with "deno upgrade"`,
  );
}

/**
 * Throws where this Deno is too old for one feature.
 *
 * @param feature Name of the feature, such as `a gateway over TLS`.
 * @param since The first version that has it.
 * @throws {UnsupportedError} If this Deno is older.
 */
export function requireDenoFor(
  feature: string,
  since: string,
  version: string | undefined = ownVersion(),
): void {
  if (version === undefined || !isOlder(version, since)) return;
  throw new UnsupportedError(
    feature,
    `Deno ${version} has no ${
      feature.replace(/^an? /, "")
    }: that needs ${since} or newer; update it with "deno upgrade"`,
  );
}

function ownVersion(): string | undefined {
  return globalThis.Deno?.version?.deno;
}

function isOlder(version: string, than: string): boolean {
  const a = version.split(/[.-]/).map(Number);
  const b = than.split(".").map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
