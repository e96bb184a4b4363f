/**
 * Both sides of HTTP/2 are implemented here, and `node:http2` is not used, for
 * three reasons that were seen with Deno 2.9.6:
 *
 * - It can end the process: a half-closed request, a long answer and a GOAWAY
 *   of the peer lead to a failed assertion in nghttp2, which a program can't
 *   catch (`tests/bench/README.md`).
 * - It closes the whole connection if trailers have some 100 kB, and no option
 *   changes that. BuildKit's trailers are as long as two Dockerfiles.
 * - It takes ten times as long to load, in every program that builds, and it
 *   transfers a session at a third of the speed.
 *
 * @module
 */

import { CLIENT_PREFACE, Setting } from "./frame.ts";
import { MAX_HEADER_LIST_SIZE, type Rate, RESETS } from "./limits.ts";

/** What one side grants to the other. */
export interface Grants {
  /**
   * How many streams a client may have open at once; a server may open none.
   */
  readonly maxConcurrentStreams: number;
  /** How many bytes of one message's body may wait unread. */
  readonly streamWindow: number;
  /** How many bytes of all bodies together may wait unread. */
  readonly connectionWindow: number;
}

/** The limits of a header block. */
export interface HeaderLimits {
  /**
   * The longest list: its bytes, and 32 for each field; a stream with more is
   * reset.
   */
  readonly maxListSize: number;
  /** How many compressed bytes one block may have; more end the connection. */
  readonly maxBlockBytes: number;
  /**
   * How many frames of one block may be shorter than 1 KiB; more end the
   * connection.
   */
  readonly maxShortFragments: number;
}

/**
 * The differences between the two sides of a connection, as data. What each
 * side does with its streams is in `server.ts` and `client.ts`; everything else
 * (frames, header tables, windows, limits) is the same for both.
 *
 * Streams always have odd numbers, since only clients open them: a server may
 * not push here, so an even number is an error for both sides.
 */
export interface Role {
  /** The bytes that this side sends before its first frame. */
  readonly preface: Uint8Array;
  /** The bytes that the peer sends before its first frame. */
  readonly peerPreface: Uint8Array;
  /** The settings in this side's first SETTINGS. */
  readonly settings: (
    grants: Grants,
  ) => readonly (readonly [id: number, value: number])[];
  /** The largest number of a stream that the peer may open. */
  readonly maxPeerStreamId: number;
  /** The largest ENABLE_PUSH that the peer may set (RFC 9113 section 6.5.2). */
  readonly maxEnablePush: number;
  /** The limits for the peer's header blocks. */
  readonly headers: HeaderLimits;
  /**
   * How many streams the peer may reset, by RST_STREAM or by its own mistakes.
   */
  readonly resets: Rate;
}

/** The server, which answers requests. */
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
    // A list within its limit never needs more.
    maxBlockBytes: MAX_HEADER_LIST_SIZE,
    maxShortFragments: 64,
  },
  resets: RESETS,
};

/** The client, which sends requests. */
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
    // The trailers of a gRPC server hold the error; those of BuildKit include
    // the whole Dockerfile, encoded twice. grpc-go's client has the same limit.
    maxListSize: MAX_HEADER_LIST_SIZE,
    // Twice the list's limit, so that an answer that is too long ends its own
    // stream and not the whole connection.
    maxBlockBytes: 2 * MAX_HEADER_LIST_SIZE,
    maxShortFragments: 10_000,
  },
  // Not limited: the peer can only reset streams that this side has opened.
  resets: { burst: Infinity, perSecond: Infinity },
};
