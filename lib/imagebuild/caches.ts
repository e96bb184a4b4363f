// The caches of a build, opened: what is read of this machine for them (tokens,
// and for GitHub's the environment) before anything is sent to the engine.

import type { SolveEntry } from "../buildkit/solve_request.ts";
import { Secret } from "../secrets/secret.ts";
import { resolveSource } from "../secrets/source.ts";
import type { RequestedCache } from "./checks/cache.ts";
import type { CacheOption } from "./checks/cache_words.ts";
import type { OwnWarning } from "./fact.ts";
import type { BuildRequest } from "./request.ts";

/** The caches of a build, as the engine is asked for them. */
export interface OpenedCaches {
  /** Those that are read. */
  readonly imports: readonly SolveEntry[];
  /** Those that are written. */
  readonly exports: readonly SolveEntry[];
  /** The values among their attributes that are masked, each with its name. */
  readonly secrets: readonly (readonly [name: string, secret: Secret])[];
  /** What is left out, and why. */
  readonly warnings: readonly OwnWarning[];
}

/**
 * Opens the caches of a request.
 *
 * @param signal Ends the reading of a file.
 * @throws {SecretError} If a token can't be read.
 */
export async function openCaches(
  { cacheImports, cacheExports }: Pick<
    BuildRequest,
    "cacheImports" | "cacheExports"
  >,
  signal: AbortSignal,
): Promise<OpenedCaches> {
  const secrets: [string, Secret][] = [];
  const warnings: OwnWarning[] = [];
  const open = async (
    option: CacheOption,
    caches: readonly RequestedCache[],
  ) => {
    const entries: SolveEntry[] = [];
    for (const cache of caches) {
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
            }, as outside of GitHub's runners`,
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
  const imports = await open("cachefrom", cacheImports);
  const exports = await open("cacheto", cacheExports);
  return { imports, exports, secrets, warnings };
}

/**
 * Adds what GitHub's runners have in the environment, as buildx does
 * (`addGithubToken` in `build/opt.go`).
 */
function addEnvironment(attrs: Record<string, string>): void {
  const add = (word: string, ...names: readonly string[]) => {
    for (const name of names) {
      const value = word in attrs ? undefined : Deno.env.get(name);
      if (value !== undefined && value !== "") attrs[word] = value;
    }
  };
  const isSecond = attrs.version === undefined
    ? /^(?:1|t|T|true|TRUE|True)$/.test(
      Deno.env.get("ACTIONS_CACHE_SERVICE_V2") ?? "",
    )
    : attrs.version === "2";
  add("token", "ACTIONS_RUNTIME_TOKEN");
  if (isSecond) add("url_v2", "ACTIONS_RESULTS_URL");
  add("url", "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL");
}
