import { connectionError, ErrorCode, errorName, Http2Error } from "./error.ts";
import {
  encodePingAck,
  encodeSettings,
  encodeSettingsAck,
  FrameFlag,
  FrameType,
  readUint31,
  readUint32,
} from "./frame.ts";
import { checkFrameHeader, type Frame } from "./frame_reader.ts";
import type { ReceivedHeaders } from "./header_reader.ts";
import { DEFAULT_HEADER_TABLE_SIZE } from "./hpack_table.ts";
import { MAX_ANSWER_BACKLOG, Patience } from "./limits.ts";
import type { Output } from "./output.ts";
import type { Grants, Role } from "./role.ts";
import { type PeerSettings, readSettings } from "./settings.ts";
import { Streams } from "./streams.ts";

/** What an endpoint tells the end that works with it; what a role has no use for it leaves out. */
export interface EndpointOwner {
  /**
   * The peer sent HEADERS on a stream above all before.
   *
   * @throws {Http2Error} If that is not to be.
   */
  begin?(headers: ReceivedHeaders, streams: Streams): void;
  /** The peer's SETTINGS were obeyed; told for each frame of them. */
  settings?(settings: PeerSettings): void;
  /**
   * The peer goes away, and takes no stream of ours above `lastStreamId`.
   *
   * @throws {Http2Error} If it may not say so.
   */
  goaway?(lastStreamId: number, error: Http2Error | null): void;
  /** A stream is over. */
  forgotten?(): void;
}

/**
 * One end's state of a connection: what frames on the connection itself do;
 * those on streams go to {@linkcode Streams}.
 *
 * Frames come in by {@linkcode Http2Endpoint.receive} and go out to an
 * {@linkcode Output}. It does no I/O and knows no time.
 */
export class Http2Endpoint {
  /** The streams. */
  readonly streams: Streams;
  readonly #output: Output;
  readonly #role: Role;
  readonly #owner: EndpointOwner;
  readonly #onFinished: () => void;
  readonly #patience: Patience;
  #settled = false;
  #goingAway = false;
  #peerError: Http2Error | null = null;
  #over = false;

  /**
   * Queues our preface at once.
   *
   * @param onFinished The peer sent GOAWAY, and no stream is open any more.
   */
  constructor(
    output: Output,
    role: Role,
    grants: Grants,
    owner: EndpointOwner,
    onFinished: () => void,
  ) {
    this.#output = output;
    this.#role = role;
    this.#owner = owner;
    this.#onFinished = onFinished;
    this.#patience = new Patience(role.resets);
    output.frame(role.preface);
    output.frame(encodeSettings(role.settings(grants)));
    this.streams = new Streams(output, role, grants, this.#patience, {
      begin: (headers, streams) => owner.begin?.(headers, streams),
      forgotten: () => {
        owner.forgotten?.();
        this.#checkFinished();
      },
    });
  }

  /** Whether the peer's first SETTINGS came. */
  get settled(): boolean {
    return this.#settled;
  }

  /** What the peer's GOAWAY blamed us for, if it did. */
  get peerError(): Http2Error | null {
    return this.#peerError;
  }

  /** The connection is over: all streams end with `error`, nothing is received any more. */
  fail(error: Http2Error): void {
    this.#over = true;
    for (const stream of this.streams.open()) stream.fail(error, true);
  }

  /**
   * Takes one frame.
   *
   * @throws {Http2Error} An error of the connection, `streamId` 0, to be told by GOAWAY.
   */
  receive(frame: Frame): void {
    if (this.#over) return;
    try {
      this.#dispatch(frame);
    } catch (error) {
      if (!(error instanceof Http2Error) || error.streamId === 0) throw error;
      this.streams.fail(error);
    }
    if (this.#output.answerBacklog > MAX_ANSWER_BACKLOG) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Peer does not read its answers",
      );
    }
  }

  #dispatch(frame: Frame): void {
    checkFrameHeader(frame);
    const { type } = frame;
    if (type === FrameType.CONTINUATION) {
      return this.streams.onContinuation(frame);
    }
    if (this.streams.midBlock) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "Frame inside a header block",
      );
    }
    if (!this.#settled) {
      if (type !== FrameType.SETTINGS || (frame.flags & FrameFlag.ACK) !== 0) {
        throw connectionError(
          ErrorCode.PROTOCOL_ERROR,
          "First frame is not SETTINGS",
        );
      }
      this.#settled = true;
    }
    switch (type) {
      case FrameType.DATA:
        return this.streams.onData(frame);
      case FrameType.HEADERS:
        return this.streams.onHeaders(frame);
      case FrameType.RST_STREAM:
        return this.streams.onRstStream(frame);
      case FrameType.SETTINGS:
        return this.#onSettings(frame);
      case FrameType.PUSH_PROMISE:
        throw connectionError(
          ErrorCode.PROTOCOL_ERROR,
          "PUSH_PROMISE, which is not allowed here",
        );
      case FrameType.PING:
        return this.#onPing(frame);
      case FrameType.GOAWAY:
        return this.#onGoaway(frame);
      case FrameType.WINDOW_UPDATE:
        return this.streams.onWindowUpdate(frame);
      default:
        // PRIORITY is deprecated, the rest unknown: ignored (RFC 9113
        // sections 5.3.2 and 4.1).
        return this.#patience.spend(1);
    }
  }

  #onSettings(frame: Frame): void {
    const { bytes, start, end } = frame;
    this.#patience.spend(1);
    if ((frame.flags & FrameFlag.ACK) !== 0) {
      if (end !== start) {
        throw connectionError(
          ErrorCode.FRAME_SIZE_ERROR,
          "SETTINGS ACK with a payload",
        );
      }
      return;
    }
    const settings = readSettings(bytes, start, end, this.#role.maxEnablePush);
    if ((settings.headerTableSize ?? Infinity) < DEFAULT_HEADER_TABLE_SIZE) {
      this.#output.resetTable();
    }
    this.streams.apply(settings);
    // Behind the frames already queued: those obeyed the old settings.
    this.#output.frame(encodeSettingsAck());
    this.#owner.settings?.(settings);
  }

  #onPing(frame: Frame): void {
    this.#patience.spend(1);
    if ((frame.flags & FrameFlag.ACK) === 0) {
      this.#output.urgent(encodePingAck(frame.bytes, frame.start));
    }
  }

  #onGoaway(frame: Frame): void {
    this.#patience.spend(1);
    const { bytes, start } = frame;
    this.#goingAway = true;
    const code = readUint32(bytes, start + 4);
    if (code !== ErrorCode.NO_ERROR) {
      this.#peerError ??= new Http2Error(
        `Connection was ended by the peer: ${errorName(code)}`,
        { code, remote: true },
      );
    }
    this.#owner.goaway?.(readUint31(bytes, start), this.#peerError);
    this.#checkFinished();
  }

  #checkFinished(): void {
    if (this.#goingAway && this.streams.size === 0 && !this.#over) {
      this.#onFinished();
    }
  }
}
