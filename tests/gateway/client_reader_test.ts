import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { ClientReader, type Left } from "../../lib/gateway/client_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { RequestBody } from "../../lib/gateway/request_body.ts";

const encoder = new TextEncoder();
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** A connection whose other side is the test. */
function connected() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const state: { cancelled?: unknown; pulled: number } = { pulled: 0 };
  const readable = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    pull: () => void state.pulled++,
    cancel: (reason) => {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return {
    source: new ClientReader(readable),
    send: (text: string | Uint8Array) =>
      controller.enqueue(
        typeof text === "string" ? encoder.encode(text) : text,
      ),
    end: () => controller.close(),
    fail: (error: Error) => controller.error(error),
    state,
  };
}

const text = async (source: ClientReader, ms = 5000) => {
  const bytes = await source.read(ms);
  return bytes === null ? null : new TextDecoder().decode(bytes);
};

Deno.test("bytes are read once, in their order, with what was put back first", async () => {
  const { source, send, end } = connected();
  send("ab");
  assertEquals(await text(source), "ab");
  send("cd");
  assertEquals(await text(source), "cd");
  const own = encoder.encode("2");
  source.unread(own);
  source.unread(encoder.encode(""));
  source.unread(encoder.encode("1"));
  own.fill(0);
  assertEquals(await text(source), "12");
  end();
  assertEquals(await text(source), null);
  assertEquals(await text(source), null);
  source.unread(encoder.encode("x"));
  assertEquals(await text(source), "x");
});

Deno.test("a read waits as long as it may, and what comes late is not lost", async () => {
  const { source, send, fail } = connected();
  for (const ms of [1, 0, -5]) {
    const error = await assertRejects(
      () => source.read(ms),
      Refusal,
      "the request did not go on in time",
    );
    assertEquals(error.status, 408);
  }
  send("late");
  assertEquals(await text(source), "late");
  const failure = new TypeError("reset");
  fail(failure);
  assertEquals(await source.read(5000).catch((error) => error), failure);
  await source.cancel("why");
});

Deno.test("a connection that ends is told to who watches it, once, and what came first is kept", async () => {
  for (const how of ["end", "fail"] as const) {
    const { source, send, end, fail } = connected();
    const left: Left[] = [];
    source.watch((how) => left.push(how));
    const unwatch = source.watch(() => left.push("ahead"));
    send("a");
    await turn();
    send("b");
    await turn();
    assertEquals(left, []);
    unwatch();
    if (how === "end") end();
    else fail(new TypeError("reset"));
    await turn();
    assertEquals(left, ["gone"]);
    assertEquals(await text(source), "ab");
    assertEquals(await text(source), null);
    // Who asks then is told at once.
    source.watch((how) => left.push(how));
    await turn();
    assertEquals(left, ["gone", "gone"]);
  }
});

Deno.test("64 KiB are read ahead of who watches, and what is more is told and left", async () => {
  const { source, send, state } = connected();
  const left: Left[] = [];
  source.watch((how) => left.push(how));
  send(new Uint8Array(65_535));
  await turn();
  assertEquals(left, []);
  send(new Uint8Array(1));
  await turn();
  assertEquals(left, ["ahead"]);
  const pulled = state.pulled;
  await turn();
  assertEquals(state.pulled, pulled);
  assertEquals((await source.read(5000))?.length, 65_536);
});

Deno.test("one watcher after another is told, and a read beside them takes what came", async () => {
  const { source, send, end, state } = connected();
  const left: string[] = [];
  const first = source.watch((how) => left.push(`first ${how}`));
  send("a");
  await turn();
  first();
  // Nobody watches: what comes next ends the looking.
  send("b");
  await turn();
  assertEquals(left, []);
  const { pulled } = state;
  send("later");
  await turn();
  assertEquals(state.pulled, pulled);
  assertEquals(await text(source), "ab");
  assertEquals(await text(source), "later");
  source.watch((how) => left.push(`second ${how}`));
  const reading = text(source);
  send("c");
  assertEquals(await reading, "c");
  end();
  await turn();
  assertEquals(left, ["second gone"]);
});

Deno.test("a source that is given back gives its connection back, also a broken one", async () => {
  const { source, state } = connected();
  await source.cancel("why");
  assertEquals(state.cancelled, "why");
  const broken = connected();
  broken.fail(new TypeError("reset"));
  await broken.source.cancel();
  const gate = Promise.withResolvers<void>();
  const slow = new ClientReader(
    new ReadableStream({ cancel: () => gate.promise }),
  );
  let isGiven = false;
  const giving = slow.cancel().then(() => isGiven = true);
  await turn();
  assertEquals(isGiven, false);
  gate.resolve();
  await giving;
});

Deno.test("a read waits for what comes in time", async () => {
  const { source, send } = connected();
  const reading = text(source);
  await turn();
  send("in time");
  assertEquals(await reading, "in time");
});

const LIMITS = { ...DEFAULT_LIMITS, maxBodyBytes: 10 };

/** A body of these pieces, with what is left behind it. */
async function bodyOf(length: number | undefined, ...pieces: string[]) {
  const { source, send, end } = connected();
  for (const piece of pieces) send(piece);
  end();
  let completed = 0;
  const body = new RequestBody(source, length, LIMITS, () => completed++);
  const chunks: string[] = [];
  const decoder = new TextDecoder();
  for await (const chunk of body.stream ?? []) {
    chunks.push(decoder.decode(chunk));
  }
  return {
    chunks,
    complete: body.complete,
    completed,
    left: await text(source),
  };
}

Deno.test("a body of a length ends there, and what is behind it stays", async () => {
  assertEquals(await bodyOf(0, "next"), {
    chunks: [],
    complete: true,
    completed: 0,
    left: "next",
  });
  assertEquals(await bodyOf(5, "hello"), {
    chunks: ["hello"],
    complete: true,
    completed: 1,
    left: null,
  });
  assertEquals(await bodyOf(5, "he", "llonext"), {
    chunks: ["he", "llo"],
    complete: true,
    completed: 1,
    left: "next",
  });
  assertEquals(await bodyOf(10, "0123456789"), {
    chunks: ["0123456789"],
    complete: true,
    completed: 1,
    left: null,
  });
});

Deno.test("a body in chunks is read at every cut, each byte of it", async () => {
  const text = "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
  for (let size = 1; size <= text.length; size++) {
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g"))!;
    const source = new ClientReader(
      ReadableStream.from(pieces.map((one) => new TextEncoder().encode(one))),
    );
    const { stream } = new RequestBody(source, undefined, DEFAULT_LIMITS);
    assertEquals(await new Response(stream as BodyInit).text(), "abc");
  }
});

Deno.test("a body in chunks ends with its last, and what is behind it stays", async () => {
  assertEquals(await bodyOf(undefined, "0\r\n\r\nnext"), {
    chunks: [],
    complete: true,
    completed: 1,
    left: "next",
  });
  assertEquals(
    await bodyOf(
      undefined,
      "5\r\n",
      "hello\r\n5\r\nwor",
      "ld\r\n0\r\n\r\n",
      "next",
    ),
    { chunks: ["hellowor", "ld"], complete: true, completed: 1, left: "next" },
  );
});

Deno.test("a body is as long as it may be, and no byte longer; one that is cut off fails", async () => {
  const { source } = connected();
  const error = await assertRejects(
    // deno-lint-ignore require-await -- so that it rejects
    async () => new RequestBody(source, 11, LIMITS),
    Refusal,
    "the request's body has more than 10 bytes",
  );
  assertEquals(error.status, 413);
  await assertRejects(
    () => bodyOf(undefined, "5\r\nhello\r\n6\r\n"),
    Refusal,
    "more than 10 bytes",
  );
  assertEquals(
    (await bodyOf(undefined, "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")).chunks
      .join(""),
    "helloworld",
  );
  for (
    const [length, piece] of [[5, "hell"], [undefined, "5\r\nhell"], [
      undefined,
      "5\r\nhello\r\n",
    ]] as const
  ) {
    await assertRejects(
      () => bodyOf(length, piece),
      Refusal,
      "its body ends too early",
    );
  }
});

Deno.test("a body tells that it is complete as soon as it is, and keeps its first failure", async () => {
  const { source, send } = connected();
  let completed = 0;
  const body = new RequestBody(source, 3, LIMITS, () => completed++);
  assert(!body.complete);
  send("ab");
  const reader = body.stream!.getReader();
  await reader.read();
  assertEquals([body.complete, completed], [false, 0]);
  send("c");
  await reader.read();
  assertEquals([body.complete, completed], [true, 1]);
  assert((await reader.read()).done);
  assertEquals(completed, 1);
  const late = connected();
  const waiting = new RequestBody(late.source, 3, { ...LIMITS, idleMs: 1 });
  const failure = await assertRejects(
    () => waiting.stream!.getReader().read(),
    Refusal,
  );
  assertEquals(waiting.failure, failure);
  assertEquals(body.failure, undefined);
  // Nothing is read before somebody asks for it.
  const idle = connected();
  new RequestBody(idle.source, 3, LIMITS);
  await turn();
  assertEquals(idle.state.pulled, 0);
});
