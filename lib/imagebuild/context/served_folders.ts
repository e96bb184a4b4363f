// The folders that a session serves, by the names that an engine asks for.

import type { Local } from "../../fsutil/local.ts";
import type { NamedContexts } from "./named_contexts.ts";
import type { Offer } from "./offer.ts";
import { sha256 } from "../../streams/sha256.ts";

/** What a session serves of the contexts. */
export interface ServedContexts {
  /** The folders; undefined where there is none. */
  readonly locals: ReadonlyMap<string, Local> | undefined;
  /**
   * The contexts whose transfers are reported, by the names that the engine asks
   * for: each with its own name, which the main context has not.
   */
  readonly names: ReadonlyMap<string, string | undefined>;
  /** The key under which an engine keeps the files for the next build. */
  readonly sharedKey: string | undefined;
}

/** What a session serves of the main context and of those by name. */
export async function servedFolders(
  main: Pick<Offer, "locals" | "sharedKey">,
  { folders }: Pick<NamedContexts, "folders">,
): Promise<ServedContexts> {
  const locals = new Map(main.locals ?? []);
  const names = new Map<string, string | undefined>([["context", undefined]]);
  const keys = [main.sharedKey ?? ""];
  for (const [name, { local, sharedKey }] of folders) {
    locals.set(localName(name), local);
    names.set(localName(name), name);
    if (sharedKey !== undefined) keys.push(`${name}\0${sharedKey}`);
  }
  return { locals, names, sharedKey: await sharedKeyOf(keys) };
}

/**
 * The name under which a session serves the folder of a context. Two names are
 * those of the main context and of its Dockerfile; buildx marks them as here.
 */
export function localName(context: string): string {
  return context === "context" || context === "dockerfile"
    ? `_${context}`
    : context;
}

/**
 * One key for all folders, since a session has no more. An engine tells a
 * folder's files by their names, lengths and times: builds with different
 * folders behind one name must not have the same key.
 *
 * @param keys The key of the main context, and those of the others.
 */
async function sharedKeyOf(
  keys: readonly string[],
): Promise<string | undefined> {
  const [main, ...others] = keys;
  if (others.length === 0) return main === "" ? undefined : main;
  return await sha256([main, ...others.sort()].join("\0"));
}
