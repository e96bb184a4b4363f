import type { MessageDuplex } from "../streams/duplex.ts";

/** What an export came to. */
export interface ExportReport {
  /** The folder or file; undefined for a stream. */
  readonly dest: string | undefined;
  /** Entries received: files, folders and links; 0 for an archive. */
  readonly entries: number;
  /** Bytes of the files, or of the archive. */
  readonly bytes: number;
  /** Devices, FIFOs and sockets, which are left out. */
  readonly skipped: number;
  /** The first of them. */
  readonly skippedPaths: readonly string[];
}

/** How much an export may hold; more fails it. */
export interface ExportLimits {
  /** Files, folders and links. */
  readonly maxEntries: number;
  /** Bytes of all files together, or of the archive. */
  readonly maxBytes: number;
}

/**
 * Where the result of one build goes. First `prepare()`, before the engine is
 * asked for anything; then `receive()` for each call of the engine; at last,
 * when the session is closed, `commit()` if the build went well and `discard()`
 * otherwise. Nothing is at the destination before `commit()`; a stream alone
 * has its bytes earlier.
 */
export interface Exporter {
  /** What the engine sends on its call: fsutil's packets, or pieces of an archive. */
  readonly wire: "packets" | "bytes";
  /**
   * Finds the place and begins to use it.
   *
   * @throws {ExportError} If nothing can be written there.
   */
  prepare(): Promise<void>;
  /**
   * Takes what the engine sends, to its end.
   *
   * @throws {ExportError} If it can't be written.
   * @throws {ProtocolError} If it is not what an engine may send.
   */
  receive(stream: MessageDuplex): Promise<void>;
  /** Whether `staged()` has something to look at before `commit()`. */
  readonly canStage: boolean;
  /**
   * The path of the folder or file that will be put in its place, when all is
   * received.
   *
   * @throws {ProtocolError} If the engine has not sent everything.
   * @throws {TypeError} If nothing is staged.
   */
  staged(): Promise<string>;
  /**
   * Puts everything in its place.
   *
   * @throws {ExportError} If that fails; nothing is left beside the destination.
   * @throws {ProtocolError} If the engine has not sent everything.
   */
  commit(): Promise<ExportReport>;
  /** Takes everything back. For a prepared, an unprepared and a finished exporter. */
  discard(reason?: unknown): Promise<void>;
}
