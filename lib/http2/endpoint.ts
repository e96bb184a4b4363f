import { ClosedStreams } from "./closed_streams.ts";
import { ErrorCode, errorName, Http2Error } from "./error.ts";
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
import { HeaderBlock } from "./header_block.ts";
import { requestFault, trailerFault } from "./header_rules.ts";
import { HpackDecoder } from "./hpack_decode.ts";
import { DEFAULT_HEADER_TABLE_SIZE, type HeaderField } from "./hpack_table.ts";
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
  readonly #hpack = new HpackDecoder(MAX_HEADER_LIST_SIZE);
  readonly #block = new HeaderBlock();
  readonly #streams = new Map<number, ServerStream>();
  readonly #closed = new ClosedStreams();
  readonly #idleFrames = new Allowance(IDLE_FRAMES);
  readonly #resets = new Allowance(RESETS);
  #lastStreamId = 0;
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
    return this.#lastStreamId;
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
    for (const stream of [...this.#streams.values()]) stream.fail(error, true);
  }

  /**
   * Takes one frame; a `FrameSink`.
   *
   * @throws {Http2Error} An error of the connection, `streamId` 0, to be told by GOAWAY.
   */
  receive(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    borrowed: boolean,
  ): void {
    if (this.#over) return;
    try {
      this.#dispatch(type, flags, streamId, bytes, start, end, borrowed);
    } catch (error) {
      if (!(error instanceof Http2Error) || error.streamId === 0) throw error;
      this.#failStream(error);
    }
    if (this.#output.answerBacklog > MAX_ANSWER_BACKLOG) {
      throw calm("Peer does not read its answers");
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
    if (stream.requestEnded || !this.#streams.has(stream.id)) return;
    const increment = stream.receiveFlow.giveBack(count);
    if (increment > 0) {
      this.#output.urgent(encodeWindowUpdate(stream.id, increment));
    }
  }

  forget(stream: ServerStream, expectFrames: boolean): void {
    this.#streams.delete(stream.id);
    this.#closed.add(stream.id, expectFrames);
    this.#checkFinished();
  }

  #dispatch(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    borrowed: boolean,
  ): void {
    if (type === FrameType.CONTINUATION) {
      return this.#onContinuation(flags, streamId, bytes.subarray(start, end));
    }
    if (this.#block.streamId !== 0) {
      throw broken("Frame inside a header block");
    }
    if (!this.#settled) {
      if (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0) {
        throw broken("First frame is not SETTINGS");
      }
      this.#settled = true;
    }
    switch (type) {
      case FrameType.DATA:
        return this.#onData(flags, streamId, bytes, start, end, borrowed);
      case FrameType.HEADERS:
        return this.#onHeaders(flags, streamId, bytes, start, end);
      case FrameType.RST_STREAM:
        return this.#onRstStream(streamId, bytes, start, end);
      case FrameType.SETTINGS:
        return this.#onSettings(flags, streamId, bytes, start, end);
      case FrameType.PUSH_PROMISE:
        throw broken("PUSH_PROMISE from a client");
      case FrameType.PING:
        return this.#onPing(flags, streamId, bytes, start, end);
      case FrameType.GOAWAY:
        return this.#onGoaway(streamId, bytes, start, end);
      case FrameType.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, bytes, start, end);
      case FrameType.PRIORITY:
        return this.#onPriority(streamId, end - start);
      default:
        // RFC 9113 section 4.1: extensions are ignored.
        return this.#spend(1);
    }
  }

  #onData(
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    borrowed: boolean,
  ): void {
    if (streamId === 0) throw broken("DATA on stream 0");
    const length = end - start;
    if (!this.#receiveFlow.take(length)) {
      throw overrun("DATA past the connection's window", 0);
    }
    if ((flags & Flag.PADDED) !== 0) {
      end -= padding(bytes, start, end);
      start++;
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.requestEnded) {
      this.#giveBack(length);
      this.#checkNotIdle(streamId);
      if (this.#closed.expects(streamId)) return;
      throw closed("DATA on a closed stream", streamId);
    }
    if (!stream.receiveFlow.take(length)) {
      this.#giveBack(length);
      throw overrun("DATA past the stream's window", streamId);
    }
    if (start === end && !endStream) this.#spend(1);
    // Padding is never read, so it counts as consumed.
    const overhead = length - (end - start);
    if (overhead > 0) this.consumed(stream, overhead);
    if (end > start) {
      try {
        stream.receive(bytes, start, end, borrowed);
      } catch (error) {
        this.#giveBack(end - start);
        throw error;
      }
    }
    if (endStream) stream.receiveEnd();
  }

  #onHeaders(
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId % 2 === 0) throw broken("HEADERS on a stream of the server");
    if ((flags & Flag.PADDED) !== 0) {
      end -= padding(bytes, start, end);
      start++;
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      start += 5;
      if (start > end) throw wrongSize("HEADERS without its priority");
    }
    this.#block.begin(
      streamId,
      (flags & Flag.END_STREAM) !== 0,
      bytes.subarray(start, end),
    );
    if ((flags & Flag.END_HEADERS) !== 0) this.#onBlock(streamId);
  }

  #onContinuation(flags: number, streamId: number, fragment: Uint8Array): void {
    if (this.#block.streamId === 0 || this.#block.streamId !== streamId) {
      throw broken("CONTINUATION of no header block");
    }
    this.#block.append(fragment);
    if ((flags & Flag.END_HEADERS) !== 0) this.#onBlock(streamId);
  }

  #onBlock(streamId: number): void {
    const endStream = this.#block.endStream;
    // Decoded whatever becomes of it: the tables have to stay in step.
    const { fields, tooLarge } = this.#hpack.decode(this.#block.finish());
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) {
      if (stream.requestEnded) throw closed("HEADERS after the end", streamId);
      const fault = endStream ? trailerFault(fields) : "trailers without end";
      if (fault !== undefined) throw malformed(fault, streamId);
      if (tooLarge) throw calm("Trailers are too long", streamId);
      stream.receiveEnd();
      return;
    }
    if (streamId <= this.#lastStreamId) {
      if (this.#closed.expects(streamId)) return;
      if (this.#closed.has(streamId)) {
        throw closed("HEADERS on a closed stream", 0);
      }
      throw broken("HEADERS on a stream below the last one");
    }
    this.#lastStreamId = streamId;
    this.#open(streamId, fields, tooLarge, endStream);
  }

  #open(
    streamId: number,
    fields: readonly HeaderField[],
    tooLarge: boolean,
    endStream: boolean,
  ): void {
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      throw new Http2Error("Too many streams", {
        code: ErrorCode.REFUSED_STREAM,
        streamId,
      });
    }
    if (tooLarge) throw calm("Headers are too long", streamId);
    const fault = requestFault(fields);
    if (fault !== undefined) throw malformed(fault, streamId);
    const stream = new ServerStream(
      streamId,
      fields,
      this,
      this.#sendFlow,
      new ReceiveFlow(this.#limits.streamWindow),
    );
    this.#streams.set(streamId, stream);
    if (endStream) stream.receiveEnd();
    this.#onRequest(stream);
  }

  #onRstStream(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId === 0) throw broken("RST_STREAM on stream 0");
    if (end - start !== 4) throw wrongSize("RST_STREAM not of 4 bytes");
    this.#checkNotIdle(streamId);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#spend(1);
    const code = readUint32(bytes, start);
    const message = `Stream was reset by the peer: ${errorName(code)}`;
    stream.fail(
      new Http2Error(message, { code, streamId, remote: true }),
      false,
    );
    this.#countReset();
  }

  #onSettings(
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) throw broken("SETTINGS on a stream");
    this.#spend(1);
    if ((flags & Flag.ACK) !== 0) {
      if (end !== start) throw wrongSize("SETTINGS ACK with a payload");
      return;
    }
    const settings = readSettings(bytes, start, end);
    if ((settings.headerTableSize ?? Infinity) < DEFAULT_HEADER_TABLE_SIZE) {
      this.#output.resetTable();
    }
    if (settings.initialWindow !== undefined) {
      // It touches every stream, and costs accordingly.
      this.#spend(this.#streams.size / 100);
      const sending = [...this.#streams.values()].map((s) => s.sendStream);
      this.#sendFlow.setInitialWindow(settings.initialWindow, sending);
    }
    // Behind the frames already queued: those obeyed the old settings.
    this.#output.frame(encodeSettingsAck());
  }

  #onPing(
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) throw broken("PING on a stream");
    if (end - start !== 8) throw wrongSize("PING not of 8 bytes");
    this.#spend(1);
    if ((flags & Flag.ACK) === 0) {
      this.#output.urgent(encodePingAck(bytes, start));
    }
  }

  #onGoaway(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (streamId !== 0) throw broken("GOAWAY on a stream");
    if (end - start < 8) throw wrongSize("GOAWAY below 8 bytes");
    this.#spend(1);
    // The last stream that it names is one that we opened: there are none.
    this.#goingAway = true;
    const code = readUint32(bytes, start + 4);
    if (code !== ErrorCode.NO_ERROR) {
      this.#peerError ??= new Http2Error(
        `Connection was ended by the peer: ${errorName(code)}`,
        { code, remote: true },
      );
    }
    this.#checkFinished();
  }

  #onWindowUpdate(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (end - start !== 4) throw wrongSize("WINDOW_UPDATE not of 4 bytes");
    this.#checkNotIdle(streamId);
    const increment = readUint31(bytes, start);
    const stream = this.#streams.get(streamId);
    if (streamId !== 0 && stream === undefined) return this.#spend(1);
    if (increment === 0) {
      throw new Http2Error("WINDOW_UPDATE of 0", {
        code: ErrorCode.PROTOCOL_ERROR,
        streamId,
      });
    }
    this.#sendFlow.grant(stream?.sendStream ?? null, increment);
  }

  #onPriority(streamId: number, length: number): void {
    if (streamId === 0) throw broken("PRIORITY on stream 0");
    if (length !== 5) throw wrongSize("PRIORITY not of 5 bytes");
    this.#spend(1);
  }

  /** Gives bytes back to the connection's window. */
  #giveBack(count: number): void {
    const increment = this.#receiveFlow.giveBack(count);
    if (increment > 0) this.#output.urgent(encodeWindowUpdate(0, increment));
  }

  /** RFC 9113 section 5.1: an idle stream takes nothing but HEADERS and PRIORITY. */
  #checkNotIdle(streamId: number): void {
    if (
      streamId > this.#lastStreamId || (streamId !== 0 && streamId % 2 === 0)
    ) {
      throw broken("Frame on an idle stream");
    }
  }

  #failStream(error: Http2Error): void {
    this.sendReset(error.streamId, error.code);
    const stream = this.#streams.get(error.streamId);
    if (stream !== undefined) stream.fail(error, true);
    else this.#closed.add(error.streamId, true);
    this.#countReset();
  }

  #checkFinished(): void {
    if (this.#goingAway && this.#streams.size === 0 && !this.#over) {
      this.#onFinished();
    }
  }

  #countReset(): void {
    if (!this.#resets.take(1)) throw calm("Too many streams were reset");
  }

  #spend(cost: number): void {
    if (!this.#idleFrames.take(cost)) {
      throw calm("Too many frames that change nothing");
    }
  }
}

/** Bytes of padding behind the payload (RFC 9113 section 6.1). */
function padding(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) throw wrongSize("Frame without its padding length");
  const length = bytes[start]!;
  if (length >= end - start) throw broken("Padding longer than its frame");
  return length;
}

function broken(what: string): Http2Error {
  return new Http2Error(what, { code: ErrorCode.PROTOCOL_ERROR });
}

function wrongSize(what: string): Http2Error {
  return new Http2Error(what, { code: ErrorCode.FRAME_SIZE_ERROR });
}

function overrun(what: string, streamId: number): Http2Error {
  return new Http2Error(what, {
    code: ErrorCode.FLOW_CONTROL_ERROR,
    streamId,
  });
}

function closed(what: string, streamId: number): Http2Error {
  return new Http2Error(what, { code: ErrorCode.STREAM_CLOSED, streamId });
}

function malformed(fault: string, streamId: number): Http2Error {
  return new Http2Error(`Request is malformed: ${fault}`, {
    code: ErrorCode.PROTOCOL_ERROR,
    streamId,
  });
}

function calm(what: string, streamId = 0): Http2Error {
  return new Http2Error(what, { code: ErrorCode.ENHANCE_YOUR_CALM, streamId });
}
