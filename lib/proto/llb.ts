/**
 * Messages of `pb` in BuildKit's `solver/pb/ops.proto`, with the fields that
 * davit writes: what is to be done, as a graph of operations.
 *
 * @module
 */

import {
  FLAG,
  INT32,
  INT64,
  many,
  map,
  maybe,
  type Message,
  message,
  one,
  RAW,
  TEXT,
} from "./message.ts";

/** `Input`: a result of another operation. */
export interface InputMessage {
  /** Digest of that operation's bytes. */
  readonly digest: string;
  /** Which of its results. */
  readonly index: number;
}

/** `SourceOp`: something that comes from elsewhere. */
export interface SourceOpMessage {
  readonly identifier: string;
  readonly attrs: ReadonlyMap<string, string>;
}

/** `FileActionCopy`. */
export interface FileCopyMessage {
  readonly source: string;
  readonly destination: string;
  /** Permissions of what is copied; -1 to keep them. */
  readonly mode: number;
  /** Whether an archive is unpacked. */
  readonly attemptUnpack: boolean;
  /** Time of what is copied, in nanoseconds; -1 to keep it. */
  readonly timestamp: number;
}

/**
 * `FileAction`. An index counts the operation's inputs and then the results of
 * its actions; -1 is an empty folder.
 */
export interface FileActionMessage {
  readonly input: number;
  readonly secondaryInput: number;
  /** Which result of the operation it makes; -1 for none. */
  readonly output: number;
  readonly copy: FileCopyMessage | undefined;
}

/** `FileOp`. */
export interface FileOpMessage {
  readonly actions: readonly FileActionMessage[];
}

/** `Op`: one operation. */
export interface OpMessage {
  readonly inputs: readonly InputMessage[];
  readonly source: SourceOpMessage | undefined;
  readonly file: FileOpMessage | undefined;
}

/** `Op`. */
export const op: Message<OpMessage> = message({
  inputs: many(
    1,
    message<InputMessage>({ digest: one(1, TEXT), index: one(2, INT64) }),
  ),
  source: maybe(
    3,
    message<SourceOpMessage>({
      identifier: one(1, TEXT),
      attrs: map(2, TEXT),
    }),
  ),
  file: maybe(
    4,
    message<FileOpMessage>({
      actions: many(
        2,
        message<FileActionMessage>({
          input: one(1, INT64),
          secondaryInput: one(2, INT64),
          output: one(3, INT64),
          copy: maybe(
            4,
            message<FileCopyMessage>({
              source: one(1, TEXT),
              destination: one(2, TEXT),
              mode: one(4, INT32),
              attemptUnpack: one(7, FLAG),
              timestamp: one(11, INT64),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** `OpMetadata`: what is known of an operation besides. */
export interface OpMetadataMessage {
  /** Texts by their keys; `llb.customname` is the name of its step. */
  readonly description: ReadonlyMap<string, string>;
}

/** `Definition`: a graph of operations. */
export interface DefinitionMessage {
  /** The operations; the last one only names the result. */
  readonly operations: readonly Uint8Array[];
  /** What is known of each besides, by the digest of its bytes. */
  readonly metadata: ReadonlyMap<string, OpMetadataMessage>;
}

/** `Definition`. */
export const definition: Message<DefinitionMessage> = message({
  operations: many(1, RAW),
  metadata: map(
    2,
    message<OpMetadataMessage>({ description: map(2, TEXT) }),
  ),
});
