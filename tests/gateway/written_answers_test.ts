import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { AnswerWriter } from "../../lib/gateway/answer.ts";
import { maskedAnswer, maskedError } from "../../lib/gateway/masked_answer.ts";
import { Pace } from "../../lib/gateway/pace.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import type { RequestHead } from "../../lib/gateway/request_head.ts";
import { SecretReports } from "../../lib/gateway/secret_reports.ts";
import { StepContainers } from "../../lib/gateway/step_containers.ts";
import { Engine } from "../../lib/engine/engine.ts";
import type { TextMask } from "../../lib/masks/mask_fields.ts";
import { IMAGE_FIELDS } from "../../lib/masks/answer_fields.ts";
import { ListOf } from "../../lib/masks/field_kind.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { ScriptedEngine } from "../engine/scripted_engine.ts";

const signal = new AbortController().signal;

/** What an answer is written to. */
function written() {
  const chunks: Uint8Array[] = [];
  const state = { closed: false, aborted: false };
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(chunk.slice()),
    close: () => {
      state.closed = true;
    },
    abort: () => {
      state.aborted = true;
    },
  });
  return {
    answer: new AnswerWriter(writable, 1000),
    state,
    text: () => chunks.map((one) => new TextDecoder().decode(one)).join(""),
  };
}

Deno.test("an answer is written byte for byte as HTTP/1.1 wants it", async () => {
  const on = written();
  await on.answer.goOn();
  assertEquals(on.text(), "HTTP/1.1 100 Continue\r\n\r\n");
  assert(!on.answer.begun);
  const json = written();
  await json.answer.json(200, { a: "ä" }, false);
  assert(json.answer.begun);
  assertEquals(
    json.text(),
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"a":"ä"}\n',
  );
  const refused = written();
  await refused.answer.refuse(new Refusal(503, "no", [["Retry-After", "5"]]));
  assertEquals(
    refused.text(),
    'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 17\r\nRetry-After: 5\r\nConnection: close\r\n\r\n{"message":"no"}\n',
  );
  const odd = written();
  await odd.answer.json(299, null, false);
  assert(odd.text().startsWith("HTTP/1.1 299 \r\n"));
});

Deno.test("of an engine's answer the known headers go on, and its body in chunks", async () => {
  const forwarded = async (
    response: Response,
    body: ReadableStream<Uint8Array> | null,
    close: boolean,
    extra: [string, string][] = [],
  ) => {
    const { answer, text } = written();
    await answer.forward(response, body, close, extra);
    return text();
  };
  const known = [
    "api-version",
    "builder-version",
    "cache-control",
    "content-type",
    "docker-experimental",
    "libpod-api-version",
    "ostype",
    "pragma",
    "server",
    "x-docker-size",
  ];
  const headers = new Headers(
    [...known, "x-other", "set-cookie", "content-length"].map((
      name,
    ) => [name, `of ${name}`]),
  );
  const chunks = [
    new Uint8Array(0),
    new TextEncoder().encode("hello"),
    new Uint8Array(0),
    new TextEncoder().encode("x".repeat(26)),
  ];
  assertEquals(
    await forwarded(
      new Response(null, { headers }),
      ReadableStream.from(chunks),
      false,
      [["X-More", "1"]],
    ),
    `HTTP/1.1 200 OK\r\n${
      known.map((name) => `${name}: of ${name}\r\n`).join("")
    }X-More: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a\r\n${
      "x".repeat(26)
    }\r\n0\r\n\r\n`,
  );
  assertEquals(
    await forwarded(new Response(null), null, true),
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  );
  assertEquals(
    await forwarded(new Response(null, { status: 204 }), null, false),
    "HTTP/1.1 204 \r\n\r\n",
  );
});

Deno.test("an answer that is not taken is given up, and what it holds, too", async () => {
  const stuck = new AnswerWriter(
    new WritableStream({ write: () => new Promise(() => {}) }),
    1,
  );
  const error = await assertRejects(
    () => stuck.json(200, {}, false),
    Refusal,
    "the answer is not taken",
  );
  assertEquals(error.status, 408);
  stuck.abort();
  const closing = written();
  await closing.answer.close();
  assert(closing.state.closed);
  const aborting = written();
  aborting.answer.abort();
  await new Promise((resolve) => setTimeout(resolve));
  assert(aborting.state.aborted);
  aborting.answer.abort();
});

/** Runs with a clock of the test's: it goes on by what is waited for. */
async function withClock(
  use: (clock: { now: number; waits: number[] }) => Promise<void>,
): Promise<void> {
  const clock = { now: 1_000_000, waits: [] as number[] };
  const { now } = performance;
  const { setTimeout } = globalThis;
  performance.now = () => clock.now;
  // deno-lint-ignore no-explicit-any -- in the place of the platform's
  (globalThis as any).setTimeout = (done: () => void, ms: number) => {
    clock.waits.push(ms);
    clock.now += ms;
    queueMicrotask(done);
    return 0;
  };
  try {
    await use(clock);
  } finally {
    performance.now = now;
    globalThis.setTimeout = setTimeout;
  }
}

Deno.test("a client may make a second's requests at once, and then one at a time", async () => {
  await withClock(async (clock) => {
    const pace = new Pace(4);
    for (let count = 0; count < 4; count++) await pace.next();
    assertEquals(clock.waits, []);
    for (let count = 0; count < 3; count++) await pace.next();
    assertEquals(clock.waits, [250, 250, 250]);
    // What was not used is not saved up.
    clock.now += 60_000;
    for (let count = 0; count < 5; count++) await pace.next();
    assertEquals(clock.waits, [250, 250, 250, 250]);
  });
});

/** A mask of one word. */
const mask: TextMask = {
  text: (text) => text.replaceAll("hunter2", "***"),
  bytes: (bytes) => bytes,
} as TextMask;

const body = (...parts: string[]) =>
  ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
const textOf = (stream: ReadableStream<Uint8Array>) =>
  new Response(stream as BodyInit).text();

Deno.test("a client that may make a thousand requests in a second waits a millisecond for the next", async () => {
  using clock = new StandingClock();
  const pace = new Pace(1000);
  for (let count = 0; count < 1000; count++) await pace.next();
  let isNext = false;
  const next = pace.next().then(() => isNext = true);
  await clock.settle();
  assertEquals(isNext, false);
  await clock.pass(1);
  assertEquals(isNext, true);
  await next;
});

Deno.test("an error's text is masked, whether it is JSON or not, and has an end", async () => {
  assertEquals(
    await textOf(await maskedError(body('{"message":"a hunt', 'er2"}'), mask)),
    '{"message":"a ***"}',
  );
  assertEquals(
    await textOf(await maskedError(body('{ "message": "a" }'), mask)),
    '{ "message": "a" }',
  );
  assertEquals(
    await textOf(await maskedError(body("plain hunter2 ä"), mask)),
    "plain *** ä",
  );
  const bytes = [...new TextEncoder().encode("ä€")].map((byte) =>
    Uint8Array.of(byte)
  );
  assertEquals(
    await textOf(await maskedError(ReadableStream.from(bytes), mask)),
    "ä€",
  );
  const most = " ".repeat(1024 * 1024 - 2);
  assertEquals(
    (await textOf(await maskedError(body("{}", most), mask))).length,
    1024 * 1024,
  );
  const error = await assertRejects(
    () => maskedError(body("{}", most, " "), mask),
    Refusal,
    "the engine's answer has no end",
  );
  assertEquals(error.status, 502);
});

Deno.test("a document is masked as a whole, small or large, and one that is none is refused", async () => {
  const answer = { fields: IMAGE_FIELDS };
  const masked = async (text: string) =>
    await textOf(await maskedAnswer(body(text), answer, mask, signal));
  for (const padding of [0, 70_000]) {
    const image = {
      Id: "a",
      Config: { Env: ["T=hunter2"], Labels: { hunter2: "x".repeat(padding) } },
    };
    const text = await masked(JSON.stringify(image));
    assert(!text.includes("hunter2"), text.slice(0, 200));
    assert(text.includes("T=***"));
  }
  const same = '{ "Id": "a" }';
  assertEquals(await masked(same), same);
  const error = await assertRejects(
    () => masked("{"),
    Refusal,
    "the engine's answer is not JSON",
  );
  assertEquals(error.status, 502);
});

Deno.test("a document has 32 MiB at the most", async () => {
  const answer = { fields: "kept" } as const;
  const most = 32 * 1024 * 1024;
  const text = `"${"a".repeat(most - 2)}"`;
  const given = await maskedAnswer(body(text), answer, mask, signal);
  let length = 0;
  for await (const chunk of given) length += chunk.length;
  assertEquals(length, most);
  await assertRejects(
    () => maskedAnswer(body(text, " "), answer, mask, signal),
    Refusal,
    "has no end",
  );
});

Deno.test("each text of a large document is looked through once, and parts of a sentence, too", async () => {
  const counts = new Map<string, number>();
  const counting: TextMask = {
    ...mask,
    text(text) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
      return mask.text(text);
    },
  };
  const digest = `sha256:${"0".repeat(64)}`;
  const answer = {
    list: Array.from({ length: 100 }, () => "hunter2 ".repeat(100)),
    said: `hunter2 of ${digest}`,
  };
  const fields = { list: new ListOf("text"), said: "sentence" } as const;
  const given = await textOf(
    await maskedAnswer(
      body(JSON.stringify(answer)),
      { fields },
      counting,
      signal,
    ),
  );
  assertEquals(JSON.parse(given), {
    list: answer.list.map(() => "*** ".repeat(100)),
    said: `*** of ${digest}`,
  });
  assertEquals(counts.get(answer.list[0]!), 1);
});

/** A writer to a client that is gone before its nth piece. */
function broken(nth: number): AnswerWriter {
  let pieces = 0;
  return new AnswerWriter(
    new WritableStream({
      write() {
        if (++pieces === nth) throw new Error("gone");
      },
      close() {
        throw new Error("gone");
      },
    }),
    1000,
  );
}

Deno.test("who writes an answer hears that its client is gone, at each piece of it", async () => {
  await assertRejects(() => broken(1).goOn(), Error, "gone");
  for (const nth of [1, 2]) {
    await assertRejects(() => broken(nth).json(200, 1, false), Error, "gone");
  }
  for (const nth of [1, 2, 3, 4]) {
    await assertRejects(
      () => broken(nth).forward(new Response(), body("a", "b"), false),
      Error,
      "gone",
    );
  }
  await assertRejects(() => broken(0).close(), Error, "gone");
});

Deno.test("who leaves the reports of a build leaves its answer, too", async () => {
  const headers = new Map([[
    "x-davit-secrets",
    "report=0d7f2b6c-6f0e-4a57-9c65-6f3f4b1d2a10",
  ]]);
  const reports = SecretReports.of({ headers } as unknown as RequestHead)!;
  const left = Promise.withResolvers<void>();
  async function* answer() {
    try {
      yield new Uint8Array(1);
      yield new Uint8Array(2);
    } finally {
      await left.promise;
    }
  }
  const reading = reports.between(answer());
  await reading.next();
  let isOver = false;
  const leaving = reading.return(undefined).then(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(isOver, false);
  left.resolve();
  await leaving;
});

Deno.test("the containers that a classic build's steps run in are found in its words, at every cut, the newest 64", async () => {
  const id = (number: number) => number.toString(16).padStart(12, "0");
  const asked: string[] = [];
  const running = new Set<string>();
  const answers = new Map<string, Response>();
  const engine = new Engine(
    new ScriptedEngine(({ path }) => {
      const [, name = ""] = /^\/containers\/(\w+)\/json$/.exec(path) ?? [];
      asked.push(name);
      const own = answers.get(name);
      return own ?? Response.json({ State: { Running: running.has(name) } });
    }),
  );
  const text = ` ---> Running in ${id(1)}\n`;
  for (let at = 0; at <= text.length; at++) {
    const steps = new StepContainers();
    steps.push(new TextEncoder().encode(text.slice(0, at)));
    steps.push(new TextEncoder().encode(text.slice(at)));
    running.add(id(1));
    assertEquals(await steps.run(engine), true);
    running.clear();
    assertEquals(await steps.run(engine), false);
    // What has ended is not asked for again.
    asked.length = 0;
    assertEquals(await steps.run(engine), false);
    assertEquals(asked, []);
  }
  const many = new StepContainers();
  for (let number = 0; number < 66; number++) {
    many.push(new TextEncoder().encode(`Running in ${id(number)}\n`));
  }
  many.push(new TextEncoder().encode(`Running in ${id(2)}\n`));
  assertEquals(await many.run(engine), false);
  assertEquals(asked.length, 64);
  assertEquals([asked[0], asked.at(-1)], [id(3), id(2)]);
  // What is not told can't be waited for.
  for (
    const answer of [
      new Response("{"),
      new Response("null"),
      Response.json({}),
      Response.json({ State: { Running: true } }, { status: 404 }),
      Response.json({ State: { Running: "true" } }),
    ]
  ) {
    answers.set(id(9), answer);
    const steps = new StepContainers();
    steps.push(new TextEncoder().encode(`Running in ${id(9)}`));
    assertEquals(await steps.run(engine), false);
  }
});

Deno.test("reports stand between the lines of an answer as soon as they are there, and none is lost", async () => {
  const token = crypto.randomUUID();
  const head = (value?: string) =>
    ({
      headers: new Map(value === undefined ? [] : [["x-davit-secrets", value]]),
    }) as unknown as RequestHead;
  assertEquals(SecretReports.of(head()), undefined);
  assertEquals([
    SecretReports.areAsked(head()),
    SecretReports.areAsked(head("x")),
  ], [false, true]);
  const wrong = assertThrows(
    () => SecretReports.of(head("x")),
    Refusal,
    "the X-Davit-Secrets header is none",
  );
  assertEquals(wrong.status, 400);
  assertEquals(SecretReports.of(head(`report=${token}`))!.strict, false);
  const reports = SecretReports.of(head(`report=${token}; strict`))!;
  assertEquals(reports.strict, true);
  const use = (id: string) => ({ id, state: "served" }) as const;
  const line = (id: string) =>
    `${
      JSON.stringify({
        id: "x-davit-secret",
        aux: { token, id, state: "served" },
      })
    }\r\n`;
  const gate = Promise.withResolvers<void>();
  let left = false;
  async function* answer() {
    try {
      yield new TextEncoder().encode("first");
      await gate.promise;
      yield new TextEncoder().encode("second");
      yield new TextEncoder().encode("third");
    } finally {
      left = true;
    }
  }
  reports.add(use("a"));
  const told = reports.between(answer());
  const next = async () => {
    const { done, value } = await told.next();
    return done ? "done" : new TextDecoder().decode(value);
  };
  assertEquals([await next(), await next()], [line("a"), "first"]);
  // While the engine says nothing.
  const waiting = next();
  reports.add(use("b"));
  reports.add(use("c"));
  assertEquals([await waiting, await next()], [line("b"), line("c")]);
  gate.resolve();
  assertEquals(await next(), "second");
  await told.return(undefined);
  assertEquals(left, true);
  async function* failing() {
    yield new TextEncoder().encode("first");
    await Promise.resolve();
    throw new TypeError("reset");
  }
  const broken = SecretReports.of(head(`report=${token}`))!.between(failing());
  await broken.next();
  await assertRejects(() => broken.next(), TypeError, "reset");
  const whole = await Array.fromAsync(
    SecretReports.of(head(`report=${token}`))!.between(answer()),
  );
  assertEquals(whole.length, 3);
});
