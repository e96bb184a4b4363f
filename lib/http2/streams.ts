import {
  connectionError,
  ErrorCode,
  errorName,
  Http2Error,
  streamError,
} from "./error.ts";
import { ReceiveFlow, SendFlow } from "./flow.ts";
import {
  encodeWindowUpdate,
  FrameFlag,
  readUint31,
  readUint32,
} from "./frame.ts";
import { type Frame, unpad } from "./frame_reader.ts";
import { HeaderReader, type ReceivedHeaders } from "./header_reader.ts";
import {
  HeaderBudget,
  INITIAL_WINDOW,
  type Patience,
  SMALL_INCREMENT,
} from "./limits.ts";
import type { Output } from "./output.ts";
import type { Grants, Role } from "./role.ts";
import type { PeerSettings } from "./settings.ts";
import type { Stream, StreamHost } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

/** The callbacks from the streams to the endpoint. */
export interface StreamsOwner {
  /**
   * The peer sent HEADERS with a new stream's number.
   *
   * @throws {Http2Error} If the stream is not accepted.
   */
  begin?(headers: ReceivedHeaders, streams: Streams): void;
  /** A stream has ended. */
  forgotten(): void;
}

/**
 * The streams of a connection, with their windows and header tables; handles
 * the frames about streams.
 */
export class Streams implements StreamHost {
  readonly output: Output;
  readonly sendFlow: SendFlow;
  readonly #owner: StreamsOwner;
  readonly #patience: Patience;
  readonly #streamWindow: number;
  readonly #connectionWindow: ReceiveFlow;
  readonly #headers: HeaderReader;
  readonly #headerBudget = new HeaderBudget();
  readonly #table: StreamTable;

  /**
   * Queues a WINDOW_UPDATE if this side grants the connection more than the
   * initial window.
   */
  constructor(
    output: Output,
    role: Role,
    grants: Grants,
    patience: Patience,
    owner: StreamsOwner,
  ) {
    this.output = output;
    this.sendFlow = new SendFlow(output);
    this.#owner = owner;
    this.#patience = patience;
    this.#table = new StreamTable(role.maxPeerStreamId);
    this.#headers = new HeaderReader(role.headers);
    this.#streamWindow = grants.streamWindow;
    this.#connectionWindow = new ReceiveFlow(grants.connectionWindow);
    const more = grants.connectionWindow - INITIAL_WINDOW;
    if (more > 0) output.frame(encodeWindowUpdate(0, more));
  }

  /** How many streams are open. */
  get size(): number {
    return this.#table.size;
  }

  /** The last stream that the peer opened, for GOAWAY; 0 if none. */
  get lastOfPeer(): number {
    return this.#table.lastOfPeer;
  }

  /**
   * Whether a header block is not complete yet: only CONTINUATION may follow.
   */
  get midBlock(): boolean {
    return this.#headers.midBlock;
  }

  /** A copy of the list of open streams. */
  open(): Stream[] {
    return this.#table.open();
  }

  /**
   * Adds a stream; `size` is the size of its header list, which counts while
   * the stream is open.
   */
  add(stream: Stream, size: number): void {
    this.#headerBudget.hold(stream.id, size);
    this.#table.add(stream);
  }

  receiveFlow(): ReceiveFlow {
    return new ReceiveFlow(this.#streamWindow);
  }

  consumed(stream: Stream, count: number): void {
    this.#giveBack(count);
    if (stream.peerEnded || this.#table.get(stream.id) === undefined) return;
    const increment = stream.receiveWindow.giveBack(count);
    if (increment > 0) {
      this.output.urgent(encodeWindowUpdate(stream.id, increment));
    }
  }

  forget(stream: Stream, expectFrames: boolean): void {
    this.#table.close(stream.id, expectFrames);
    this.#headerBudget.release(stream.id);
    this.#owner.forgotten();
  }

  /** Ends the stream that an error is about, also one that was never opened. */
  fail(error: Http2Error): void {
    this.output.reset(error.streamId, error.code);
    const stream = this.#table.get(error.streamId);
    if (stream !== undefined) stream.fail(error, true);
    else this.#table.close(error.streamId, true);
    this.#patience.countReset();
  }

  /**
   * Applies the peer's SETTINGS to the streams.
   *
   * @throws {Http2Error} FLOW_CONTROL_ERROR if a window grows past 2^31-1.
   */
  apply({ initialWindow }: PeerSettings): void {
    if (initialWindow === undefined) return;
    // The cost depends on the number of open streams, since all of them are
    // changed.
    this.#patience.spend(this.size / 100);
    const sending = this.open().map((stream) => stream.sendStream);
    this.sendFlow.setInitialWindow(initialWindow, sending);
  }

  /** Handles DATA. */
  onData(frame: Frame): void {
    const { flags, streamId } = frame;
    const length = frame.end - frame.start;
    if (!this.#connectionWindow.take(length)) {
      throw connectionError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "DATA past the connection's window",
      );
    }
    const [start, end] = unpad(frame);
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    const stream = this.#table.get(streamId);
    if (stream === undefined || stream.peerEnded) {
      this.#giveBack(length);
      this.#table.checkNotIdle(streamId);
      if (this.#table.expects(streamId)) return;
      throw streamError(
        ErrorCode.STREAM_CLOSED,
        "DATA on a closed stream",
        streamId,
      );
    }
    if (!stream.receiveWindow.take(length)) {
      this.#giveBack(length);
      throw streamError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "DATA past the stream's window",
        streamId,
      );
    }
    if (start === end && !endStream) this.#patience.spend(1);
    // Nobody reads the padding, so it counts as consumed.
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

  /** Handles HEADERS. */
  onHeaders(frame: Frame): void {
    this.#onBlock(this.#headers.headers(frame));
  }

  /** Handles CONTINUATION. */
  onContinuation(frame: Frame): void {
    this.#onBlock(this.#headers.continuation(frame));
  }

  /** Handles RST_STREAM. */
  onRstStream(frame: Frame): void {
    const { streamId } = frame;
    this.#table.checkNotIdle(streamId);
    const stream = this.#table.get(streamId);
    if (stream === undefined) return this.#patience.spend(1);
    const code = readUint32(frame.bytes, frame.start);
    stream.fail(
      new Http2Error(`Stream was reset by the peer: ${errorName(code)}`, {
        code,
        streamId,
        remote: true,
        notProcessed: code === ErrorCode.REFUSED_STREAM,
      }),
      false,
    );
    this.#patience.countReset();
  }

  /** Handles WINDOW_UPDATE, of a stream or of the connection. */
  onWindowUpdate(frame: Frame): void {
    const { streamId } = frame;
    if (streamId !== 0) this.#table.checkNotIdle(streamId);
    const increment = readUint31(frame.bytes, frame.start);
    const stream = this.#table.get(streamId);
    if (streamId !== 0 && stream === undefined) return this.#patience.spend(1);
    if (increment === 0) {
      throw streamError(
        ErrorCode.PROTOCOL_ERROR,
        "WINDOW_UPDATE of 0",
        streamId,
      );
    }
    // Larger increments need no limit: they end at the largest window, or let
    // this side send DATA.
    if (increment < SMALL_INCREMENT) this.#patience.spend(1);
    this.sendFlow.grant(stream?.sendStream ?? null, increment);
  }

  #onBlock(headers: ReceivedHeaders | null): void {
    if (headers === null) return;
    const { streamId } = headers;
    this.#headerBudget.receive(headers.size);
    const stream = this.#table.get(streamId);
    if (stream === undefined) {
      if (this.#table.begin(streamId)) this.#owner.begin?.(headers, this);
      return;
    }
    if (stream.peerEnded) {
      throw streamError(
        ErrorCode.STREAM_CLOSED,
        "HEADERS after the end",
        streamId,
      );
    }
    if (!stream.receiveHeaders(headers)) this.#patience.spend(1);
  }

  /** Gives bytes back to the connection's window. */
  #giveBack(count: number): void {
    const increment = this.#connectionWindow.giveBack(count);
    if (increment > 0) this.output.urgent(encodeWindowUpdate(0, increment));
  }
}
