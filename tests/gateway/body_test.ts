import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { build, request } from "./attacks.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { buildAnswer, RecordingEngine } from "./recording_engine.ts";

const chunked = (...chunks: string[]) =>
  request(
    "POST /build",
    ["Transfer-Encoding: chunked", "Connection: close"],
    [...chunks, ""].map((chunk) =>
      `${chunk.length.toString(16)}\r\n${chunk}\r\n`
    ).join(""),
  );

Deno.test("the limit of a body counts all its chunks", async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({
    engine,
    limits: { maxBodyBytes: 10 },
  });
  for (
    const [status, chunks] of [
      [200, ["12345", "67890"]],
      [200, [..."1234567890"]],
      [413, ["12345", "678901"]],
      [413, [..."12345678901"]],
      [413, ["12345678901"]],
    ] as const
  ) {
    engine.requests.length = 0;
    const answer = await sendRaw(served.path, chunked(...chunks), 60_000);
    assertEquals([chunks, answer.status], [chunks, status]);
    assertEquals(
      engine.requests.map(({ complete }) => complete),
      [status === 200],
    );
  }
});

Deno.test("what is left of a body that the engine did not read is never taken for a request", async () => {
  const hidden = request("DELETE /images/a", ["Connection: close"]);
  // More than comes in one piece.
  const long = "x".repeat(300_000);
  for (const reads of [0, 1]) {
    for (
      const bytes of [
        request(
          "POST /build",
          [`Content-Length: ${long.length + hidden.length}`],
          long + hidden,
        ),
        request("POST /build", ["Transfer-Encoding: chunked"], "2\r\nab\r\n") +
        hidden,
        request("POST /build", ["Transfer-Encoding: chunked"], "2\r\nab\r\n") +
        `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
      ]
    ) {
      const engine = new RecordingEngine();
      const { fetch } = engine;
      // It refuses a context that it has only begun to read.
      engine.fetch = async (path, { body, ...init } = {}) => {
        const response = await fetch.call(engine, path, init);
        if (!(body instanceof ReadableStream)) return response;
        const reader = body.getReader();
        for (let i = 0; i < reads; i++) await reader.read();
        return Response.json({ message: "no such file" }, { status: 400 });
      };
      await using served = await startGateway({ engine, allow: ["images"] });
      engine.requests.length = 0;
      const { text } = await sendRaw(served.path, bytes, 60_000);
      assertEquals(text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 400"]);
      assertEquals(/\r\nConnection: close\r\n/.test(text), true, text);
      assertEquals(engine.requests.map(({ method }) => method), ["POST"]);
    }
  }
});

Deno.test("who is refused for want of room is told when to try again", async () => {
  const ends: (() => void)[] = [];
  const engine = new RecordingEngine((recorded) => {
    const { response, end } = buildAnswer(recorded);
    ends.push(end);
    return response;
  }, true);
  await using served = await startGateway({
    engine,
    limits: { maxBuilds: 1, maxAllSecretBytes: 10, graceMs: 100 },
  });
  const header = (value: string) =>
    `X-BuildKit-Secrets: ${btoa(JSON.stringify({ id: value }))}`;
  const refused = async (status: number, ...headers: string[]) => {
    const { status: given, text } = await sendRaw(
      served.path,
      build("version=2", "Connection: close", ...headers),
      60_000,
    );
    assertEquals(given, status);
    assertEquals(/\r\nRetry-After: 5\r\n/.test(text), true, text);
    assertFalse(text.includes("eleven"), text);
  };
  // The place of an answered build may be free a moment after its answer.
  const begun = async (value: string, count: number) => {
    for (;;) {
      const answer = sendRaw(
        served.path,
        build("version=2", header(value), "Connection: close"),
        60_000,
      );
      const refusal = answer.then(({ status }) => status);
      const begin = until(() => ends.length === count, "the build began");
      const status = await Promise.race([begin.then(() => 200), refusal]);
      if (ends.length === count) return { answer };
      begin.catch(() => {}); // it is asked for again
      assert([429, 503].includes(status), `${status}`);
    }
  };
  // More than the values of all builds may be together.
  await refused(503, header("eleven-long"));
  const running = await begun("ten-longer", 1);
  await refused(429);
  ends[0]!();
  assertEquals((await running.answer).status, 200);
  // Each place was given back.
  const next = await begun("other-long", 2);
  ends[1]!();
  assertEquals((await next.answer).status, 200);
});
