import type { MessageDuplex } from "../streams/duplex.ts";

/** The outcome of an export. */
export interface ExportReport {
  /** Path of the folder or file; undefined for a stream. */
  readonly dest: string | undefined;
  /** How many files, folders and links were received; 0 for an archive. */
  readonly entries: number;
  /** Total size of the files, or size of the archive, in bytes. */
  readonly bytes: number;
  /** How many devices, FIFOs and sockets were left out. */
  readonly skipped: number;
  /** Paths of the first ones that were left out. */
  readonly skippedPaths: readonly string[];
}

/** The limits of an export; it fails if the result has more. */
export interface ExportLimits {
  /** How many files, folders and links there may be. */
  readonly maxEntries: number;
  /** The total size of all files, or the size of the archive, in bytes. */
  readonly maxBytes: number;
}

/**
 * Receives one result of a build. `prepare()` is called first, before
 * anything is sent to the engine; then `receive()` for each call of the engine;
 * at the end, when the session is closed, `commit()` if the build succeeded and
 * otherwise `discard()`. Nothing is at the destination before `commit()`,
 * except that a stream gets its bytes as they come.
 */
export interface Exporter {
  /**
   * The form in which the engine sends the result: fsutil's packets, or pieces
   * of an archive.
   */
  readonly wire: "packets" | "bytes";
  /** The destination as the caller named it; undefined for a stream. */
  readonly dest: string | undefined;
  /**
   * Where the result goes: a path with links resolved, or the stream itself.
   * Nothing is made there.
   *
   * @throws {ExportError} If nothing can be written there.
   */
  place(): Promise<string | WritableStream<Uint8Array>>;
  /**
   * Checks the destination, and makes what is needed to write there.
   *
   * @throws {ExportError} If nothing can be written there.
   */
  prepare(): Promise<void>;
  /**
   * Receives one call of the engine until its end.
   *
   * @throws {ExportError} If the result can't be written.
   * @throws {ProtocolError} If the engine violates the protocol.
   */
  receive(stream: MessageDuplex): Promise<void>;
  /**
   * Waits until everything is received. Called when the session is closed.
   *
   * @throws {ProtocolError} If the engine has not sent everything.
   */
  received(): Promise<void>;
  /** Whether `staged()` has something that can be checked before `commit()`. */
  readonly canStage: boolean;
  /**
   * Path of the folder or file that `commit()` will move to the destination,
   * once everything is received.
   *
   * @throws {ProtocolError} If the engine has not sent everything.
   * @throws {TypeError} If nothing is staged.
   */
  staged(): Promise<string>;
  /**
   * Moves everything to the destination.
   *
   * @throws {ExportError} If that fails; nothing is left beside the
   * destination.
   * @throws {ProtocolError} If the engine has not sent everything.
   */
  commit(): Promise<ExportReport>;
  /**
   * Removes everything that was written. May be called at any time, also before
   * `prepare()` and after the end.
   */
  discard(reason?: unknown): Promise<void>;
}
