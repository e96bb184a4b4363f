// A build context that was checked and is ready to be sent. Over a session the
// engine asks for the files that it needs; without a session the context is
// sent as a tar.

import type { ContextFilter } from "../../context/filter.ts";
import type { Local } from "../../fsutil/local.ts";

/** A Dockerfile as it was sent. */
export interface Dockerfile {
  /** Path in the context. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
}

/** A build context that is ready to be sent. */
export interface Offer {
  /** The Dockerfile, if it is known before the context is sent. */
  readonly dockerfile: Dockerfile | undefined;
  /** Real path of the folder; undefined if the context is none. */
  readonly root: string | undefined;
  /**
   * The key under which an engine keeps the folder's files for the next build.
   */
  readonly sharedKey: string | undefined;
  /**
   * The folders that a session serves, by the names that the engine asks for;
   * undefined if the context is no folder.
   */
  readonly locals: ReadonlyMap<string, Local> | undefined;
  /**
   * The context as a tar, where there is no session; an empty object where the
   * engine fetches the context.
   */
  tar(): Promise<{
    /** The tar, or the other form of a context that the caller gave. */
    readonly body?: ReadableStream<Uint8Array>;
    /** Path of the Dockerfile in the tar, if davit chose it. */
    readonly dockerfile?: string;
    /** How many files of the folder were put into the tar so far. */
    readonly files?: () => number;
  }>;
  /**
   * Decides which files of the folder belong to the context.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  filter(): Promise<ContextFilter>;
  /**
   * The path in the context of a file of this machine; undefined if the file is
   * not in the context, or is ignored.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  find(file: string | URL): Promise<string | undefined>;
}
