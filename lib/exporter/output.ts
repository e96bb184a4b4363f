import { advised } from "../advice.ts";
import { pathOfUrl } from "../file_url.ts";
import { UnsupportedError } from "../errors.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import { ArchiveFile } from "./archive_file.ts";
import { ArchiveStream } from "./archive_stream.ts";
import type { Exporter, ExportLimits } from "./exporter.ts";
import { FolderExporter } from "./folder_exporter.ts";

/** The files of the result, in a folder of this machine. */
export interface LocalOutput {
  /** As docker names it. */
  readonly type: "local";
  /**
   * The folder, as a path or a `file:` URL. It is made unless it is there, and
   * so are the folders above it. What the folder holds already stays,
   * but for what has the name of something exported, which is replaced: a file
   * by a folder, a folder with all that is in it by a file, a link itself and
   * not what it points to.
   *
   * Where others may write there, and exchange folders for links meanwhile,
   * nothing lands outside on Linux with all permissions. Anywhere else a moment
   * is left behind each look at a folder, and an export as root into a folder
   * that others may write is refused with an {@linkcode ExportError}.
   */
  readonly dest: string | URL;
  /** Attributes for the engine's exporter, such as `{ "platform-split": "false" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
  /**
   * The most files, folders and links to take.
   *
   * @default {1_000_000}
   */
  readonly maxEntries?: number | undefined;
  /** The most bytes to take; no limit unless given. */
  readonly maxBytes?: number | undefined;
}

/** The result as one archive: its files (`tar`), or an image (`oci`, `docker`). */
export interface ArchiveOutput {
  /** `oci` and `docker` need an engine with the containerd image store. */
  readonly type: "tar" | "oci" | "docker";
  /**
   * The file, as a path or a `file:` URL, which is replaced when the build went
   * well; or a stream, which gets the bytes as they come: they can't be taken
   * back from it. It is closed when the build went well, and aborted otherwise.
   */
  readonly dest: string | URL | WritableStream<Uint8Array<ArrayBuffer>>;
  /** Attributes for the engine's exporter, such as `{ compression: "zstd" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
  /** The most bytes to take; no limit unless given. */
  readonly maxBytes?: number | undefined;
}

/** An output that comes back to the caller. */
export type ExportOutput = LocalOutput | ArchiveOutput;

/** A checked output: what the engine is asked for, and who takes what it sends. */
export interface ExportRequest {
  /** Type of the engine's exporter. */
  readonly type: ExportOutput["type"];
  /** Its attributes; without those that are for the client. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Takes the result; one for a build. */
  readonly exporter: Exporter;
}

const DEFAULT_MAX_ENTRIES = 1_000_000;

/** Whether the result of this output comes back to the caller. */
export function isExport(type: unknown): type is ExportOutput["type"] {
  return type === "local" || type === "tar" || type === "oci" ||
    type === "docker";
}

/**
 * Checks an output, as far as that goes without looking at the place. In text
 * for docker's API, `dest` is one of the attributes; that is taken, too.
 *
 * @throws {TypeError} If it is not what an output has to be.
 * @throws {UnsupportedError} If it is something that davit can't receive.
 */
export function checkExport(
  type: ExportOutput["type"],
  given: Readonly<Record<string, unknown>>,
): ExportRequest {
  const { dest: attrDest, ...attrs } = textMap(
    type,
    given.attrs ?? given.Attrs ?? {},
  );
  const dest = given.dest ?? attrDest;
  if (type === "local" && attrs.mode === "delete") {
    throw new UnsupportedError(
      'output mode "delete"',
      'Cannot export with mode "delete": davit never deletes what it did not write; empty the folder before the build',
    );
  }
  if (attrs.tar === "false") {
    throw new UnsupportedError(
      `output "${type}" as a folder`,
      `Cannot export "${type}" with tar=false: the engine is not served a content store; take the archive`,
    );
  }
  const limits = limitsOf(given);
  return { type, attrs, exporter: exporterOf(type, dest, limits) };
}

/**
 * Whether this engine has the exporters `oci` and `docker`; without them it
 * says so only after six seconds.
 *
 * @param isContainerd Whether it keeps images in containerd's store.
 * @throws {UnsupportedError} If it has not.
 */
export function checkImageStore(
  type: ExportOutput["type"],
  isContainerd: boolean,
): void {
  if (type === "local" || type === "tar") return;
  if (isContainerd) return;
  throw advised(
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
