import type { Bridge, ByteRange } from "../../buildkit/bridge.ts";
import { SolveError } from "../../buildkit/solve_error.ts";
import { type BuiltEntry, entryOf } from "./built_entry.ts";
import { type BuiltFileCode, BuiltFileError } from "./built_file_error.ts";

/** What is chosen of a tree, and what ends the calls. */
export interface PlaceOptions {
  readonly platform?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was built, by its platforms; empty ids for nothing. */
export type BuiltRefs = ReadonlyMap<string, string>;

/** Reads the file systems of what was built, over BuildKit's API. */
export class ResultTree {
  /** The platforms; empty where there is one without a name. */
  readonly platforms: readonly string[];
  readonly #bridge: Bridge;
  readonly #refs: BuiltRefs;
  readonly #over: AbortSignal;

  /**
   * @param only The platform where the build has one, if it was named.
   * @param over Aborts when the build is over; calls then fail with its reason.
   */
  constructor(
    bridge: Bridge,
    refs: BuiltRefs,
    only: string | undefined,
    over: AbortSignal,
  ) {
    this.#bridge = bridge;
    const single = refs.get("");
    this.#refs = single !== undefined && only !== undefined
      ? new Map([[only, single]])
      : refs;
    this.platforms = [...this.#refs.keys()].filter((name) => name !== "");
    this.#over = over;
  }

  /**
   * A path of what was built.
   *
   * @throws {TypeError} If it is no path.
   * @throws {RangeError} If the platform was not built, or is to be named.
   */
  place(path: string, { platform, signal }: PlaceOptions): TreePlace {
    if (typeof path !== "string" || path === "" || path.includes("\0")) {
      throw new TypeError(
        "Cannot look into a build: expected the path of a file or folder, such as /app/main.js",
      );
    }
    const all = signal === undefined
      ? this.#over
      : AbortSignal.any([this.#over, signal]);
    return new TreePlace(this.#bridge, this.#refOf(platform), path, all);
  }

  #refOf(platform: string | undefined): string {
    const names = this.platforms.map((name) => JSON.stringify(name)).join(", ");
    const [first] = this.#refs.values();
    if (platform === undefined) {
      if (this.#refs.size <= 1) return first ?? "";
      throw new RangeError(
        `Cannot look into a build of several platforms without naming one: expected platform ${names}`,
      );
    }
    const ref = this.#refs.get(platform);
    if (ref !== undefined) return ref;
    throw new RangeError(
      `Cannot look into what was built for ${JSON.stringify(platform)}: ${
        names === ""
          ? "the build names no platform; leave it out"
          : `it was built for ${names}`
      }`,
    );
  }
}

/** The types of entries that have no content. */
const OTHER_TYPES: readonly BuiltEntry["type"][] = [
  "fifo",
  "socket",
  "char-device",
  "block-device",
];

/** One path of what was built. */
export class TreePlace {
  readonly #bridge: Bridge;
  readonly #ref: string;
  readonly #path: string;
  readonly #signal: AbortSignal;

  /** @param ref Id of what was built; empty for nothing. */
  constructor(bridge: Bridge, ref: string, path: string, signal: AbortSignal) {
    this.#bridge = bridge;
    this.#ref = ref;
    this.#path = path;
    this.#signal = signal;
  }

  /** What it is. */
  async stat(): Promise<BuiltEntry> {
    const stat = await this.#ask((ref, path, options) =>
      this.#bridge.stat(ref, path, options)
    );
    if (stat === undefined) throw this.#error("not-found");
    return entryOf(stat, isRoot(this.#path, stat.path) ? "" : stat.path);
  }

  /** What it is, if it has content: reading a FIFO would never end. */
  async file(): Promise<BuiltEntry> {
    const entry = await this.stat();
    if (entry.type === "directory") throw this.#error("is-directory");
    if (OTHER_TYPES.includes(entry.type)) throw this.#error("not-a-file");
    return entry;
  }

  /** What is in the folder. */
  async list(): Promise<BuiltEntry[]> {
    // Of a target without files, such as `FROM scratch` alone, there is only
    // the root.
    if (this.#ref === "" && isRoot(this.#path, "")) return [];
    const entries = await this.#ask((ref, path, options) =>
      this.#bridge.readDir(ref, path, options)
    );
    return entries.map((entry) => entryOf(entry, entry.path));
  }

  /** A part of the file; shorter where it ends. */
  async read(range: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#ask((ref, path, options) =>
      this.#bridge.readFile(ref, path, range, options)
    );
    return bytes as Uint8Array<ArrayBuffer>; // not shared with a worker
  }

  async #ask<T>(
    call: (
      ref: string,
      path: string,
      options: { readonly signal: AbortSignal },
    ) => Promise<T>,
  ): Promise<T> {
    this.#signal.throwIfAborted();
    if (this.#ref === "") throw this.#error("not-found");
    try {
      return await call(this.#ref, this.#path, { signal: this.#signal });
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof SolveError)) throw error;
      throw this.#error(codeOf(error.detail), error.detail);
    }
  }

  #error(code: BuiltFileCode, detail = ""): BuiltFileError {
    const path = JSON.stringify(this.#path);
    return new BuiltFileError(
      code,
      this.#path,
      `Cannot read ${path} of what was built: ${
        code === "unreadable" ? withoutMounts(detail) : WORDS[code]
      }`,
    );
  }
}

const WORDS: Readonly<Record<BuiltFileCode, string>> = {
  "not-found": "there is nothing of that name",
  "is-directory": "it is a folder; list it with readDir()",
  "not-directory": "it is no folder, or a part of its path is none",
  "not-a-file": "it is a FIFO, a socket or a device, which has no content",
  "too-large": "it is too large",
  "unreadable": "the engine can't read it",
};

/** The words of Go's errors (`syscall/zerrors`), by what they mean here. */
const GO_ERRORS: readonly (readonly [RegExp, BuiltFileCode])[] = [
  [/: no such file or directory$/, "not-found"],
  [/: is a directory$/, "is-directory"],
  [/: not a directory$/, "not-directory"],
];

function codeOf(detail: string): BuiltFileCode {
  return GO_ERRORS.find(([words]) => words.test(detail))?.[1] ?? "unreadable";
}

/**
 * Whether a path leads to the root, which the engine calls by the name of the
 * folder where it has mounted it.
 *
 * @param name The name that the engine tells.
 */
function isRoot(path: string, name: string): boolean {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.length === 0 ||
    // A link to the root, as against a folder of that name.
    (/^buildkit-mount\d+$/.test(name) && parts.at(-1) !== name);
}

/** The words without the path where the engine has mounted the result. */
function withoutMounts(detail: string): string {
  return detail.replaceAll(/\/\S*\/buildkit-mount\d+(?=\/|:|$)/g, "");
}
