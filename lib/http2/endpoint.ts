import {
  connectionError,
  ErrorCode,
  errorName,
  Http2Error,
  streamError,
} from "./error.ts";
import {
  encodeFrame,
  encodePingAck,
  encodeRstStream,
  encodeSettings,
  encodeSettingsAck,
  encodeWindowUpdate,
  Flag,
  FrameType,
  readUint31,
  readUint32,
  Setting,
} from "./frame.ts";
import type { Frame } from "./frame_reader.ts";
import { checkFrameHeader, unpad } from "./frame_rules.ts";
import { HeaderBudget } from "./header_budget.ts";
import { HeaderReader, type ReceivedHeaders } from "./header_reader.ts";
import { requestFault, trailerFault } from "./header_rules.ts";
import { DEFAULT_HEADER_TABLE_SIZE } from "./hpack_table.ts";
import {
  Allowance,
  IDLE_FRAMES,
  INITIAL_WINDOW,
  MAX_ANSWER_BACKLOG,
  MAX_HEADER_LIST_SIZE,
  RESETS,
} from "./limits.ts";
import type { Output } from "./output.ts";
import { ReceiveFlow } from "./receive_flow.ts";
import { SendFlow } from "./send_flow.ts";
import { readSettings } from "./settings.ts";
import { ServerStream, type StreamHost } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

const {
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} = ErrorCode;

/** What an {@linkcode Endpoint} grants to its peer. */
export interface EndpointLimits {
  /** Streams open at once. */
  readonly maxConcurrentStreams: number;
  /** Unread bytes of one request body. */
  readonly streamWindow: number;
  /** Unread bytes of all request bodies. */
  readonly connectionWindow: number;
}

/**
 * The server's state of one connection: streams, windows, header tables.
 *
 * Frames come in by {@linkcode Endpoint.receive} and go out to an
 * {@linkcode Output}. It does no I/O and knows no time.
 */
export class Endpoint implements StreamHost {
  readonly #output: Output;
  readonly #onRequest: (stream: ServerStream) => void;
  readonly #limits: EndpointLimits;
  readonly #onFinished: () => void;
  readonly #sendFlow: SendFlow;
  readonly #receiveFlow: ReceiveFlow;
  readonly #headers = new HeaderReader();
  readonly #headerBudget = new HeaderBudget();
  readonly #streams = new StreamTable();
  readonly #idleFrames = new Allowance(IDLE_FRAMES);
  readonly #resets = new Allowance(RESETS);
  #settled = false;
  #goingAway = false;
  #peerError: Http2Error | null = null;
  #over = false;

  /**
   * Queues the server's preface at once.
   *
   * @param onRequest Gets each new stream.
   * @param onFinished The peer sent GOAWAY, and no stream is open any more.
   */
  constructor(
    output: Output,
    onRequest: (stream: ServerStream) => void,
    limits: EndpointLimits,
    onFinished: () => void,
  ) {
    this.#onFinished = onFinished;
    this.#output = output;
    this.#onRequest = onRequest;
    this.#limits = limits;
    this.#sendFlow = new SendFlow(output);
    this.#receiveFlow = new ReceiveFlow(limits.connectionWindow);
    output.frame(encodeSettings([
      [Setting.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
      [Setting.INITIAL_WINDOW_SIZE, limits.streamWindow],
      [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_SIZE],
    ]));
    const more = limits.connectionWindow - INITIAL_WINDOW;
    if (more > 0) output.frame(encodeWindowUpdate(0, more));
  }

  /** Streams that are open now. */
  get streams(): number {
    return this.#streams.size;
  }

  /** The last stream that was taken on, for GOAWAY. */
  get lastStreamId(): number {
    return this.#streams.last;
  }

  /** What the peer's GOAWAY blamed us for, if it did. */
  get peerError(): Http2Error | null {
    return this.#peerError;
  }

  /** Sends what waited for room. */
  pump(): void {
    this.#sendFlow.pump();
  }

  /** The connection is over: all streams end with `error`, nothing is received any more. */
  fail(error: Http2Error): void {
    this.#over = true;
    for (const stream of this.#streams.open()) stream.fail(error, true);
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
      this.#failStream(error);
    }
    if (this.#output.answerBacklog > MAX_ANSWER_BACKLOG) {
      throw connectionError(
        ENHANCE_YOUR_CALM,
        "Peer does not read its answers",
      );
    }
  }

  sendHeaders(streamId: number, block: Uint8Array, endStream: boolean): void {
    this.#output.headers(streamId, block, endStream);
  }

  sendEnd(streamId: number): void {
    this.#output.frame(
      encodeFrame(FrameType.DATA, Flag.END_STREAM, streamId, new Uint8Array()),
    );
  }

  sendReset(streamId: number, code: number): void {
    this.#output.frame(encodeRstStream(streamId, code));
  }

  consumed(stream: ServerStream, count: number): void {
    this.#giveBack(count);
    if (stream.requestEnded || this.#streams.get(stream.id) === undefined) {
      return;
    }
    const increment = stream.receiveFlow.giveBack(count);
    if (increment > 0) {
      this.#output.urgent(encodeWindowUpdate(stream.id, increment));
    }
  }

  forget(stream: ServerStream, expectFrames: boolean): void {
    this.#streams.close(stream.id, expectFrames);
    this.#headerBudget.release(stream.id);
    this.#checkFinished();
  }

  #dispatch(frame: Frame): void {
    checkFrameHeader(frame);
    const { type } = frame;
    if (type === FrameType.CONTINUATION) {
      return this.#onBlock(this.#headers.continuation(frame));
    }
    if (this.#headers.midBlock) {
      throw connectionError(PROTOCOL_ERROR, "Frame inside a header block");
    }
    if (!this.#settled) {
      if (type !== FrameType.SETTINGS || (frame.flags & Flag.ACK) !== 0) {
        throw connectionError(PROTOCOL_ERROR, "First frame is not SETTINGS");
      }
      this.#settled = true;
    }
    switch (type) {
      case FrameType.DATA:
        return this.#onData(frame);
      case FrameType.HEADERS:
        return this.#onBlock(this.#headers.headers(frame));
      case FrameType.RST_STREAM:
        return this.#onRstStream(frame);
      case FrameType.SETTINGS:
        return this.#onSettings(frame);
      case FrameType.PUSH_PROMISE:
        throw connectionError(PROTOCOL_ERROR, "PUSH_PROMISE from a client");
      case FrameType.PING:
        return this.#onPing(frame);
      case FrameType.GOAWAY:
        return this.#onGoaway(frame);
      case FrameType.WINDOW_UPDATE:
        return this.#onWindowUpdate(frame);
      default:
        // PRIORITY is deprecated, the rest unknown: ignored (RFC 9113
        // sections 5.3.2 and 4.1).
        return this.#spend(1);
    }
  }

  #onData(frame: Frame): void {
    const { flags, streamId } = frame;
    const length = frame.end - frame.start;
    if (!this.#receiveFlow.take(length)) {
      throw connectionError(
        FLOW_CONTROL_ERROR,
        "DATA past the connection's window",
      );
    }
    const [start, end] = unpad(frame);
    const endStream = (flags & Flag.END_STREAM) !== 0;
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.requestEnded) {
      this.#giveBack(length);
      this.#streams.checkNotIdle(streamId);
      if (this.#streams.expects(streamId)) return;
      throw streamError(STREAM_CLOSED, "DATA on a closed stream", streamId);
    }
    if (!stream.receiveFlow.take(length)) {
      this.#giveBack(length);
      throw streamError(
        FLOW_CONTROL_ERROR,
        "DATA past the stream's window",
        streamId,
      );
    }
    if (start === end && !endStream) this.#spend(1);
    // Padding is never read, so it counts as consumed.
    const overhead = length - (end - start);
    if (overhead > 0) this.consumed(stream, overhead);
    if (end > start) {
      try {
        stream.receive(frame.bytes, start, end, frame.borrowed);
      } catch (error) {
        this.#giveBack(end - start);
        throw error;
      }
    }
    if (endStream) stream.receiveEnd();
  }

  #onBlock(headers: ReceivedHeaders | null): void {
    if (headers === null) return;
    const { streamId, size } = headers;
    this.#headerBudget.receive(size);
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) return this.#onTrailers(stream, headers);
    if (this.#streams.begin(streamId)) this.#open(headers);
  }

  #onTrailers(stream: ServerStream, headers: ReceivedHeaders): void {
    const { id } = stream;
    if (stream.requestEnded) {
      throw streamError(STREAM_CLOSED, "HEADERS after the end", id);
    }
    const fault = headers.endStream
      ? trailerFault(headers.fields)
      : "trailers without END_STREAM";
    if (fault !== undefined) {
      throw streamError(PROTOCOL_ERROR, `Request is malformed: ${fault}`, id);
    }
    if (headers.tooLarge) {
      throw streamError(ENHANCE_YOUR_CALM, "Trailers are too long", id);
    }
    stream.receiveEnd();
  }

  #open(headers: ReceivedHeaders): void {
    const { streamId, fields, size } = headers;
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      throw streamError(REFUSED_STREAM, "Too many streams", streamId);
    }
    if (headers.tooLarge) {
      throw streamError(ENHANCE_YOUR_CALM, "Headers are too long", streamId);
    }
    const fault = requestFault(fields);
    if (fault !== undefined) {
      throw streamError(
        PROTOCOL_ERROR,
        `Request is malformed: ${fault}`,
        streamId,
      );
    }
    this.#headerBudget.hold(streamId, size);
    const stream = new ServerStream(
      streamId,
      fields,
      this,
      this.#sendFlow,
      new ReceiveFlow(this.#limits.streamWindow),
    );
    this.#streams.add(stream);
    if (headers.endStream) stream.receiveEnd();
    this.#onRequest(stream);
  }

  #onRstStream(frame: Frame): void {
    const { streamId } = frame;
    this.#streams.checkNotIdle(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#spend(1);
    const code = readUint32(frame.bytes, frame.start);
    const message = `Stream was reset by the peer: ${errorName(code)}`;
    stream.fail(
      new Http2Error(message, { code, streamId, remote: true }),
      false,
    );
    this.#countReset();
  }

  #onSettings(frame: Frame): void {
    const { bytes, start, end } = frame;
    this.#spend(1);
    if ((frame.flags & Flag.ACK) !== 0) {
      if (end !== start) {
        throw connectionError(FRAME_SIZE_ERROR, "SETTINGS ACK with a payload");
      }
      return;
    }
    const settings = readSettings(bytes, start, end);
    if ((settings.headerTableSize ?? Infinity) < DEFAULT_HEADER_TABLE_SIZE) {
      this.#output.resetTable();
    }
    if (settings.initialWindow !== undefined) {
      // It touches every stream, and costs accordingly.
      this.#spend(this.#streams.size / 100);
      const sending = this.#streams.open().map((s) => s.sendStream);
      this.#sendFlow.setInitialWindow(settings.initialWindow, sending);
    }
    // Behind the frames already queued: those obeyed the old settings.
    this.#output.frame(encodeSettingsAck());
  }

  #onPing(frame: Frame): void {
    this.#spend(1);
    if ((frame.flags & Flag.ACK) === 0) {
      this.#output.urgent(encodePingAck(frame.bytes, frame.start));
    }
  }

  #onGoaway(frame: Frame): void {
    this.#spend(1);
    // The last stream that it names is one that we opened: there are none.
    this.#goingAway = true;
    const code = readUint32(frame.bytes, frame.start + 4);
    if (code !== NO_ERROR) {
      this.#peerError ??= new Http2Error(
        `Connection was ended by the peer: ${errorName(code)}`,
        { code, remote: true },
      );
    }
    this.#checkFinished();
  }

  #onWindowUpdate(frame: Frame): void {
    const { streamId } = frame;
    if (streamId !== 0) this.#streams.checkNotIdle(streamId);
    const increment = readUint31(frame.bytes, frame.start);
    const stream = this.#streams.get(streamId);
    if (streamId !== 0 && stream === undefined) return this.#spend(1);
    if (increment === 0) {
      throw streamError(PROTOCOL_ERROR, "WINDOW_UPDATE of 0", streamId);
    }
    this.#sendFlow.grant(stream?.sendStream ?? null, increment);
  }

  /** Gives bytes back to the connection's window. */
  #giveBack(count: number): void {
    const increment = this.#receiveFlow.giveBack(count);
    if (increment > 0) this.#output.urgent(encodeWindowUpdate(0, increment));
  }

  #failStream(error: Http2Error): void {
    this.sendReset(error.streamId, error.code);
    const stream = this.#streams.get(error.streamId);
    if (stream !== undefined) stream.fail(error, true);
    else this.#streams.close(error.streamId, true);
    this.#countReset();
  }

  #checkFinished(): void {
    if (this.#goingAway && this.#streams.size === 0 && !this.#over) {
      this.#onFinished();
    }
  }

  #countReset(): void {
    if (!this.#resets.take(1)) {
      throw connectionError(ENHANCE_YOUR_CALM, "Too many streams were reset");
    }
  }

  #spend(cost: number): void {
    if (!this.#idleFrames.take(cost)) {
      throw connectionError(
        ENHANCE_YOUR_CALM,
        "Too many frames that change nothing",
      );
    }
  }
}
