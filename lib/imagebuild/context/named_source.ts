// Contexts by name: the forms in which a caller may give one, and the forms
// into which they are sorted. Nothing is read yet.

import { advised } from "../../advice.ts";
import { isPlainObject, plainObjectHint } from "../../plain_object.ts";
import type { ByteSource } from "../../streams/byte_source.ts";
import { contextName } from "../checks/context_name.ts";
import {
  type FolderContext,
  giveBackSource,
  type Source,
  sourceOf,
} from "./source.ts";

/**
 * What stands behind a name in a Dockerfile, such as `deps` in
 * `COPY --from=deps`: a folder, by its path or `file:` URL; files in memory, or
 * a folder with further settings; a tar, as a stream or as bytes; or text that
 * begins as one of these:
 *
 * - `docker-image://NAME`: an image
 * - `oci-layout://FOLDER`, with `:TAG` or `@DIGEST` behind it: an image in a
 *   folder in OCI layout on this machine; the tag is `latest` unless given
 * - `https://…`, `http://…`: a file that the engine fetches
 * - `https://….git`, `git://…`, `git@…`: a git repository that it fetches
 *
 * A folder obeys its own `.dockerignore`, or the patterns in `ignore`. A tar is
 * unpacked by the engine; what no step reads of it is transferred, too.
 */
export type NamedContext =
  | ByteSource
  | string
  | URL
  | Omit<FolderContext, "dockerfile">;

/** A context by name in one of a few forms. */
export type NamedSource =
  | (Source & { readonly kind: "folder" | "tar" })
  | {
    /** What the engine fetches, or has. */
    readonly kind: "remote";
    /** In the words of the Dockerfile frontend. */
    readonly url: string;
  }
  | {
    /** A single file that the engine fetches by HTTP. */
    readonly kind: "file";
    readonly url: string;
  }
  | {
    /** An image in a folder in OCI layout. */
    readonly kind: "layout";
    /** Path of the folder. */
    readonly path: string;
    /** The tag; undefined where none is given. */
    readonly tag: string | undefined;
    /** The digest of what is taken; undefined where the tag tells. */
    readonly digest: string | undefined;
  };

/** What the frontend has, and needs no transfer. */
const IMAGE_REGEXP = /^docker-image:\/\/(?<name>.*)$/s;
const LAYOUT_REGEXP =
  /^oci-layout:\/\/(?<path>[^@]*?)(?::(?<tag>[^/:@]*))?(?:@(?<digest>.*))?$/s;
/** Kinds that BuildKit or its clients have for their own use. */
const INNER_REGEXP = /^(target|input|local):/;
/** What docker reads as an address, and the frontend does not. */
const SHORT_REGEXP = /^(?:github\.com\/|(?!git@)[\w.-]+@[\w.-]+:)/i;

/**
 * Sorts contexts by name. If one of them can't be used, all streams in them are
 * cancelled.
 *
 * @returns The sources by their names in the form in which BuildKit looks for
 * them.
 * @throws {TypeError} If a name is none, is there twice, or nothing can be made
 * of its value.
 */
export function namedSources(given: unknown): Map<string, NamedSource> {
  const sources = new Map<string, NamedSource>();
  if (given === undefined) return sources;
  if (!isPlainObject(given)) {
    throw new TypeError(
      `Cannot use contexts: expected an object of names to contexts, such as { deps: "./deps" }${
        plainObjectHint(given)
      }`,
    );
  }
  const all: NamedSource[] = [];
  let fault: unknown;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    try {
      const source = named(name, value);
      all.push(source);
      const short = contextName(name);
      if (short === undefined) throw noName(name);
      if (sources.has(short)) {
        throw wrong(
          name,
          `it is there twice, also as ${JSON.stringify(short)}`,
        );
      }
      sources.set(short, source);
    } catch (error) {
      fault ??= error;
    }
  }
  if (fault === undefined) return sources;
  giveBackSources(all, fault);
  throw fault;
}

/** Cancels the streams of sources, unless somebody has begun to read them. */
export function giveBackSources(
  sources: Iterable<NamedSource>,
  reason?: unknown,
): void {
  for (const source of sources) {
    if (source.kind === "tar") giveBackSource(source, reason);
  }
}

/** Sorts one context by name. */
function named(name: string, given: unknown): NamedSource {
  const source = typeof given === "string"
    ? textSource(name, given)
    : undefined;
  if (source !== undefined) return source;
  try {
    const source = sourceOf(given as Exclude<NamedContext, undefined>);
    if (source.kind === "remote" && isFile(source.url)) {
      return { ...source, kind: "file" };
    }
    if (source.kind !== "folder" || source.dockerfile === undefined) {
      return source;
    }
    giveBackSource(source);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw wrong(name, error.message.replace(/^Cannot build: /, ""), error);
  }
  throw wrong(
    name,
    "it has no Dockerfile: that of the build names it; it is { context, files, ignore }, of which each may be left out",
  );
}

/** Whether a URL is that of a file, and not of a git repository. */
function isFile(url: string): boolean {
  return /^https?:/i.test(url) && !/^[^?#]*\.git(?:[?#]|$)/.test(url);
}

/** Text that is no path and no address which the main context could have. */
function textSource(name: string, text: string): NamedSource | undefined {
  const image = IMAGE_REGEXP.exec(text)?.groups;
  if (image !== undefined) {
    if (/^\S+$/.test(image.name!)) return { kind: "remote", url: text };
    throw wrong(
      name,
      `${JSON.stringify(text)} names no image: expected docker-image://NAME`,
    );
  }
  const layout = LAYOUT_REGEXP.exec(text)?.groups;
  if (layout !== undefined) return layoutSource(name, text, layout);
  const inner = INNER_REGEXP.exec(text)?.[1];
  if (inner !== undefined) {
    throw wrong(
      name,
      `${inner}: is between other programs and BuildKit; the path of a folder of that name begins with "./"`,
    );
  }
  const source = SHORT_REGEXP.test(text) ? sourceOf(text) : undefined;
  if (source?.kind !== "remote") return undefined;
  throw wrong(
    name,
    `BuildKit takes no ${
      JSON.stringify(text)
    } by name: give the whole URL, such as https://github.com/OWNER/NAME.git, or git@HOST:PATH`,
  );
}

function layoutSource(
  name: string,
  text: string,
  { path = "", tag, digest }: Record<string, string | undefined>,
): NamedSource {
  const isUsable = path !== "" && !path.includes("\0") && tag !== "" &&
    (digest === undefined || /^sha256:[\da-f]{64}$/.test(digest));
  if (isUsable) return { kind: "layout", path, tag, digest };
  throw wrong(
    name,
    `${
      JSON.stringify(text)
    } names no image: expected oci-layout://FOLDER, oci-layout://FOLDER:TAG or oci-layout://FOLDER@sha256:DIGEST`,
  );
}

function noName(name: string): TypeError {
  const small = contextName(name.toLowerCase());
  return wrong(
    name,
    `the name can be neither a stage's nor an image's${
      small === undefined
        ? ""
        : `; it is in lower case: ${JSON.stringify(small)}`
    }`,
  );
}

/** The error for a context by name that can't be used. */
function wrong(name: string, why: string, cause?: Error): TypeError {
  return advised(
    (message) => new TypeError(message, cause === undefined ? {} : { cause }),
    "build-with",
    why,
    `contexts ${JSON.stringify(name)}`,
  );
}
