/** A program in a container, and its streams on one connection. */
import { containerExec } from "../../lib/engine/container_exec.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { joinedStreams } from "../../lib/engine/joined_streams.ts";
import {
  ConnectionError,
  EngineError,
  ProtocolError,
  UnsupportedError,
} from "../../lib/errors.ts";
import type { UpgradeInit } from "../../lib/transport/transport.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { duplexPair } from "../support/duplex_pair.ts";

/** A piece of a stream, as engines send it. */
function piece(stream: number, text: string, length?: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const header = new Uint8Array(8);
  header[0] = stream;
  new DataView(header.buffer).setUint32(4, length ?? bytes.length);
  return concat([header, bytes]);
}

/** What is read of these bytes, cut into chunks of this length. */
async function read(
  bytes: Uint8Array,
  chunk: number,
): Promise<[out: string, words: string]> {
  const streams = joinedStreams({
    readable: new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += chunk) {
          controller.enqueue(bytes.slice(at, at + chunk));
        }
        controller.close();
      },
    }),
    writable: new WritableStream(),
  });
  const decoder = new TextDecoder();
  let out = "";
  for await (const each of streams.readable) {
    assert(each.length > 0, "a chunk is never empty");
    out += decoder.decode(each, { stream: true });
  }
  return [out, streams.words()];
}

Deno.test("the standard output is what is read, the standard error is kept as words", async () => {
  const bytes = concat([
    piece(1, "one "),
    piece(2, "first ä "),
    piece(1, ""),
    piece(1, "two"),
    piece(3, "of the engine "),
    piece(2, "x".repeat(1_990)),
  ]);
  for (const chunk of [1, 3, 9, 4_096]) {
    const [out, words] = await read(bytes, chunk);
    assertEquals(out, "one two");
    // The newest 2000 characters.
    assertEquals(words, `he engine ${"x".repeat(1_990)}`);
  }
  assertEquals(await read(piece(2, "grüße"), 1), ["", "grüße"]);
  // More than is taken at once, by one.
  const long = concat([piece(2, "y".repeat(2_001)), piece(1, "out")]);
  assertEquals(await read(long, 10_000), ["out", "y".repeat(2_000)]);
});

Deno.test("streams that break off or have another form are errors", async () => {
  for (const cut of [piece(1, "abc").subarray(0, 5), piece(1, "a", 3)]) {
    await assertRejects(() => read(cut, 100), ConnectionError, "broke within");
  }
  const http = new TextEncoder().encode("HTTP/1.1 400 Bad Request");
  await assertRejects(() => read(http, 100), ProtocolError, "another form");
});

Deno.test("a connection that can be closed at once still can", () => {
  const [{ readable, writable }] = duplexPair();
  assertEquals("close" in joinedStreams({ readable, writable }), false);
  let closed = 0;
  const [pair] = duplexPair();
  joinedStreams({ ...pair, close: () => closed++ }).close!();
  assertEquals(closed, 1);
});

/** An engine that starts programs. */
function engineOf(upgrades: [string, UpgradeInit][], status = 201) {
  const asked: [string, unknown][] = [];
  const [ours, theirs] = duplexPair();
  const engine = new Engine({
    endpoint: "unix:///e.sock",
    async fetch(path, init) {
      if (path === "/_ping") {
        return new Response("OK", { headers: { "api-version": "1.51" } });
      }
      asked.push([
        `${init?.method} ${path}`,
        JSON.parse(await new Response(init?.body).text()),
      ]);
      assertEquals(
        new Headers(init?.headers).get("content-type"),
        "application/json",
      );
      return Response.json(
        status === 201 ? { Id: "x/1" } : { message: "no such container" },
        { status },
      );
    },
    upgrade(path, init) {
      upgrades.push([path, init]);
      return Promise.resolve(ours);
    },
    close() {},
  });
  return { engine, asked, theirs };
}

Deno.test("a program is started in a container, with all streams and no terminal", async () => {
  const upgrades: [string, UpgradeInit][] = [];
  const { engine, asked, theirs } = engineOf(upgrades);
  const { signal } = new AbortController();
  const command = ["buildctl", "dial-stdio"];
  const exec = await containerExec(engine, "a b", command, signal);
  assertEquals(asked, [["POST /v1.51/containers/a%20b/exec", {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Cmd: command,
  }]]);
  assertEquals(upgrades, [["/v1.51/exec/x%2F1/start", {
    protocol: "tcp",
    headers: [],
    body: '{"Detach":false,"Tty":false}',
    signal,
  }]]);
  // What is written goes as it is.
  const writer = exec.writable.getWriter();
  const reader = theirs.readable.getReader();
  void writer.write(new Uint8Array([1, 2, 3]));
  assertEquals((await reader.read()).value, new Uint8Array([1, 2, 3]));
  const answer = theirs.writable.getWriter();
  void answer.write(piece(1, "abc"));
  const { value } = await exec.readable.getReader().read();
  assertEquals(new TextDecoder().decode(value), "abc");
  exec.close?.();
});

Deno.test("an engine that refuses, or a transport that can't, is an error", async () => {
  const { engine } = engineOf([], 404);
  const { signal } = new AbortController();
  const error = await assertRejects(
    () => containerExec(engine, "a", ["b"], signal),
    EngineError,
    "no such container",
  );
  assertEquals(error.status, 404);
  const plain = new Engine({ fetch: () => Promise.reject(), close() {} });
  await assertRejects(
    () => containerExec(plain, "a", ["b"], signal),
    UnsupportedError,
    "Cannot start a program in a container",
  );
});
