import type { ContextEntry } from "../context/entry.ts";

/** Which part of a folder the engine wants. */
export interface LocalRequest {
  /** Patterns of which one must match. */
  readonly include: readonly string[];
  /** Patterns as in an ignore file. */
  readonly exclude: readonly string[];
  /** Paths that are wanted with what their links point to. */
  readonly follow: readonly string[];
}

/** A file of this machine. */
export interface LocalFile {
  /** Real path of the folder that is offered. */
  readonly root: string;
  /** Path of the file in it. */
  readonly path: string;
}

/** A folder that is offered to the engine under a name. */
export interface Local {
  /**
   * The entries that are wanted, in the order of the wire; `undefined` where a
   * pause is due.
   *
   * @throws {ContextError} If a pattern is malformed, or something is not to be read.
   */
  entries(
    request: LocalRequest,
  ): Iterator<ContextEntry | undefined, void, undefined>;
  /** Where a file is, or what is in it. */
  content(path: string): LocalFile | Uint8Array<ArrayBuffer>;
}

/** What was offered and what was taken. */
export interface TransferCounts {
  /** Regular files offered. */
  files: number;
  /** Their bytes. */
  bytesOffered: number;
  /** Files whose content the engine asked for. */
  filesSent: number;
  /** Bytes of content that were sent. */
  bytesSent: number;
}

/** Nothing yet. */
export function noTransfers(): TransferCounts {
  return { files: 0, bytesOffered: 0, filesSent: 0, bytesSent: 0 };
}
