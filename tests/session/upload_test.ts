import { ContextError } from "../../lib/errors.ts";
import { protobufFields } from "../support/protobuf_fields.ts";
import { Upload, uploadService } from "../../lib/session/upload.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { until, untilQuiet } from "../support/until.ts";
import {
  type EngineCall,
  type EnginePeer,
  withEnginePeer,
} from "./engine_peer.ts";

const PULL = "/moby.upload.v1.Upload/Pull";
const HEALTH = "/grpc.health.v1.Health/Check";

/** The metadata by which an engine asks for a URL. */
function asking(url: string): Record<string, string> {
  const { host, pathname } = new URL(url);
  return { urlhost: host, urlpath: pathname };
}

/** Pulls a URL as an engine does, which ends its own direction at once. */
function pull(engine: EnginePeer, url: string): EngineCall {
  const call = engine.call(PULL, asking(url));
  call.end();
  return call;
}

/** The bytes in `BytesMessage{1 data}`, by another reading than davit's. */
function content(messages: readonly Uint8Array[]): Uint8Array {
  return concat(
    messages.flatMap((message) =>
      [...protobufFields(message)].map(([number, value]) => {
        assertEquals(number, 1);
        return value as Uint8Array<ArrayBuffer>;
      })
    ),
  );
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

/** Serves a stream to an engine that is played. */
async function serve(
  body: ReadableStream<Uint8Array>,
  use: (engine: EnginePeer, upload: Upload) => Promise<void>,
): Promise<{ failures: Error[]; errors: unknown[] }> {
  const failures: Error[] = [];
  const upload = new Upload();
  upload.offer(body);
  const methods = uploadService([upload], {
    onError: (error) => failures.push(error),
  });
  const errors = await withEnginePeer(
    methods,
    (engine) => use(engine, upload),
  );
  return { failures, errors };
}

Deno.test("an upload's URL can't be guessed, and is another each time", () => {
  const [one, two] = [new Upload(), new Upload()];
  assert(/^http:\/\/buildkit-session\/[0-9a-f]{32}$/.test(one.url), one.url);
  assert(one.url !== two.url);
});

Deno.test("an engine pulls a stream byte for byte, in messages that each engine accepts", async () => {
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(3 * 1024 * 1024 + 7);
  for (let at = 0; at < large.length; at += random.length) {
    large.set(random.subarray(0, large.length - at), at);
  }
  const small = Uint8Array.of(1, 2, 3);
  const { failures, errors } = await serve(
    streamOf(small, new Uint8Array(0), large, small),
    async (engine, { url }) => {
      const call = pull(engine, url);
      assertEquals((await call.ended).status, "0");
      assertEquals(content(call.received), concat([small, large, small]));
      const piece = 1024 * 1024 + 4;
      assertEquals(
        call.received.map(({ length }) => length),
        [5, piece, piece, piece, 9, 5],
      );
    },
  );
  assertEquals([failures, errors], [[], []]);
});

Deno.test("an empty stream is pulled as nothing", async () => {
  await serve(streamOf(), async (engine, { url }) => {
    const call = pull(engine, url);
    assertEquals((await call.ended).status, "0");
    assertEquals(call.received, []);
  });
});

Deno.test("a stream is pulled by its own URL alone, and once", async () => {
  let cancelled = 0;
  const body = new ReadableStream<Uint8Array>({
    cancel: () => void cancelled++,
  }, { highWaterMark: 0 });
  const { failures, errors } = await serve(body, async (engine, { url }) => {
    const path = new URL(url).pathname;
    const wrong = [
      {},
      { urlhost: "buildkit-session" },
      { urlpath: path },
      { urlhost: "buildkit-session", urlpath: path.slice(1) },
      { urlhost: "buildkit-session", urlpath: `${path}/` },
      { urlhost: "buildkit-session", urlpath: "/" },
      { urlhost: "example", urlpath: path },
      { urlhost: "buildkit-session", urlpath: `/x/..${path}` },
    ];
    for (const metadata of wrong) {
      const call = engine.call(PULL, metadata as Record<string, string>);
      call.end();
      assertEquals((await call.ended).status, "5", Deno.inspect(metadata));
    }
    const first = pull(engine, url);
    const second = pull(engine, url);
    const { status, message } = await second.ended;
    assertEquals(status, "5");
    assert(message.startsWith("nothing is offered at "), message);
    first.cancel();
    await until(() => cancelled === 1, "the stream is cancelled");
    assertEquals((await pull(engine, url).ended).status, "5");
    assertEquals((await engine.ask(HEALTH, new Uint8Array(0))).status, "0");
  });
  assertEquals([failures, errors], [[], []]);
});

Deno.test("before a stream is offered there is none", async () => {
  const upload = new Upload();
  await withEnginePeer(
    uploadService([upload], { onError() {} }),
    async (engine) => {
      assertEquals((await pull(engine, upload.url).ended).status, "5");
      upload.offer(streamOf(Uint8Array.of(7)));
      const call = pull(engine, upload.url);
      assertEquals((await call.ended).status, "0");
      assertEquals(content(call.received), Uint8Array.of(7));
    },
  );
});

Deno.test("a stream is read no faster than the engine takes it", async () => {
  const PIECE = 64 * 1024;
  const PIECES = 400; // 25 MiB
  let given = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given++ === PIECES) return controller.close();
      controller.enqueue(new Uint8Array(PIECE).fill(given));
    },
  }, { highWaterMark: 0 });
  await serve(body, async (engine, { url }) => {
    const call = pull(engine, url);
    call.pause();
    await untilQuiet(() => given, () => {});
    assert(given < PIECES / 2, `${given} of ${PIECES} pieces were read`);
    call.resume();
    assertEquals((await call.ended).status, "0");
    assertEquals(content(call.received).length, PIECE * PIECES);
  });
});

Deno.test("a call that the engine gives up cancels the stream, also one that gives nothing", async () => {
  for (const pieces of [0, 1, Infinity]) {
    const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
    const { promise: pulled, resolve: onPull } = Promise.withResolvers<void>();
    let given = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        onPull();
        if (given++ < pieces) controller.enqueue(new Uint8Array(1024));
        else return new Promise(() => {});
      },
      cancel: (reason) => resolve(reason),
    }, { highWaterMark: 0 });
    const { failures, errors } = await serve(body, async (engine, { url }) => {
      const call = pull(engine, url);
      await pulled;
      call.cancel();
      await cancelled;
      assertEquals((await engine.ask(HEALTH, new Uint8Array(0))).status, "0");
    });
    assertEquals([failures, errors], [[], []]);
    assert(body.locked);
  }
});

Deno.test("a stream that is stopped is cancelled with the reason, and is no whole one for the engine", async () => {
  for (const gives of [true, false]) {
    const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
    const { promise: pulled, resolve: onPull } = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        onPull();
        if (!gives) return new Promise(() => {});
        controller.enqueue(new Uint8Array(1000));
      },
      cancel: (reason) => resolve(reason),
    }, { highWaterMark: 0 });
    const { failures, errors } = await serve(body, async (engine, upload) => {
      const call = pull(engine, upload.url);
      await pulled;
      const reason = new Error("enough");
      upload.stop(reason);
      assertEquals(await cancelled, reason);
      assertEquals(await call.ended, {
        status: "1",
        message: "the build was stopped",
      });
    });
    assertEquals([failures, errors], [[], []]);
  }
});

Deno.test("what was stopped before it is fetched is cancelled when it is fetched", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>({
    cancel: (reason) => resolve(reason),
  }, { highWaterMark: 0 });
  await serve(body, async (engine, upload) => {
    upload.stop("enough");
    assertEquals((await pull(engine, upload.url).ended).status, "1");
    assertEquals(await cancelled, "enough");
  });
});

Deno.test("a session that ends cancels the stream", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const { promise: pulled, resolve: onPull } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    pull() {
      onPull();
      return new Promise(() => {});
    },
    cancel: () => resolve(),
  }, { highWaterMark: 0 });
  await serve(body, async (engine, { url }) => {
    pull(engine, url);
    await pulled;
  });
  await cancelled;
});

Deno.test("a context that can't be read is told to the engine in davit's words, another error not", async () => {
  const failing = (error: Error) =>
    new ReadableStream<Uint8Array>({
      pull: () => Promise.reject(error),
    }, { highWaterMark: 0 });
  const told = new ContextError("the disk is gone");
  const secret = new Error("hunter2");
  for (
    const [error, status, words, failures, errors] of [
      [told, "9", "the disk is gone", [told], []],
      [secret, "13", "internal error", [], [secret]],
    ] as const
  ) {
    const ended = await serve(failing(error), async (engine, { url }) => {
      assertEquals(await pull(engine, url).ended, { status, message: words });
    });
    assertEquals(ended, { failures: [...failures], errors: [...errors] });
  }
});

Deno.test("an engine that talks while it pulls is not listened to", async () => {
  await serve(streamOf(Uint8Array.of(1)), async (engine, { url }) => {
    const call = engine.call(PULL, asking(url));
    await call.send(new Uint8Array(100_000));
    assertEquals((await call.ended).status, "0");
    assertEquals(content(call.received), Uint8Array.of(1));
  });
});
