/** An engine in memory whose BuildKit answers calls in any way. */
import { Engine } from "../../lib/engine/engine.ts";
import { framePrefix } from "../../lib/grpc/frame.ts";
import type { Http2Connection } from "../../lib/http2/connection.ts";
import { encodeGoaway } from "../../lib/http2/frame.ts";
import {
  type Http2ServerOptions,
  type Http2Stream,
  serveHttp2,
} from "../../lib/http2/server.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import type { UpgradeInit } from "../../lib/transport/transport.ts";
import { duplexPair } from "../support/duplex_pair.ts";

/** What answers a call. */
export type Answer = (stream: Http2Stream) => unknown;

/** One connection to the scripted BuildKit. */
export interface ScriptedConnection {
  readonly server: Http2Connection;
  /** Says that the server goes away: streams up to `last` go on. */
  goAway(last: number): Promise<void>;
}

/** An engine whose BuildKit is `answer`; methods by the end of their path. */
export class ScriptedEngine implements AsyncDisposable {
  readonly engine: Engine;
  readonly connections: ScriptedConnection[] = [];
  /** What was asked for with `POST`: path and protocol. */
  readonly upgrades: [path: string, init: UpgradeInit][] = [];
  /** Paths of all calls. */
  readonly calls: string[] = [];

  /**
   * @param dial Replaces the whole connection; called with what the client
   * would be given.
   */
  constructor(
    answers: Readonly<Record<string, Answer>>,
    options: Http2ServerOptions = {},
    dial: (
      connect: () => ByteDuplex,
      init: UpgradeInit,
    ) => Promise<ByteDuplex> | ByteDuplex = (connect) => connect(),
  ) {
    const connect = (): ByteDuplex => {
      const [ours, theirs] = duplexPair();
      const writer = theirs.writable.getWriter();
      const server = serveHttp2(
        {
          readable: theirs.readable,
          writable: new WritableStream({
            write: (chunk) => writer.write(chunk),
            close: () => writer.close(),
            abort: (reason) => writer.abort(reason),
          }),
        },
        async (stream) => {
          const path = stream.get(":path")!;
          this.calls.push(path);
          const name = path.slice(path.lastIndexOf("/") + 1);
          await answers[name]?.(stream);
        },
        options,
      );
      this.connections.push({
        server,
        goAway: (last) => writer.write(encodeGoaway(last, 0, "bye")),
      });
      return ours;
    };
    this.engine = new Engine({
      endpoint: "unix:///scripted.sock",
      fetch: () =>
        Promise.resolve(
          new Response("OK", {
            headers: { "api-version": "1.51", "ostype": "linux" },
          }),
        ),
      upgrade: async (path, init) => {
        this.upgrades.push([path, init]);
        init.signal?.throwIfAborted();
        return await dial(connect, init);
      },
      close() {},
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.connections) await server.close();
  }
}

const HEAD: [string, string][] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** Sends these messages and nothing more. */
export function say(
  stream: Http2Stream,
  ...messages: readonly Uint8Array[]
): void {
  stream.respond(HEAD);
  for (const message of messages) {
    stream.write(framePrefix(message.length), message);
  }
}

/** Answers with these messages, and OK. */
export function answer(...messages: readonly Uint8Array[]): Answer {
  return (stream) => {
    say(stream, ...messages);
    stream.end([["grpc-status", "0"]]);
  };
}

/** Answers with an error. */
export function refuse(
  code: number,
  text: string,
  further: readonly [string, string][] = [],
): Answer {
  return (stream) =>
    stream.end([
      ...HEAD,
      ["grpc-status", String(code)],
      ["grpc-message", text],
      ...further,
    ]);
}

/** Reads a call's request. */
export async function requestOf(stream: Http2Stream): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) break;
    chunks.push(new Uint8Array(chunk));
  }
  return (await new Blob(chunks).bytes()).subarray(5);
}
