import { findProcesses } from "../engines/process.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { engineTest } from "../support/engines.ts";
import { tarBytes } from "../support/tar.ts";
import { until } from "../support/until.ts";
import { sendRaw, startGateway } from "./gateway.ts";

const encoder = new TextEncoder();

/** More than an engine reads of what it does not want. */
const BEHIND_BYTES = 4_000_000;

/** How a client sends more than its tar, and the engine's builder. */
const WAYS = [
  { name: "version=1", version: "1" },
  { name: "no version", version: "" },
  { name: "version=1 and gzip", version: "1", isPacked: true },
  { name: "version=2", version: "2" },
  { name: "version=1 and chunks", version: "1", isChunked: true },
] as const;

type Way = {
  /** The id that the client gives its build; `mine` unless given. */
  readonly id?: string;
  readonly version: string;
  readonly isPacked?: boolean;
  readonly isChunked?: boolean;
};

async function context(word: string, { isPacked }: Way): Promise<Uint8Array> {
  const whole = new Blob([
    await tarBytes({
      Dockerfile:
        `FROM davit-test/base\nRUN : ${crypto.randomUUID()}; sleep ${word}\n`,
    }),
    randomBytes(BEHIND_BYTES) as Uint8Array<ArrayBuffer>,
  ]);
  const stream = isPacked === true
    ? whole.stream().pipeThrough(new CompressionStream("gzip"))
    : whole.stream();
  return await new Response(stream).bytes();
}

/** A build whose step sleeps. */
async function begin(path: string, way: Way): Promise<{
  readonly word: string;
  hangUp(): Promise<void>;
}> {
  const word = String(100_000 + Math.floor(Math.random() * 900_000));
  const { id = "mine" } = way;
  const body = await context(word, way);
  const length = way.isChunked === true
    ? "Transfer-Encoding: chunked"
    : `Content-Length: ${body.length}`;
  const head =
    `POST /build?version=${way.version}&networkmode=none&buildid=${id} ` +
    `HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n`;
  const framed = way.isChunked === true
    ? [`${body.length.toString(16)}\r\n`, body, "\r\n0\r\n\r\n"]
    : [body];
  const bytes = await new Blob([head, ...framed] as BlobPart[]).bytes();
  const conn = await Deno.connect({ transport: "unix", path });
  const writing = (async () => {
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
  })();
  const reading = new Response(conn.readable).text();
  reading.catch(() => {}); // it ends when we hang up
  await writing;
  await until(() => sleeps(word), "the step sleeps");
  return {
    word,
    async hangUp() {
      try {
        conn.close();
      } catch {
        // The gateway has ended it.
      }
      await reading.catch(() => {});
    },
  };
}

async function sleeps(word: string): Promise<boolean> {
  return (await findProcesses((args) => args.includes(word))).length > 0;
}

for (const way of WAYS) {
  engineTest(
    `a client with bytes behind its tar (${way.name}) hangs up: its step is ended, and its place is taken until then`,
    async (engine) => {
      await using served = await startGateway({
        engine: engine.host,
        limits: { maxBuilds: 1 },
      });
      const build = await begin(served.path, way);
      await build.hangUp();
      const next = () =>
        sendRaw(
          served.path,
          `POST /build?version=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        );
      await until(async () => {
        const { status } = await next();
        assert(status === 200 || status === 429, `${status}`);
        if (status === 200) assertEquals(await sleeps(build.word), false);
        return status === 200;
      }, "there is a place again");
    },
  );

  engineTest(
    `a stop ends a step (${way.name}) before it settles`,
    async (engine) => {
      await using served = await startGateway({
        engine: engine.host,
        limits: { graceMs: 100 },
      });
      const build = await begin(served.path, way);
      await served.gateway.stop();
      assertEquals(await sleeps(build.word), false);
      await build.hangUp();
    },
  );
}

engineTest(
  "the time of a request ends its step, and a client may cancel a build by the id that it gave it",
  async (engine) => {
    await using served = await startGateway({
      engine: engine.host,
      limits: { totalMs: 20_000 },
    });
    const build = await begin(served.path, { version: "2" });
    const cancel = (id: string) =>
      sendRaw(
        served.path,
        `POST /build/cancel?id=${id} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    assertEquals((await cancel("another")).status, 200);
    // Of a client that gives its builds no ids.
    const nameless = await begin(served.path, { version: "2", id: "" });
    assertEquals((await cancel("")).status, 400);
    assertEquals((await cancel("&id=mine")).status, 403);
    assert(await sleeps(build.word));
    assert(await sleeps(nameless.word));
    await nameless.hangUp();
    assertEquals((await cancel("mine")).status, 200);
    await until(async () => !await sleeps(build.word), "the step is cancelled");
    await build.hangUp();

    await using short = await startGateway({
      engine: engine.host,
      limits: { totalMs: 3000 },
    });
    const late = await begin(short.path, { version: "1" });
    await until(async () => !await sleeps(late.word), "the step is ended");
    await late.hangUp();
  },
);

engineTest(
  "a body beside a remote never reaches the engine; a body of no bytes is none",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    const post = (length: string, body: string) =>
      sendRaw(
        served.path,
        "POST /build?version=2&remote=https://93.184.215.14/none HTTP/1.1\r\n" +
          `Host: a\r\nConnection: close\r\n${length}\r\n\r\n${body}`,
        60_000,
      );
    for (
      const [length, body] of [
        ["Content-Length: 5", "bytes"],
        ["Transfer-Encoding: chunked", "5\r\nbytes\r\n0\r\n\r\n"],
      ] as const
    ) {
      const { status, text } = await post(length, body);
      assertEquals(status, 400);
      assertStringIncludes(text, "a build from a remote has a body");
    }
    const { status } = await post("Transfer-Encoding: chunked", "0\r\n\r\n");
    assert(status === 200 || status === 500, `${status}`);
  },
);

engineTest(
  "the classic builder's context may be packed in gzip; what can't be looked into is refused",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    const tar = await tarBytes({
      Dockerfile: "FROM davit-test/base\nLABEL a=b\n",
    });
    const post = async (body: Uint8Array) => {
      const head =
        `POST /build HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
      return await sendRaw(
        served.path,
        await new Blob([encoder.encode(head), body as Uint8Array<ArrayBuffer>])
          .bytes(),
        60_000,
      );
    };
    const gzip = await new Response(
      new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    for (const body of [tar, gzip]) {
      assertStringIncludes((await post(body)).text, "Successfully built");
    }
    const damaged = gzip.slice();
    damaged.fill(0xff, 12);
    assertEquals((await post(damaged)).status, 400);
    assertEquals((await post(encoder.encode("BZh91AY&SY"))).status, 415);
    const none = await post(encoder.encode("no tar at all".repeat(100)));
    assertEquals(none.status, 500);
  },
);
