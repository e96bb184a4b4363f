// Reads paths and addresses as callers write them for a context or a
// Dockerfile.

import { pathOfUrl } from "../../file_url.ts";
import { hintFor, streamOf } from "../../streams/byte_source.ts";

/** What docker reads as an address rather than as a path. */
const REMOTE_REGEXP = /^(?:https?|git|ssh):\/\//i;

/**
 * What docker reads as an address unless a folder of that name exists:
 * `github.com/owner/name`, `user@host:path`.
 */
const SHORT_REMOTE_REGEXP = /^github\.com\/|^[\w.-]+@[\w.-]+:/i;

/**
 * The beginning of a URL: a scheme. A single letter is not one but a drive of
 * Windows.
 */
const SCHEME_REGEXP = /^([a-z][a-z\d+.-]+):\/\//i;
const DRIVE_REGEXP = /^[a-z]:[\\/]/i;

/**
 * Whether the engine is to fetch this context. As docker does, looks for a
 * folder of that name first.
 */
export function isRemote(given: string | URL): boolean {
  const text = String(given);
  if (REMOTE_REGEXP.test(text)) return true;
  return typeof given === "string" && SHORT_REMOTE_REGEXP.test(text) &&
    !isFolder(text);
}

/**
 * Looks only where the permission is already given, so that no prompt appears:
 * without it no folder could be sent either.
 */
function isFolder(path: string): boolean {
  try {
    const { state } = Deno.permissions.querySync({ name: "read", path });
    return state === "granted" && Deno.statSync(path).isDirectory;
  } catch {
    return false; // it does not exist, or can't be read
  }
}

/**
 * The path that a caller gave as text or as a `file:` URL.
 *
 * @param name The option, for errors: `context` or `dockerfile`.
 * @throws {TypeError} If it is no path.
 */
export function pathOf(name: string, given: string | URL): string {
  if (typeof given !== "string" && !(given instanceof URL)) {
    throw new TypeError(
      streamOf(given) === undefined
        ? `Cannot build: ${name} is the path of a folder, or a file: URL; ${
          hintFor(given) ?? "it is an object"
        }`
        : `Cannot build: ${name} is the path of a folder, or a file: URL; a tar is given alone, in the place of { ${name} }`,
    );
  }
  if (typeof given === "string") {
    if (given === "") {
      throw new TypeError(
        `Cannot build: ${name} is an empty text; the current folder is "."`,
      );
    }
    if (given.includes("\0")) {
      throw new TypeError(`Cannot build: ${name} is no path: it holds a NUL`);
    }
    const scheme = SCHEME_REGEXP.exec(given)?.[1]?.toLowerCase();
    if (scheme === "file") return pathOfUrl(given);
    if (scheme !== undefined) {
      throw wrongScheme(name, `${scheme}:`);
    }
    // Text that people know from other tools and that means something else
    // there, such as docker's `-` for standard input.
    const hint = given === "-"
      ? "a tar on the standard input is given as Deno.stdin.readable"
      : /^file:/i.test(given)
      ? "the URL of a file begins with file:///; a path has no file: before it"
      : DRIVE_REGEXP.test(given) && Deno.build.os !== "windows"
      ? "a path of Windows names nothing here"
      : undefined;
    if (hint === undefined) return given;
    throw new TypeError(
      `Cannot build: ${name} can't be ${JSON.stringify(given)}: ${hint}`,
    );
  }
  if (given.protocol !== "file:") throw wrongScheme(name, given.protocol);
  return pathOfUrl(given);
}

function wrongScheme(name: string, scheme: string): TypeError {
  return new TypeError(
    `Cannot build: ${name} can't be a ${scheme} URL; ${
      name === "context"
        ? "an engine fetches https:, http:, git: and ssh:"
        : "it is a path, or a file: URL"
    }`,
  );
}
