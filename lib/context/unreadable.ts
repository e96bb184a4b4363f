import type { ContextError } from "../errors.ts";
import { contextError } from "./context_error.ts";

/** What to do about an entry of a folder. */
const ENTRY_ADVICE = "make it readable, or ignore it";

/**
 * Why something of a context can't be read, and what to do about it.
 *
 * @param advice Where it can't be ignored: what else helps.
 */
export function unreadable(
  path: string,
  cause: unknown,
  advice: string = ENTRY_ADVICE,
): ContextError {
  if (cause instanceof Deno.errors.NotCapable) {
    return contextError(
      `this program may not read ${path}: run it with --allow-read=${path}`,
      { cause },
    );
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return contextError(
    `${path} can't be read (${why}): ${advice}`,
    { cause },
  );
}

/** Something has a name that Deno can't say. */
export function notUtf8(what: string): ContextError {
  return contextError(
    `${what} is not UTF-8, and Deno can't read it: rename it, or ignore it`,
  );
}

/** Somebody put a link in the place of a path, or of a folder on the way to it. */
export function swapped(path: string): ContextError {
  return contextError(
    `while ${path} was read, it or a folder above it became a link that leads elsewhere, or another file, and nothing of it was sent; try again when nobody changes the folder`,
  );
}

/** Whether a failure says that there is nothing at a path any more. */
export function isGone(error: unknown): boolean {
  // A folder above may have become a file: fsutil takes that for gone, too.
  if (
    error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory
  ) return true;
  const { code } = error as { code?: string };
  return code === "ENOENT" || code === "ENOTDIR";
}
