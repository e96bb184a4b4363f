import { advised } from "../advice.ts";
import { pathOfUrl } from "../file_url.ts";
import { UnsupportedError } from "../errors.ts";
import { checkOptionNames } from "../option_names.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import { ArchiveFile } from "./archive_file.ts";
import { ArchiveStream } from "./archive_stream.ts";
import type { Exporter, ExportLimits } from "./exporter.ts";
import {
  IMAGE_FORMAT,
  type ImageFormat,
  imageFormatAttrs,
  withFormat,
} from "./image_format.ts";
import { FolderExporter } from "./folder_exporter.ts";

/** Exports the files of the result to a folder of this machine. */
export interface LocalOutput {
  /** The type, with docker's name. */
  readonly type: "local";
  /**
   * The folder, as a path or a `file:` URL. It is made if it does not exist, as
   * are the folders above it. What the folder holds already stays, except where
   * something is exported with the same name: then it is replaced. A folder can
   * replace a file; a file replaces a folder with everything in it; of a link,
   * the link itself is replaced and not its target.
   *
   * If others may write in the folder, and swap folders for links meanwhile,
   * nothing is written outside of it on Linux with all permissions. In all
   * other cases there is a short time between the check of a folder and its
   * use, and an export as root into a folder that others may write is refused
   * with an {@linkcode ExportError}.
   */
  readonly dest: string | URL;
  /** Attributes for the engine's exporter, such as `{ "platform-split": "false" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
  /**
   * How many files, folders and links the result may have.
   *
   * @default {1_000_000}
   */
  readonly maxEntries?: number | undefined;
  /** How many bytes the result may have; no limit if not given. */
  readonly maxBytes?: number | undefined;
}

/** Exports the files of the result as one archive. */
export interface TarOutput extends ArchivePlace {
  /** The type, with docker's name. */
  readonly type: "tar";
}

/**
 * Exports the image as one archive, from an engine with the containerd image
 * store.
 */
export interface ArchiveOutput extends ArchivePlace, ImageFormat {
  /** The form of the archive; `docker` holds one platform. */
  readonly type: "oci" | "docker";
  /**
   * Whether it is an archive. If it is false, `dest` is a folder that gets the
   * image in OCI's layout: `blobs/`, and its names in `index.json`. What the
   * folder holds already stays, so several images may lie in one; another image
   * that had the name before loses it. Such an image can't be verified, and is
   * the only image of its build.
   *
   * @default {true}
   */
  readonly tar?: boolean | undefined;
}

/** Where an archive goes. */
export interface ArchivePlace {
  /**
   * Where the archive goes. A file, as a path or a `file:` URL, is replaced
   * only when the build has succeeded. A stream gets the bytes as they come; it
   * is closed when the build has succeeded, and aborted otherwise.
   */
  readonly dest: string | URL | WritableStream<Uint8Array<ArrayBuffer>>;
  /** Attributes for the engine's exporter, such as `{ compression: "zstd" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
  /** How many bytes the archive may have; no limit if not given. */
  readonly maxBytes?: number | undefined;
}

/** An output whose result is sent to the caller. */
export type ExportOutput = LocalOutput | TarOutput | ArchiveOutput;

/**
 * A checked output: what the engine is asked for, and the exporter that
 * receives it.
 */
export interface ExportRequest {
  /** The type of the engine's exporter. */
  readonly type: ExportOutput["type"];
  /**
   * The attributes of the engine's exporter; those for the client are left out.
   */
  readonly attrs: Readonly<Record<string, string>>;
  /** Receives the result; each build has its own. */
  readonly exporter: Exporter;
}

const DEFAULT_MAX_ENTRIES = 1_000_000;

/** The options of an output of files: a misspelt one is refused, not ignored. */
const FILES = {
  type: true,
  Type: true,
  dest: true,
  attrs: true,
  Attrs: true,
  maxEntries: true,
  maxBytes: true,
} satisfies Record<string, true>;

/** The options of an output that is an image. */
const IMAGE = { ...FILES, ...IMAGE_FORMAT, tar: true };

/** Whether an output is an image in an archive. */
export function isImageType(type: string): boolean {
  return type === "oci" || type === "docker";
}

/** Whether the result of this type of output is sent to the caller. */
export function isExport(type: unknown): type is ExportOutput["type"] {
  return type === "local" || type === "tar" || type === "oci" ||
    type === "docker";
}

/**
 * Checks an output, except for the destination's state in the file system. In
 * docker's text form `dest` is one of the attributes; this is accepted, too.
 *
 * @param toFolder Makes the exporter for an image that is to be a folder;
 * without it there is none.
 * @throws {TypeError} If the output has the wrong form.
 * @throws {UnsupportedError} If davit can't receive it.
 */
export function checkExport(
  type: ExportOutput["type"],
  given: Readonly<Record<string, unknown>>,
  toFolder?: (dest: string) => Exporter,
): ExportRequest {
  checkOptionNames("export", given, isImageType(type) ? IMAGE : FILES);
  const { dest: attrDest, ...named } = textMap(
    type,
    given.attrs ?? given.Attrs ?? {},
  );
  if (given.tar !== undefined && typeof given.tar !== "boolean") {
    throw new TypeError(`Cannot export "${type}": tar is true or false`);
  }
  const attrs = withFormat(named, {
    ...imageFormatAttrs(given),
    ...(given.tar === undefined ? {} : { tar: `${given.tar}` }),
  });
  const dest = given.dest ?? attrDest;
  if (type === "local" && attrs.mode === "delete") {
    throw new UnsupportedError(
      'output mode "delete"',
      'Cannot export with mode "delete": davit never deletes what it did not write; empty the folder before the build',
    );
  }
  if (isImageType(type) && attrs.tar === "false") {
    if (toFolder === undefined) {
      throw new UnsupportedError(
        `output "${type}" as a folder`,
        `Cannot export "${type}" with tar false here: take the archive`,
      );
    }
    if (isWritable(dest)) {
      throw new TypeError(
        `Cannot export "${type}" with tar false: dest is the path of a folder, or its file: URL`,
      );
    }
    if (given.maxBytes !== undefined) {
      throw new TypeError(
        `Cannot export "${type}" with tar false and maxBytes: that is for archives`,
      );
    }
    return { type, attrs, exporter: toFolder(pathOf(type, dest)) };
  }
  const limits = limitsOf(given);
  return { type, attrs, exporter: exporterOf(type, dest, limits) };
}

/**
 * The error for an output that only the containerd image store has. An engine
 * without it reports that only after six seconds.
 */
export function imageStoreError(type: string): UnsupportedError {
  return advised(
    (message) => new UnsupportedError(`output "${type}"`, message),
    "save-image",
    `Cannot build with output "${type}": only an engine with the containerd image store can`,
  );
}

function exporterOf(
  type: ExportOutput["type"],
  dest: unknown,
  limits: ExportLimits,
): Exporter {
  if (isWritable(dest)) {
    if (type === "local") {
      throw new TypeError(
        'Cannot export "local" to a stream: give a folder, or take type "tar"',
      );
    }
    if (dest.locked) {
      throw new TypeError(
        "Cannot export: the stream is in use by another writer",
      );
    }
    return new ArchiveStream(dest, limits);
  }
  const path = pathOf(type, dest);
  return type === "local"
    ? new FolderExporter(path, limits)
    : new ArchiveFile(path, limits);
}

function pathOf(type: ExportOutput["type"], dest: unknown): string {
  if (dest instanceof URL && dest.protocol === "file:") {
    return pathOfUrl(dest);
  }
  if (dest === "-") {
    throw new TypeError(
      'Cannot export to "-": give a stream as dest, such as Deno.stdout.writable',
    );
  }
  if (typeof dest !== "string" || dest === "" || dest.includes("\0")) {
    throw new TypeError(
      `Cannot export "${type}": dest is ${
        type === "local"
          ? "the path of a folder, or its file: URL"
          : "the path of a file, its file: URL or a WritableStream"
      }`,
    );
  }
  return dest.startsWith("file:") ? pathOfUrl(dest) : dest;
}

function textMap(type: string, given: unknown): Record<string, string> {
  if (
    !isPlainObject(given) ||
    Object.values(given).some((value) => typeof value !== "string")
  ) {
    throw new TypeError(
      `Cannot export "${type}": attrs is an object of names to text${
        plainObjectHint(given)
      }`,
    );
  }
  return { ...given } as Record<string, string>;
}

function limitsOf(given: Readonly<Record<string, unknown>>): ExportLimits {
  const { maxEntries = DEFAULT_MAX_ENTRIES, maxBytes = Infinity } = given;
  for (const [name, value] of Object.entries({ maxEntries, maxBytes })) {
    if (typeof value !== "number" || !(value >= 0)) {
      throw new RangeError(`Cannot export: ${name} is a number, 0 or above`);
    }
  }
  return { maxEntries: maxEntries as number, maxBytes: maxBytes as number };
}

function isWritable(
  value: unknown,
): value is WritableStream<Uint8Array<ArrayBuffer>> {
  return typeof (value as { getWriter?: unknown } | null)?.getWriter ===
    "function";
}
