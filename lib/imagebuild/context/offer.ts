// What an engine is offered of a context: looked at, and nothing sent yet. A session
// serves it as it is asked for; without one it goes as a tar.

import type { ContextFilter } from "../../context/filter.ts";
import type { Local } from "../../fsutil/local.ts";
import type { Dockerfile } from "../record.ts";

/** What an engine is offered of a context. */
export interface Offer {
  /** The Dockerfile, where it is known before it is sent. */
  readonly dockerfile: Dockerfile | undefined;
  /** Real path of the folder; undefined for none. */
  readonly root: string | undefined;
  /** Under which an engine keeps what it got of the folder. */
  readonly sharedKey: string | undefined;
  /** What a session serves, by the engine's names for it; undefined unless it is a folder. */
  readonly locals: ReadonlyMap<string, Local> | undefined;
  /** The same where there is no session; nothing where the engine fetches it. */
  tar(): Promise<{
    /** The tar, or what else the caller gave. */
    readonly body?: ReadableStream<Uint8Array>;
    /** Path of the Dockerfile in it, where davit chose that. */
    readonly dockerfile?: string;
    /** How many files of the folder are in it so far. */
    readonly files?: () => number;
  }>;
  /**
   * What of the folder is wanted.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  filter(): Promise<ContextFilter>;
  /**
   * Path in the context of a file of this machine; undefined if it is not
   * there, or ignored.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  find(file: string | URL): Promise<string | undefined>;
}
