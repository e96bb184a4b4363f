import { advised } from "../advice.ts";
import { UnsupportedError } from "../errors.ts";
import type { Exporter } from "../exporter/exporter.ts";
import { checkExport, isExport } from "../exporter/output.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import type { BuildOutput, Ulimit } from "./options.ts";

// One function an option: from what the caller gave to what the engine reads.
// They throw before a byte is sent. A message never quotes the value of a build
// argument or a label.

/** `host[:port]/path/name:tag` as the engine's reference grammar has it. */
const REFERENCE_REGEXP =
  /^(?:(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?$/;

/** Names for the image. An engine of the 20.10 line takes three seconds to refuse a bad one. */
export function checkTags(tag: string | readonly string[]): string[] {
  const tags = Array.isArray(tag) ? [...tag] : [tag];
  for (const name of tags) {
    if (typeof name !== "string" || !REFERENCE_REGEXP.test(name)) {
      throw new TypeError(
        `Cannot use tag ${
          JSON.stringify(name)
        }: expected "name" or "name:tag", in lower case${
          String(name).includes("@") ? ", without a digest" : ""
        }`,
      );
    }
  }
  return tags;
}

/** A JSON object of text values: `null` values are kept where they mean something. */
export function checkTextMap(
  option: "buildargs" | "labels",
  given: string | Readonly<Record<string, string | null | undefined>>,
): string {
  const object = typeof given === "string" ? parse(option, given) : given;
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
      throw new TypeError(
        `Cannot use ${option}: the value of "${name}" is not text`,
      );
    }
  }
  return JSON.stringify(object);
}

/** `host:ip` each, as the engine reads them. */
export function checkExtraHosts(
  given: string | readonly string[] | Readonly<Record<string, string>>,
): string[] {
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
  for (const entry of hosts) {
    if (!/^[^:\s]+:[^\s]+$/.test(entry)) {
      throw new TypeError(
        `Cannot use extrahosts entry ${
          JSON.stringify(entry)
        }: expected "host:ip"`,
      );
    }
  }
  return [...hosts];
}

/** A JSON array of image names. */
export function checkCacheFrom(given: string | readonly string[]): string {
  const names = typeof given !== "string"
    ? given
    : given.trimStart().startsWith("[")
    ? parse("cachefrom", given)
    : [given];
  if (
    !Array.isArray(names) || names.some((name) => typeof name !== "string")
  ) {
    throw new TypeError("Cannot use cachefrom: expected a list of image names");
  }
  return JSON.stringify(names);
}

/** A JSON array of `{ Name, Soft, Hard }`. */
export function checkUlimits(given: string | readonly Ulimit[]): string {
  const list = typeof given === "string" ? parse("ulimits", given) : given;
  if (!Array.isArray(list)) {
    throw new TypeError(
      "Cannot use ulimits: expected a list of { name, soft, hard }",
    );
  }
  return JSON.stringify(list.map((entry) => {
    const name = entry?.name ?? entry?.Name;
    const soft = entry?.soft ?? entry?.Soft;
    const hard = entry?.hard ?? entry?.Hard;
    if (
      typeof name !== "string" || !Number.isInteger(soft) ||
      !Number.isInteger(hard)
    ) {
      throw new TypeError(
        "Cannot use ulimits: expected { name, soft, hard } with whole numbers",
      );
    }
    return { Name: name, Soft: soft, Hard: hard };
  }));
}

/** An output as the engine is asked for it. */
export interface CheckedOutput {
  /** The engine's exporter. */
  readonly type: string;
  /** Its attributes. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Takes what comes back, if that is where the result goes. */
  readonly exporter?: Exporter;
}

/** Outputs that stay with the engine, or go to a registry from there. */
const ENGINE_OUTPUTS: readonly string[] = [
  "moby",
  "image",
  "registry",
  "cacheonly",
];

/** The one output that `/build` can have. */
export function checkOutput(
  given: string | BuildOutput | readonly BuildOutput[],
): CheckedOutput | undefined {
  const value: unknown = typeof given === "string"
    ? parseOutputs(given)
    : given;
  const list = Array.isArray(value) ? value : [value];
  if (list.length > 1) {
    throw new UnsupportedError(
      "several outputs",
      "Cannot build with several outputs: an engine's /build takes one; build again for the next, the cache makes it cheap",
    );
  }
  if (list.length === 0) return undefined;
  const entry = list[0];
  const type = entry?.type ?? entry?.Type;
  const attrs = entry?.attrs ?? entry?.Attrs ?? {};
  if (typeof type !== "string" || type === "" || !isPlainObject(attrs)) {
    throw new TypeError(
      `Cannot use outputs: expected { type, attrs }, of which attrs is an object of names to text${
        plainObjectHint(attrs)
      }`,
    );
  }
  if (isExport(type)) return checkExport(type, entry);
  if (!ENGINE_OUTPUTS.includes(type)) {
    throw new TypeError(
      `Cannot use outputs of type ${JSON.stringify(type)}: expected one of ${
        ["local", "tar", "oci", "docker", ...ENGINE_OUTPUTS].join(", ")
      }`,
    );
  }
  return { type, attrs: { ...attrs as Readonly<Record<string, string>> } };
}

/** One platform. `local` is that of this machine, as buildx reads it. */
export function checkPlatform(platform: string): string {
  checkText("platform", platform);
  if (/^local$/i.test(platform)) {
    const os = Deno.build.os === "windows" ? "windows" : "linux";
    return `${os}/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
  }
  if (platform.includes(",")) {
    throw new UnsupportedError(
      "several platforms",
      `Cannot build for "${platform}": an engine's /build takes one platform; build once for each`,
    );
  }
  return platform;
}

/** The networks that BuildKit knows; the classic builder knows more. */
export function checkNetwork(mode: string, version: "1" | "2"): string {
  if (version === "2" && !["", "default", "none", "host"].includes(mode)) {
    throw advised(
      (message) => new UnsupportedError(`network mode "${mode}"`, message),
      "other-network",
      `Cannot build with network mode "${mode}": BuildKit knows "default", "none" and "host"`,
    );
  }
  return mode;
}

/** A whole number that is at least `min`. */
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

/** What is on or off. Text such as "false" would count as on. */
export function checkSwitch(option: string, value: boolean): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot use ${option}: expected true or false`);
  }
  return value;
}

/** Text that is not empty. */
export function checkText(option: string, value: string): string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`Cannot use ${option}: expected text`);
  }
  return value;
}

/** Docker's API takes JSON here, and what fingers write is mostly a folder. */
function parseOutputs(text: string): unknown {
  if (/^\s*[[{]/.test(text)) return parse("outputs", text);
  throw new TypeError(
    `Cannot use outputs ${
      JSON.stringify(text)
    }: for a folder write { type: "local", dest: ${
      JSON.stringify(text)
    } }, for an archive { type: "tar", dest: "out.tar" }`,
  );
}

// deno-lint-ignore no-explicit-any -- the caller checks every field
function parse(option: string, text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    // No `cause`: the parser's message quotes the text.
    throw new TypeError(
      `Cannot use ${option}: the text is not JSON; a plain value is taken too`,
    );
  }
}
