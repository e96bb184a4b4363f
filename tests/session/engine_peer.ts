import http2 from "node:http2";
import { Duplex } from "node:stream";
import { duplexPair } from "../support/duplex_pair.ts";
import type { GrpcMethod } from "../../lib/grpc/method.ts";
import { Session } from "../../lib/session/session.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";

/** How one call ended. */
export interface CallEnd {
  /** `grpc-status`. */
  readonly status: string;
  /** `grpc-message`, as it was sent. */
  readonly message: string;
}

/** A call under way. */
export interface EngineCall {
  /** Every message that came so far. */
  readonly received: readonly Uint8Array[];
  /** Sends a message; resolves when there is room for the next. */
  send(message: Uint8Array): Promise<void>;
  /** Ends our direction. */
  end(): void;
  /** Gives the call up. */
  cancel(): void;
  /** Reads no more of the answer until {@linkcode EngineCall.resume}. */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** How it ended, once it did. */
  readonly ended: Promise<CallEnd>;
}

/** An engine that does as it is told: node's HTTP/2 client at a session's other end. */
export interface EnginePeer {
  /** Begins a call, with this metadata. */
  call(path: string, metadata?: Readonly<Record<string, string>>): EngineCall;
  /** One message each way. */
  ask(
    path: string,
    message: Uint8Array,
  ): Promise<CallEnd & { readonly body: Uint8Array }>;
}

/** Serves these methods as a session does, to an engine that is played. */
export async function withEnginePeer(
  methods: readonly GrpcMethod[],
  use: (engine: EnginePeer) => Promise<void>,
): Promise<unknown[]> {
  const errors: unknown[] = [];
  const session = new Session(methods, (error) => errors.push(error));
  const [ours, theirs] = duplexPair();
  const served = session.serve(ours);
  using engine = enginePeer(theirs);
  try {
    await use(engine);
  } finally {
    session.close();
    await served;
  }
  return errors;
}

/** An engine at its end of a session's connection. */
export function enginePeer(duplex: ByteDuplex): EnginePeer & Disposable {
  const socket = Duplex.fromWeb(duplex as Parameters<typeof Duplex.fromWeb>[0]);
  socket.on("error", () => {}); // the session ends by dropping the connection
  const client = http2.connect("http://localhost", {
    createConnection: () => socket,
  });
  client.on("error", () => {});
  return { ...peer(client), [Symbol.dispose]: () => client.destroy() };
}

function peer(client: http2.ClientHttp2Session): EnginePeer {
  const call: EnginePeer["call"] = (path, metadata) => {
    const stream = client.request({
      ...metadata,
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.setMaxListeners(0); // one for each message that waits for room
    const received: Uint8Array[] = [];
    const { promise: ended, resolve } = Promise.withResolvers<CallEnd>();
    let [status, message] = ["", ""];
    const note = (headers: Record<string, unknown>) => {
      status = String(headers["grpc-status"] ?? status);
      message = String(headers["grpc-message"] ?? message);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    let rest = new Uint8Array(0);
    stream.on("data", (chunk: Uint8Array) => {
      const bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
      rest = bytes;
      while (rest.length >= 5) {
        const length = new DataView(rest.buffer, rest.byteOffset).getUint32(1);
        if (rest.length < 5 + length) break;
        received.push(rest.slice(5, 5 + length));
        rest = rest.slice(5 + length);
      }
    });
    // Writing on after the other side's last word is an error of no interest.
    stream.on("error", () => {});
    stream.on("close", () => resolve({ status, message }));
    stream.on("end", () => resolve({ status, message }));
    return {
      received,
      ended,
      send(bytes) {
        const frame = new Uint8Array(5 + bytes.length);
        new DataView(frame.buffer).setUint32(1, bytes.length);
        frame.set(bytes, 5);
        if (stream.destroyed || stream.write(frame)) return Promise.resolve();
        const room = new Promise<void>((resolve) => {
          stream.once("drain", resolve);
        });
        // There may be none any more: the other side has said its last word.
        return Promise.race([room, ended.then(() => {})]);
      },
      end: () => void stream.end(),
      cancel: () => stream.close(http2.constants.NGHTTP2_CANCEL),
      pause: () => void stream.pause(),
      resume: () => void stream.resume(),
    };
  };
  return {
    call,
    async ask(path, message) {
      const asked = call(path);
      await asked.send(message);
      asked.end();
      const end = await asked.ended;
      return { ...end, body: asked.received[0] ?? new Uint8Array(0) };
    },
  };
}
