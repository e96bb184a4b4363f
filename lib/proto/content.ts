/**
 * Messages of `containerd.services.content.v1.Content`, a store of content by
 * its digest, with the fields that davit reads and writes: as a client of the
 * store of BuildKit's history, and as the server of stores in a session.
 *
 * @module
 */

import {
  INT32,
  INT64,
  maybe,
  type Message,
  message,
  type MethodCodec,
  one,
  RAW,
  reading,
  TEXT,
} from "./message.ts";
import { timestamp, type TimestampMessage } from "./timestamp.ts";

/** `ReadContentRequest`. */
export interface ReadContentRequest {
  readonly digest: string;
  /** Where reading begins. */
  readonly offset: number;
  /** How many bytes are read; 0 stands for all. */
  readonly size: number;
}

/** `ReadContentRequest`. */
export const readContentRequest: Message<ReadContentRequest> = message({
  digest: one(1, TEXT),
  offset: one(2, INT64),
  size: one(3, INT64),
});

/** `ReadContentResponse`. */
export interface ReadContentResponse {
  /** Where the bytes are in the content. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** `ReadContentResponse`. */
export const readContentResponse: Message<ReadContentResponse> = message({
  offset: one(1, INT64),
  data: one(2, RAW),
});

/** `Info`. */
export interface InfoMessage {
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  readonly createdAt: TimestampMessage | undefined;
  readonly updatedAt: TimestampMessage | undefined;
}

const info: Message<InfoMessage> = message({
  digest: one(1, TEXT),
  size: one(2, INT64),
  createdAt: maybe(3, timestamp),
  updatedAt: maybe(4, timestamp),
});

/** `Content/Info`. */
export const contentInfo: MethodCodec<
  { readonly digest: string },
  { readonly info: InfoMessage | undefined }
> = reading(
  message({ digest: one(1, TEXT) }),
  message({ info: maybe(1, info) }),
);

/** `Status`: a content that is being written. */
export interface ContentStatusMessage {
  readonly startedAt: TimestampMessage | undefined;
  readonly updatedAt: TimestampMessage | undefined;
  readonly ref: string;
  /** How many bytes are written. */
  readonly offset: number;
  /** How many there will be; 0 if that is not known. */
  readonly total: number;
  /** The digest that it will have; empty if that is not known. */
  readonly expected: string;
}

const status: Message<ContentStatusMessage> = message({
  startedAt: maybe(1, timestamp),
  updatedAt: maybe(2, timestamp),
  ref: one(3, TEXT),
  offset: one(4, INT64),
  total: one(5, INT64),
  expected: one(6, TEXT),
});

/** `Content/Status`. */
export const contentStatus: MethodCodec<
  { readonly ref: string },
  { readonly status: ContentStatusMessage | undefined }
> = reading(
  message({ ref: one(1, TEXT) }),
  message({ status: maybe(1, status) }),
);

/** `Content/Abort`, whose answer has no field. */
export const contentAbort: MethodCodec<
  { readonly ref: string },
  Record<never, never>
> = reading(message({ ref: one(1, TEXT) }), message({}));

/** `WriteAction`: asks how far the content is written. */
export const STAT = 0;
/** `WriteAction`: appends bytes. */
export const WRITE = 1;
/** `WriteAction`: ends the content, which then has its digest. */
export const COMMIT = 2;

/** `WriteContentRequest`. */
export interface WriteContentRequest {
  /** {@linkcode STAT}, {@linkcode WRITE} or {@linkcode COMMIT}. */
  readonly action: number;
  /** What the content is called while it is written; in the first message. */
  readonly ref: string;
  /** How many bytes there will be; 0 if that is not known. */
  readonly total: number;
  /** The digest that it will have; empty if that is not known. */
  readonly expected: string;
  /** Where the bytes belong. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** `WriteContentResponse`. */
export interface WriteContentResponse {
  readonly action: number;
  readonly startedAt: TimestampMessage | undefined;
  readonly updatedAt: TimestampMessage | undefined;
  /** How many bytes are written. */
  readonly offset: number;
  readonly total: number;
  /** The digest of what is written; empty before the end. */
  readonly digest: string;
}

/** `Content/Write`: each request has one response. */
export const writeContent: MethodCodec<
  WriteContentRequest,
  WriteContentResponse
> = reading(
  message({
    action: one(1, INT32),
    ref: one(2, TEXT),
    total: one(3, INT64),
    expected: one(4, TEXT),
    offset: one(5, INT64),
    data: one(6, RAW),
  }),
  message({
    action: one(1, INT32),
    startedAt: maybe(2, timestamp),
    updatedAt: maybe(3, timestamp),
    offset: one(4, INT64),
    total: one(5, INT64),
    digest: one(6, TEXT),
  }),
);
