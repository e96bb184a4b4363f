/**
 * Peers that speak in bytes: they send what a test writes in hex, right or
 * wrong, and hand out the frames that our side answers with.
 */
import type { Http2Connection } from "../../lib/http2/connection.ts";
import {
  type Http2ServerOptions,
  type Http2Stream,
  serveHttp2,
} from "../../lib/http2/server.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { until } from "../support/until.ts";

/** The client's preface and an empty SETTINGS frame. */
export const GREETING =
  "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a 000000040000000000";

/** Header block of `POST http /x`. */
export const REQUEST = "838604022f78";

const NAMES = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
];

export interface Frame {
  readonly type: string;
  readonly flags: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

export function bytes(...pieces: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = pieces.map((piece) =>
    typeof piece === "string"
      ? Uint8Array.from(
        piece.replaceAll(/\s/g, "").match(/../g) ?? [],
        (pair) => parseInt(pair, 16),
      )
      : piece
  );
  const whole = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A frame around a payload in hex or bytes; its length is what it is. */
export function frame(
  type: string,
  flags: number,
  id: number,
  payload: string | Uint8Array = "",
): Uint8Array {
  const body = bytes(payload);
  const number = NAMES.includes(type) ? NAMES.indexOf(type) : parseInt(type);
  return bytes(
    Uint8Array.of(body.length >> 16, body.length >> 8, body.length),
    Uint8Array.of(number, flags, id >>> 24, id >>> 16, id >>> 8, id),
    body,
  );
}

/** Read once: floods have tens of thousands of requests. */
const REQUEST_BYTES = bytes(REQUEST);

export function uint32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** A request without a body, or with one to come. */
export function request(id: number, endStream = true): Uint8Array {
  return frame("HEADERS", endStream ? 5 : 4, id, REQUEST_BYTES);
}

/** The bytes between our end of a connection and a test. */
export class RawWire<C extends Http2Connection> implements AsyncDisposable {
  readonly connection: C;
  /** Bytes that our side wrote, header and all. */
  written = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #inbox: Uint8Array = new Uint8Array();
  #ended = false;
  #wake: (() => void) | null = null;
  #gate: Promise<void> | null = null;
  #open: (() => void) | null = null;

  constructor(connect: (duplex: ByteDuplex) => C) {
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#finish(),
    });
    const writable = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        this.#inbox = bytes(this.#inbox, chunk);
        this.written += chunk.length;
        this.#wake?.();
        await this.#gate;
      },
      // Like a peer that hangs up as soon as our side did.
      close: () => this.#finish(),
      abort: () => this.#finish(),
    });
    this.connection = connect({ readable, writable });
  }

  send(...pieces: readonly (string | Uint8Array)[]): void {
    this.#controller.enqueue(bytes(...pieces));
  }

  /** When our side has read, and worked on, all that was sent. */
  async taken(): Promise<void> {
    await until(
      () => this.#controller.desiredSize! > 0,
      "our side has read everything",
    );
    await new Promise((resolve) => setTimeout(resolve));
  }

  /** Our side's next write does not settle before `resume()`. */
  pause(): void {
    this.#gate = new Promise((resolve) => this.#open = resolve);
  }

  resume(): void {
    this.#gate = null;
    this.#open?.();
  }

  /** Ends the bytes to our side. */
  hangUp(): void {
    this.#controller.close();
  }

  /** Makes our side's reads fail. */
  break(error: Error): void {
    this.#controller.error(error);
  }

  /** The next frame, or `null` when our side is through. */
  async next(): Promise<Frame | null> {
    for (;;) {
      const whole = this.#cut();
      if (whole !== null) return whole;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = null;
    }
  }

  /** The next bytes, whatever they are. */
  async take(count: number): Promise<Uint8Array> {
    while (this.#inbox.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const taken = this.#inbox.subarray(0, count);
    this.#inbox = this.#inbox.subarray(count);
    return taken;
  }

  /** The next frame of a type; others are passed over. */
  async until(type: string): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (frame === null) throw new Error(`Our side ended without ${type}`);
      if (frame.type === type) return frame;
    }
  }

  /** All frames until our side is through. */
  async rest(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === null) return frames;
      frames.push(frame);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.connection.close();
  }

  #cut(): Frame | null {
    const inbox = this.#inbox;
    if (inbox.length < 9) return null;
    const length = (inbox[0]! << 16) | (inbox[1]! << 8) | inbox[2]!;
    if (inbox.length < 9 + length) return null;
    this.#inbox = inbox.subarray(9 + length);
    return {
      type: NAMES[inbox[3]!]!,
      flags: inbox[4]!,
      id: new DataView(inbox.buffer, inbox.byteOffset).getUint32(5),
      payload: inbox.subarray(9, 9 + length),
    };
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
    try {
      this.#controller.close();
    } catch {
      // It is closed, broken or cancelled already: that is all we want.
    }
  }
}

/** A client in bytes. */
export class RawPeer extends RawWire<Http2Connection> {
  constructor(
    handler: (stream: Http2Stream) => void | Promise<void> = () => {},
    options: Http2ServerOptions = {},
  ) {
    super((duplex) => serveHttp2(duplex, handler, options));
  }

  /** A peer whose greetings are exchanged. */
  static async greeted(
    handler?: (stream: Http2Stream) => void | Promise<void>,
    options?: Http2ServerOptions,
  ): Promise<RawPeer> {
    const peer = new RawPeer(handler, options);
    peer.send(GREETING);
    let frame = await peer.next();
    while (frame?.type !== "SETTINGS" || frame.flags !== 1) {
      frame = await peer.next();
    }
    return peer;
  }
}

/** The error code that a RST_STREAM or GOAWAY frame carries. */
export function codeOf(frame: Frame): number {
  const at = frame.type === "GOAWAY" ? 4 : 0;
  return new DataView(frame.payload.buffer, frame.payload.byteOffset)
    .getUint32(at);
}
