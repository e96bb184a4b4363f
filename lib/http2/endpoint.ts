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

/**
 * The callbacks from an endpoint to the client or server that uses it; each
 * role defines those that it needs.
 */
export interface EndpointOwner {
  /**
   * The peer sent HEADERS with a new stream's number.
   *
   * @throws {Http2Error} If the stream is not accepted.
   */
  begin?(headers: ReceivedHeaders, streams: Streams): void;
  /** The peer sent SETTINGS, which were applied; called for each such frame. */
  settings?(settings: PeerSettings): void;
  /**
   * The peer sent GOAWAY: it accepts none of our streams above `lastStreamId`.
   *
   * @throws {Http2Error} If the number is not allowed.
   */
  goaway?(lastStreamId: number, error: Http2Error | null): void;
  /** A stream has ended. */
  forgotten?(): void;
}

/**
 * The state of one side of a connection. It handles the frames about the
 * connection itself, and passes those about streams to {@linkcode Streams}.
 *
 * Frames come in by {@linkcode Http2Endpoint.receive} and go out to an
 * {@linkcode Output}. It does no I/O and has no timers.
 */
export class Http2Endpoint {
  /** The connection's streams. */
  readonly streams: Streams;
  readonly #output: Output;
  readonly #role: Role;
  readonly #owner: EndpointOwner;
  readonly #onFinished: () => void;
  readonly #patience: Patience;
  #settled = false;
  #spoken = 0;
  #goingAway = false;
  #peerError: Http2Error | null = null;
  #over = false;

  /**
   * Queues this side's preface.
   *
   * @param onFinished Called when the peer has sent GOAWAY and no stream is
   * open any more.
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

  /** How many DATA and HEADERS frames the peer has sent. */
  get spoken(): number {
    return this.#spoken;
  }

  /** Whether the peer has sent its first SETTINGS. */
  get settled(): boolean {
    return this.#settled;
  }

  /**
   * The error in the peer's GOAWAY; null if it has sent none, or one without an
   * error.
   */
  get peerError(): Http2Error | null {
    return this.#peerError;
  }

  /**
   * Ends the connection: all streams fail with `error`, and no more frames are
   * handled.
   */
  fail(error: Http2Error): void {
    this.#over = true;
    for (const stream of this.streams.open()) stream.fail(error, true);
  }

  /**
   * Handles one frame.
   *
   * @throws {Http2Error} An error of the connection (`streamId` 0), which has
   * to be sent by GOAWAY.
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
        this.#spoken++;
        return this.streams.onData(frame);
      case FrameType.HEADERS:
        this.#spoken++;
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
        // PRIORITY (which is deprecated) and unknown types are ignored (RFC
        // 9113 sections 5.3.2 and 4.1).
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
    // The ACK goes after the frames that are queued already, since they still
    // follow the old settings.
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
