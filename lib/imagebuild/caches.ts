// The caches of a build, opened: what is read of this machine for them (tokens,
// and for GitHub's the environment) before anything is sent to the engine.

import type { SolveEntry } from "../buildkit/solve_request.ts";
import { Secret } from "../secrets/secret.ts";
import { resolveSource } from "../secrets/source.ts";
import type { LayoutStores } from "../layout/layout_stores.ts";
import type { UnopenedCache } from "./cache_watch.ts";
import type { RequestedCache } from "./checks/requested_cache.ts";
import type { CacheOption } from "./checks/cache_words.ts";
import type { OwnWarning } from "./fact.ts";
import type { LocalCache } from "./local_caches.ts";
import type { BuildRequest } from "./request.ts";

/** The caches of a build, as the engine is asked for them. */
export interface OpenedCaches {
  /** Those that are read. */
  readonly imports: readonly SolveEntry[];
  /** Those that are written. */
  readonly exports: readonly SolveEntry[];
  /** The folders that caches are written to. */
  readonly local: readonly LocalCache[];
  /** The values among their attributes that are masked, each with its name. */
  readonly secrets: readonly (readonly [name: string, secret: Secret])[];
  /** Those that can't be opened, without which the build goes on. */
  readonly unopened: readonly UnopenedCache[];
  /** What else is left out, and why. */
  readonly warnings: readonly OwnWarning[];
}

/**
 * Opens the caches of a request.
 *
 * @param signal Ends the reading of a file.
 * @param stores Takes the folders of caches; undefined where there are none.
 * @throws {SecretError} If a token can't be read.
 * @throws {LayoutError} If a folder can't be written.
 */
export async function openCaches(
  { cacheImports, cacheExports, history }: Pick<
    BuildRequest,
    "cacheImports" | "cacheExports" | "history"
  >,
  signal: AbortSignal,
  stores?: LayoutStores,
): Promise<OpenedCaches> {
  const secrets: [string, Secret][] = [];
  const warnings: OwnWarning[] = [];
  const local: LocalCache[] = [];
  const unopened: UnopenedCache[] = [];
  const open = async (
    option: CacheOption,
    caches: readonly RequestedCache[],
  ) => {
    const entries: SolveEntry[] = [];
    const isLocal = ({ type }: RequestedCache) => type === "local";
    if (stores !== undefined && caches.some(isLocal)) {
      const { openLocalExport, openLocalImport } = await import(
        "./local_caches.ts"
      );
      for (const cache of caches.filter(isLocal)) {
        const opened = option === "cachefrom"
          ? await openLocalImport(stores, cache)
          : await openLocalExport(stores, cache);
        if ("error" in opened) unopened.push(opened);
        else if ("cache" in opened) {
          local.push(opened.cache);
          entries.push(opened.entry);
        } else entries.push(opened);
      }
    }
    for (const cache of caches.filter((cache) => !isLocal(cache))) {
      const attrs: Record<string, string> = { ...cache.attrs };
      for (const [word, source] of Object.entries(cache.secrets)) {
        const name = `${cache.type} ${word}`;
        // A function was refused before.
        const secret = await resolveSource(name, source, signal) as Secret;
        secrets.push([name, secret]);
        attrs[word] = new TextDecoder().decode(secret.reveal());
      }
      if (cache.fromEnvironment) {
        addEnvironment(attrs);
        if (!("token" in attrs) || !("url" in attrs || "url_v2" in attrs)) {
          warnings.push([
            "option-ignored",
            `${option} of type ${cache.type} has no effect: the environment has no ${
              "token" in attrs ? "ACTIONS_CACHE_URL" : "ACTIONS_RUNTIME_TOKEN"
            }, as outside of GitHub's runners, or Deno's permissions keep it closed`,
            option,
          ]);
          continue;
        }
        if (!("token" in cache.secrets)) {
          secrets.push([`${cache.type} token`, new Secret(attrs.token!)]);
        }
      }
      entries.push({ type: cache.type, attrs });
    }
    return entries;
  };
  // A folder that is read and written is opened for both at once.
  const exports = await open("cacheto", cacheExports);
  const ofExports = secrets.length;
  const imports = await open("cachefrom", cacheImports);
  const kept = secrets.slice(ofExports);
  if (history && kept.length > 0) {
    warnings.push([
      "secret-visible",
      `the engine's history of builds keeps ${
        kept.map(([name]) => `"${name}"`).join(", ")
      } of cachefrom: leave the option history out`,
      "cachefrom",
    ]);
  }
  return { imports, exports, local, secrets, unopened, warnings };
}

/**
 * Adds what GitHub's runners have in the environment, as buildx does
 * (`addGithubToken` in `build/opt.go`).
 */
function addEnvironment(attrs: Record<string, string>): void {
  const add = (word: string, ...names: readonly string[]) => {
    for (const name of names) {
      const value = word in attrs ? undefined : variable(name);
      if (value !== undefined) attrs[word] = value;
    }
  };
  const isSecond = attrs.version === undefined
    ? /^(?:1|t|T|true|TRUE|True)$/.test(
      variable("ACTIONS_CACHE_SERVICE_V2") ?? "",
    )
    : attrs.version === "2";
  add("token", "ACTIONS_RUNTIME_TOKEN");
  if (isSecond) add("url_v2", "ACTIONS_RESULTS_URL");
  add("url", "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL");
}

/** An environment variable that is set, and that Deno lets davit read. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
