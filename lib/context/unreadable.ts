import type { ContextError } from "../errors.ts";
import { contextError } from "./context_error.ts";

/** The advice for an entry that can't be read. */
const ENTRY_ADVICE = "make it readable, or ignore it";

/**
 * The error that something of a context can't be read.
 *
 * @param advice What to do about it; the default says to ignore the entry,
 * which does not help for every file.
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

/** The error for a name that is not UTF-8, which Deno can't open. */
export function notUtf8(what: string): ContextError {
  return contextError(
    `${what} is not UTF-8, and Deno can't read it: rename it, or ignore it`,
  );
}

/**
 * The error that a path, or a folder above it, was replaced by a link while it
 * was read.
 */
export function swapped(path: string): ContextError {
  return contextError(
    `while ${path} was read, it or a folder above it became a link that leads elsewhere, or another file, and nothing of it was sent; try again when nobody changes the folder`,
  );
}

/** Whether an error says that nothing is at a path any more. */
export function isGone(error: unknown): boolean {
  // A folder above may have been replaced by a file; fsutil treats that in the
  // same way.
  if (
    error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory
  ) return true;
  const { code } = error as { code?: string };
  return code === "ENOENT" || code === "ENOTDIR";
}
