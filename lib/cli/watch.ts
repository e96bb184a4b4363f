import type { BuildResult } from "../build/result.ts";
import { findIgnoreRules, type IgnoreRules } from "../context/ignore_rules.ts";
import { describeError } from "./describe_error.ts";
import { print } from "./print.ts";

/** What is watched, and what is done. */
export interface WatchOptions {
  /** The context. */
  readonly folder: string;
  /** Path of the Dockerfile, where it is named. */
  readonly dockerfile: string | undefined;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Builds once. */
  build(signal: AbortSignal): Promise<BuildResult>;
}

/** How long it must be quiet before a build begins: an editor writes in several steps. */
const QUIET_MS = 100;
/** How long a build is put off at most, where something is written all the time. */
const PATIENCE_MS = 2000;

/** Builds, and builds again whenever something of the context changes, until it is aborted. */
export async function watchBuilds(options: WatchOptions): Promise<void> {
  const { signal } = options;
  const folder = await Deno.realPath(options.folder);
  const file = await dockerfileIn(folder, options.dockerfile);
  using watcher = Deno.watchFs(file.outside ? [folder, file.path] : folder);
  const close = () => watcher.close();
  signal.addEventListener("abort", close);
  try {
    const changes = new Changes();
    const watching = (async () => {
      for await (const { kind, paths } of watcher) {
        if (kind === "access") continue;
        changes.add(paths);
      }
      changes.end();
    })();
    while (!signal.aborted) {
      changes.clear();
      const rules = await findIgnoreRules(folder, file.name);
      await buildAndTell(options);
      if (signal.aborted) break;
      await changes.next((path) => matters(path, folder, file, rules));
    }
    await watching;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** A Dockerfile, as the watch needs to know it. */
interface WatchedFile {
  /** Its real path. */
  readonly path: string;
  /** Its path in the folder; its last name outside. */
  readonly name: string;
  readonly outside: boolean;
}

async function dockerfileIn(
  folder: string,
  given: string | undefined,
): Promise<WatchedFile> {
  if (given === undefined || given === "-") {
    return { path: `${folder}/Dockerfile`, name: "Dockerfile", outside: false };
  }
  const path = await Deno.realPath(given);
  const outside = !path.startsWith(`${folder}/`);
  const name = outside
    ? path.slice(path.lastIndexOf("/") + 1)
    : path.slice(folder.length + 1);
  return { path, name, outside };
}

/** Whether a change can change the build. */
function matters(
  path: string,
  folder: string,
  file: WatchedFile,
  { filter, file: ignoreFile }: IgnoreRules,
): boolean {
  if (path === file.path) return true;
  if (!path.startsWith(`${folder}/`)) return false;
  const name = path.slice(folder.length + 1);
  if (name === ignoreFile || name.endsWith(".dockerignore")) return true;
  let state = filter.root;
  let at = "";
  for (const part of name.split("/")) {
    at = at === "" ? part : `${at}/${part}`;
    state = filter.step(at, state);
  }
  return state.keep;
}

/** What changed since the last look. */
class Changes {
  #paths: string[] = [];
  #ended = false;
  #wake: () => void = () => {};

  add(paths: readonly string[]): void {
    this.#paths.push(...paths);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  clear(): void {
    // What changes while a build runs makes another one.
    this.#paths = [];
  }

  /** Resolves when something that matters changed and all is quiet again. */
  async next(matters: (path: string) => boolean): Promise<void> {
    while (!this.#ended && !this.#paths.some(matters)) {
      this.#paths = [];
      await this.#changed();
    }
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.#ended && Date.now() < deadline) {
      this.#paths = [];
      const more = await this.#changed(QUIET_MS);
      if (!more) return;
    }
  }

  #changed(patience?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = patience === undefined
        ? undefined
        : setTimeout(() => resolve(false), patience);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

async function buildAndTell({ build, signal }: WatchOptions): Promise<void> {
  const began = performance.now();
  const time = new Date().toTimeString().slice(0, 8);
  const took = () => `${((performance.now() - began) / 1000).toFixed(2)} s`;
  try {
    const { imageId, context } = await build(signal);
    const { files, filesReused, bytesSent } = context;
    const sent = (files ?? 0) - filesReused;
    print(
      `${time} built ${
        imageId === "" ? "the output" : imageId.slice(0, "sha256:".length + 12)
      } in ${took()}: ${sent} of ${files ?? 0} files sent, ${bytesSent} bytes`,
      Deno.stderr,
    );
  } catch (error) {
    if (signal.aborted) return;
    print(
      `${describeError(error, false)}\n${time} failed in ${took()}`,
      Deno.stderr,
    );
  }
}
