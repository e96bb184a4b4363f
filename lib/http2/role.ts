/**
 * HTTP/2 of our own, both ends of it, and not `node:http2`, for three reasons
 * that were seen with Deno 2.9.6:
 *
 * - It ends the process: a half-closed request, a long answer and a GOAWAY of
 *   the peer run into an assertion of nghttp2, which no program can catch
 *   (`tests/bench/README.md`).
 * - It drops the whole connection over trailers of some 100 kB, and BuildKit's
 *   are as long as the Dockerfile, twice; no option of it changes that.
 * - It takes ten times as long to load, which every program that builds would
 *   pay for, and it carries a session at a third of the speed.
 *
 * @module
 */

import { CLIENT_PREFACE, Setting } from "./frame.ts";
import { MAX_HEADER_LIST_SIZE, type Rate, RESETS } from "./limits.ts";

/** What one end grants the other. */
export interface Grants {
  /** Streams that a client may have open at once; a server may have none. */
  readonly maxConcurrentStreams: number;
  /** Bytes of one message's body that may wait unread. */
  readonly streamWindow: number;
  /** Bytes of all bodies that may wait unread. */
  readonly connectionWindow: number;
}

/** How much of a header block is taken. */
export interface HeaderLimits {
  /** Longest list, in bytes plus 32 a field; a stream with more is reset. */
  readonly maxListSize: number;
  /** Compressed bytes of one block; more end the connection. */
  readonly maxBlockBytes: number;
  /** Frames of one block that are shorter than 1 KiB; more end the connection. */
  readonly maxShortFragments: number;
}

/**
 * In what the two ends of a connection differ, in data; what each does with
 * its streams stands in `server.ts` and `client.ts`. All else is the same for
 * both: frames, header tables, windows, limits.
 *
 * Both begin odd streams only, if any: no server may push here, so an even
 * stream is an error to either end.
 */
export interface Role {
  /** What we send ahead of our first frame. */
  readonly preface: Uint8Array;
  /** What the peer sends ahead of its first frame. */
  readonly peerPreface: Uint8Array;
  /** Our first SETTINGS. */
  readonly settings: (
    grants: Grants,
  ) => readonly (readonly [id: number, value: number])[];
  /** The largest stream that the peer may begin. */
  readonly maxPeerStreamId: number;
  /** The largest ENABLE_PUSH that the peer may set (RFC 9113 section 6.5.2). */
  readonly maxEnablePush: number;
  /** What is taken of the peer's header blocks. */
  readonly headers: HeaderLimits;
  /** Streams that the peer may reset, or have reset by its fault. */
  readonly resets: Rate;
}

/** The end that answers requests. */
export const SERVER: Role = {
  preface: new Uint8Array(),
  peerPreface: CLIENT_PREFACE,
  settings: (grants) => [
    [Setting.MAX_CONCURRENT_STREAMS, grants.maxConcurrentStreams],
    [Setting.INITIAL_WINDOW_SIZE, grants.streamWindow],
    [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_SIZE],
  ],
  maxPeerStreamId: Infinity,
  maxEnablePush: 1,
  headers: {
    maxListSize: MAX_HEADER_LIST_SIZE,
    // No list within its limit takes more.
    maxBlockBytes: MAX_HEADER_LIST_SIZE,
    maxShortFragments: 64,
  },
  resets: RESETS,
};

/** The end that asks. */
export const CLIENT: Role = {
  preface: CLIENT_PREFACE,
  peerPreface: new Uint8Array(),
  settings: (grants) => [
    [Setting.ENABLE_PUSH, 0],
    [Setting.INITIAL_WINDOW_SIZE, grants.streamWindow],
    [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_SIZE],
  ],
  maxPeerStreamId: 0,
  maxEnablePush: 0,
  headers: {
    // A gRPC server tells in its trailers what went wrong; BuildKit's hold the
    // whole Dockerfile, twice encoded. This is what grpc-go's client takes.
    maxListSize: MAX_HEADER_LIST_SIZE,
    // One answer that is too long costs its own stream, not the connection of
    // all the others.
    maxBlockBytes: 2 * MAX_HEADER_LIST_SIZE,
    maxShortFragments: 10_000,
  },
  // Each stream was our own request: a peer that resets them gains nothing.
  resets: { burst: Infinity, perSecond: Infinity },
};
