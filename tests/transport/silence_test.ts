import { assertEquals, assertRejects } from "../support/assert.ts";
import { shortSilence } from "../support/short_silence.ts";
import {
  noticing,
  type Silence,
  withSilence,
} from "../../lib/transport/silence.ts";
import type { Transport } from "../../lib/transport/transport.ts";

/** A transport that answers when the test says so, and what is told of it. */
function silentTransport() {
  const asked: PromiseWithResolvers<never>[] = [];
  const ask = () => {
    asked.push(Promise.withResolvers());
    return asked.at(-1)!.promise;
  };
  const told: Silence[] = [];
  let over = 0;
  const silent: Transport = {
    endpoint: "tcp://engine:2375",
    fetch: ask,
    upgrade: ask,
    dial: ask,
    close() {},
  };
  const transport = withSilence(silent, (silence) => {
    told.push(silence);
    return () => over++;
  });
  return { transport, asked, told, over: () => over };
}

const { signal } = new AbortController();

Deno.test("an engine that does not answer is told of once, with what it was asked", async () => {
  using silences = shortSilence();
  const where = "tcp://engine:2375";
  const requests: [(transport: Transport) => Promise<unknown>, string][] = [
    [({ fetch }) => fetch("/v1.51/info"), "GET /info"],
    [({ fetch }) => fetch("/_ping", { method: "HEAD" }), "HEAD /_ping"],
    [
      ({ fetch }) => fetch("/v1.51/build?buildargs=x%3F", { method: "POST" }),
      "POST /build",
    ],
    [
      ({ upgrade }) =>
        upgrade!("/v1.51/session", { protocol: "h2c", headers: [] }),
      "POST /session",
    ],
    [({ dial }) => dial!(signal), "a new connection"],
  ];
  for (const [request, what] of requests) {
    const { transport, asked, told, over } = silentTransport();
    const answer = request(transport);
    await silences.pass();
    assertEquals(told, [{ where, what, seconds: 10 }]);
    assertEquals(over(), 0);
    asked[0]!.reject(new Error("it hung up"));
    await assertRejects(() => answer, Error, "it hung up");
    assertEquals([told.length, over()], [1, 1]);
  }
});

Deno.test("nothing is told of an engine that answers in time, nor of one that takes a stream", async () => {
  using silences = shortSilence();
  const { transport, asked, told, over } = silentTransport();
  const sent = transport.fetch("/build", {
    method: "POST",
    body: new ReadableStream(),
  });
  const answer = transport.fetch("/info");
  const response = new Response();
  asked[1]!.resolve(response as never);
  assertEquals(await answer, response);
  await silences.pass();
  asked[0]!.resolve(response as never);
  assertEquals(await sent, response);
  assertEquals([told.length, over()], [0, 0]);
});

Deno.test("a transport that can't take a connection over can't do it when it is watched, either", () => {
  const plain = { fetch: () => Promise.resolve(new Response()), close() {} };
  const watched = withSilence(plain, () => {});
  assertEquals(Object.keys(watched), ["fetch", "close"]);
});

Deno.test("where nobody is told, nothing is watched", async () => {
  const { timeout } = AbortSignal;
  AbortSignal.timeout = () => {
    throw new Error("a timer was started");
  };
  try {
    const watch = { where: "here", what: "GET /", onSilence: undefined };
    assertEquals(await noticing(Promise.resolve(1), watch), 1);
  } finally {
    AbortSignal.timeout = timeout;
  }
});
