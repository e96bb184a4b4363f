// The checks of single options: from what the caller gave to a plain value. They
// throw before a byte is sent. A message never quotes the value of a build
// argument or a label.

import { advised } from "../../advice.ts";
import { UnsupportedError } from "../../errors.ts";
import { isPlainObject, plainObjectHint } from "../../plain_object.ts";
import type { Ulimit } from "../options.ts";

/**
 * `host[:port]/path/name:tag`, following the engine's grammar of references.
 */
const REFERENCE_REGEXP =
  /^(?:(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?$/;

/**
 * Names for the image. They are checked here because an engine of the 20.10
 * line takes three seconds to refuse a bad one.
 */
export function checkTags(tag: string | readonly string[]): string[] {
  const tags = Array.isArray(tag) ? [...tag] : [tag];
  for (const name of tags) {
    if (typeof name !== "string" || !REFERENCE_REGEXP.test(name)) {
      throw unusable(
        "tag",
        ` ${
          JSON.stringify(name)
        }: expected "name" or "name:tag", in lower case${
          String(name).includes("@") ? ", without a digest" : ""
        }`,
      );
    }
  }
  return tags;
}

/**
 * An object of names to text, or its JSON. A value of `null` means that the
 * engine takes the argument from its environment; a name whose value is
 * `undefined` is left out.
 */
export function checkTextMap(
  option: "buildargs" | "labels",
  given: string | Readonly<Record<string, string | null | undefined>>,
): Readonly<Record<string, string | null>> {
  const object = typeof given === "string" ? parseJson(option, given) : given;
  if (!isPlainObject(object)) {
    throw new TypeError(
      `Cannot use ${option}: expected an object of names to text${
        plainObjectHint(object)
      }`,
    );
  }
  for (const [name, value] of Object.entries(object)) {
    const fits = typeof value === "string" ||
      ((value ?? null) === null && option === "buildargs");
    if (name === "" || !fits) {
      throw unusable(option, `: the value of "${name}" is not text`);
    }
  }
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  );
}

/** An entry for the steps' `/etc/hosts`. */
export interface HostAddress {
  /** The host's name. */
  readonly host: string;
  /**
   * Its IP address, or a word that engines replace by one, such as
   * `host-gateway`.
   */
  readonly address: string;
}

/** Hosts with their addresses, as `host:ip` or as an object. */
export function checkExtraHosts(
  given: string | readonly string[] | Readonly<Record<string, string>>,
): HostAddress[] {
  if (
    typeof given !== "string" && !Array.isArray(given) && !isPlainObject(given)
  ) {
    throw new TypeError(
      `Cannot use extrahosts: expected "host:ip", a list of them, or an object of hosts to addresses${
        plainObjectHint(given)
      }`,
    );
  }
  const hosts = typeof given === "string"
    ? [given]
    : Array.isArray(given)
    ? given as readonly string[]
    : Object.entries(given).map(([host, address]) => `${host}:${address}`);
  return hosts.map((entry) => {
    const parts = /^([^:\s]+):([^\s]+)$/.exec(entry);
    if (parts === null) {
      throw unusable(
        "extrahosts",
        ` entry ${JSON.stringify(entry)}: expected "host:ip"`,
      );
    }
    return { host: parts[1]!, address: parts[2]! };
  });
}

/**
 * Limits of processes: as a list, or as its JSON, in which docker writes the
 * field names with capitals.
 */
export function checkUlimits(given: string | readonly Ulimit[]): Ulimit[] {
  const list: unknown = typeof given === "string"
    ? parseJson("ulimits", given)
    : given;
  if (!Array.isArray(list)) {
    throw new TypeError(
      "Cannot use ulimits: expected a list of { name, soft, hard }",
    );
  }
  return list.map((entry: unknown) => {
    const fields = Object(entry) as Readonly<Record<string, unknown>>;
    const name = fields.name ?? fields.Name;
    const soft = fields.soft ?? fields.Soft;
    const hard = fields.hard ?? fields.Hard;
    if (typeof name !== "string" || !isWhole(soft) || !isWhole(hard)) {
      throw new TypeError(
        "Cannot use ulimits: expected { name, soft, hard } with whole numbers",
      );
    }
    return { name, soft, hard };
  });
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/**
 * Platforms: a list, or one text with commas between them. `local` means the
 * platform of this machine, as in buildx. A platform that is named twice counts
 * once.
 */
export function checkPlatforms(
  given: string | readonly string[],
): readonly string[] {
  const list: readonly string[] = Array.isArray(given) ? given : [given];
  const platforms = list.flatMap((entry) =>
    checkText("platform", entry).split(",").map((word) => {
      const name = checkText("platform", word.trim());
      return /^local$/i.test(name) ? localPlatform() : name;
    })
  );
  return [...new Set(platforms)];
}

function localPlatform(): string {
  const os = Deno.build.os === "windows" ? "windows" : "linux";
  return `${os}/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
}

/** The network modes that BuildKit knows; the classic builder knows more. */
export function checkNetwork(
  mode: string,
  builder: "buildkit" | "classic",
): string {
  if (
    builder === "buildkit" &&
    !["", "default", "none", "host"].includes(mode)
  ) {
    throw advised(
      (message) => new UnsupportedError(`network mode "${mode}"`, message),
      "other-network",
      `Cannot build with network mode "${mode}": BuildKit knows "default", "none" and "host"`,
    );
  }
  return mode;
}

/** Checks for a whole number that is at least `min`. */
export function checkNumber(
  option: string,
  value: number,
  min: number,
): number {
  if (!Number.isSafeInteger(value) || value < min) {
    throw advised(
      (message) => new RangeError(message),
      "option",
      ` ${value}: expected a whole number of at least ${min}`,
      option,
    );
  }
  return value;
}

/**
 * Checks for a boolean. Text such as "false" is refused, because JavaScript
 * would treat it as true.
 */
export function checkSwitch(option: string, value: unknown): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot use ${option}: expected true or false`);
  }
  return value;
}

/** Checks for text that is not empty. */
export function checkText(option: string, value: string): string {
  if (typeof value !== "string" || value === "") {
    throw unusable(option, ": expected text");
  }
  return value;
}

/**
 * Checks the URL of a context that the engine fetches. Two words that the API
 * uses between an engine and its client are refused.
 */
export function checkRemote(remote: string): string {
  if (remote === "client-session" || remote.startsWith("upload-request")) {
    throw new UnsupportedError(
      `remote "${remote}"`,
      `Cannot build with remote "${remote}": that is between an engine and its client; give the context as a folder or a stream`,
    );
  }
  return checkText("remote", remote);
}

/**
 * The error for an option that can't be used; the command line names the flag
 * instead.
 */
function unusable(option: string, why: string): TypeError {
  return advised((message) => new TypeError(message), "option", why, option);
}

/**
 * Parses an option that was given as JSON; the caller checks the form of the
 * value.
 */
export function parseJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error is not kept as `cause`: its message quotes the text.
    throw new TypeError(
      `Cannot use ${option}: the text is not JSON; a plain value is taken too`,
    );
  }
}
