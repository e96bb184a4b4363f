import type { ContextEntry } from "../context/entry.ts";

/** The part of a folder that the engine asks for. */
export interface LocalRequest {
  /** Patterns, of which one must match. */
  readonly include: readonly string[];
  /** Patterns in the format of an ignore file. */
  readonly exclude: readonly string[];
  /** Paths that are sent together with the targets of their links. */
  readonly follow: readonly string[];
}

/** The ignore file of a folder. */
export const RULES_FILE = ".dockerignore";

/**
 * Whether an engine asks only for the ignore file of a folder, before it asks
 * for the folder itself: to leave out what the file says.
 */
export function asksForRules(
  { include, exclude, follow }: LocalRequest,
): boolean {
  return follow.length === 1 && follow[0] === RULES_FILE &&
    include.length === 0 && exclude.length === 0;
}

/** A file of this machine. */
export interface LocalFile {
  /** Real path of the folder that is offered. */
  readonly root: string;
  /** Path of the file in that folder. */
  readonly path: string;
}

/** A folder that is offered to the engine under a name. */
export interface Local {
  /**
   * The folder that answers a request, where that is not always this one.
   */
  answering?(request: LocalRequest): Local;
  /**
   * The entries that the engine asks for, in the order in which they are sent;
   * `undefined` stands for a pause.
   *
   * @throws {ContextError} If a pattern is malformed, or something can't be
   * read.
   */
  entries(
    request: LocalRequest,
  ): Iterator<ContextEntry | undefined, void, undefined>;
  /**
   * The content of the file at a path: its place in the file system, or its
   * bytes.
   */
  content(path: string): LocalFile | Uint8Array<ArrayBuffer>;
}

/** How much was offered to the engine, and how much it asked for. */
export interface TransferCounts {
  /** How many regular files were offered. */
  files: number;
  /** Total size of these files, in bytes. */
  bytesOffered: number;
  /** How many files the engine asked for. */
  filesSent: number;
  /** How many bytes of content were sent. */
  bytesSent: number;
}

/** The counts before anything was sent: all are 0. */
export function noTransfers(): TransferCounts {
  return { files: 0, bytesOffered: 0, filesSent: 0, bytesSent: 0 };
}
