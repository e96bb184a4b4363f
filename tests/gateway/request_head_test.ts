import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { ClientReader } from "../../lib/gateway/client_reader.ts";
import {
  DEFAULT_LIMITS,
  type GatewayLimits,
} from "../../lib/gateway/limits.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import {
  parseRequestHead,
  readRequestHead,
} from "../../lib/gateway/request_head.ts";
import { Turns } from "../../lib/gateway/turns.ts";

const bytesOf = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));
const parse = (text: string) => parseRequestHead(bytesOf(text));
const head = (...lines: string[]) => `${lines.join("\r\n")}\r\n\r\n`;
const get = (...fields: string[]) =>
  head("GET /x HTTP/1.1", "Host: h", ...fields);

function refusal(text: string): string {
  const error = assertThrows(() => parse(text), Refusal);
  return `${error.status} ${
    error.message.replace(/^davit gateway: (malformed request: )?/, "")
  }`;
}

Deno.test("a request's head gives its method, path, fields, length and what it wants", () => {
  assertEquals(parse(get()), {
    method: "GET",
    target: "/x",
    headers: new Map([["host", "h"]]),
    length: 0,
    expectsContinue: false,
    close: false,
  });
  assertEquals(
    parse(head(
      "POST http://A.b:1/x?y=1 HTTP/1.1",
      "hOST:\t a.B:1 \t",
      "Content-Length: 15",
      "Expect: 100-Continue",
      "Connection: keep-alive, CLOSE ",
      "X-A:",
      "X-B: b  c",
      "X-C:d",
    )),
    {
      method: "POST",
      target: "/x?y=1",
      headers: new Map([
        ["host", "a.B:1"],
        ["content-length", "15"],
        ["expect", "100-Continue"],
        ["connection", "keep-alive, CLOSE"],
        ["x-a", ""],
        ["x-b", "b  c"],
        ["x-c", "d"],
      ]),
      length: 15,
      expectsContinue: true,
      close: true,
    },
  );
  assertEquals(parse(get("Transfer-Encoding: Chunked")).length, undefined);
  assertEquals(parse(get("Connection: closed")).close, false);
});

Deno.test("a field that is a list may stand there more than once, and no other", () => {
  const lists = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "cookie",
    "pragma",
    "te",
    "via",
    "x-docker-expose-session-grpc-method",
  ];
  for (const name of lists) {
    const { headers } = parse(get(`${name}: a `, `${name.toUpperCase()}:\tb`));
    assertEquals(headers.get(name), "a, b");
  }
  for (
    const name of [
      "host",
      "content-length",
      "authorization",
      "x-buildkit-secrets",
      "transfer-encoding",
      "expect",
      "origin",
    ]
  ) {
    assertEquals(
      refusal(get(`${name}: 1`, `${name}: 1`)),
      "400 a header stands there twice",
    );
  }
});

Deno.test("what is no head is refused, each in its own words", () => {
  const field = "400 a header line is none";
  const first = "400 its first line is none of HTTP/1.1";
  const cases: [text: string, words: string][] = [
    [get(" a: b"), "400 a header goes on in a second line"],
    [get("\ta: b"), "400 a header goes on in a second line"],
    [get("a"), field],
    [get(": b"), field],
    [get("a b: c"), field],
    [get("a : c"), field],
    [get("a: \x00"), field],
    [get("a: \x7f"), field],
    [get("a: \x80"), field],
    ["GET /x HTTP/1.1\nHost: h\r\n\r\n", "400 a line does not end in CR LF"],
    [
      "GET /x HTTP/1.1\r\nHost: h\ra\r\n\r\n",
      "400 a line does not end in CR LF",
    ],
    ["GET /x HTTP/1.1\r\nHost: h\r\n", "400 its head has no end"],
    ["\r\n", "400 its head has no end"],
    ["GET /x HTTP/1.1\r\n", "400 its head has no end"],
    [head("get /x HTTP/1.1", "Host: h"), first],
    [head(`${"A".repeat(17)} /x HTTP/1.1`, "Host: h"), first],
    [head("GET  /x HTTP/1.1", "Host: h"), first],
    [head("GET /x", "Host: h"), first],
    [head(" GET /x HTTP/1.1", "Host: h"), first],
    [head("GET /x HTTP/1.1 ", "Host: h"), first],
    [
      head("GET /x HTTP/1.0", "Host: h"),
      "505 HTTP/1.1 is spoken here, and no other",
    ],
    [
      head("GET /x HTTP/2.1", "Host: h"),
      "505 HTTP/1.1 is spoken here, and no other",
    ],
    [head("GET /x HTTP/1.1"), "400 it has no Host, or none that can be one"],
    [
      head("GET /x HTTP/1.1", "Host: a b"),
      "400 it has no Host, or none that can be one",
    ],
    [
      head("GET /x HTTP/1.1", "Host: a/b"),
      "400 it has no Host, or none that can be one",
    ],
    [`${get()}x`, "400 its head has no end"],
    [get("Expect: 200-ok"), "417 that can't be expected here"],
    [
      get(`Connection: ${"a".repeat(1025)}`),
      "431 its Connection field is too long",
    ],
    [
      head("GET x HTTP/1.1", "Host: h"),
      "400 its target is no path of this server",
    ],
    [
      head("GET * HTTP/1.1", "Host: h"),
      "400 its target is no path of this server",
    ],
    [
      head("GET http://other/x HTTP/1.1", "Host: h"),
      "400 its target is no path of this server",
    ],
    [
      head("GET http://h HTTP/1.1", "Host: h"),
      "400 its target is no path of this server",
    ],
    [
      head("GET /\x80 HTTP/1.1", "Host: h"),
      "400 its target is no path of this server",
    ],
    [
      get("Transfer-Encoding: chunked", "Content-Length: 1"),
      "400 its body has two lengths",
    ],
    [
      get("Transfer-Encoding: gzip"),
      "400 its body has a transfer coding other than chunked",
    ],
    [get("Content-Length: 1 1"), "400 the length of its body is no number"],
    [get("Content-Length: -1"), "400 the length of its body is no number"],
    [get("Content-Length:"), "400 the length of its body is no number"],
    [
      get(`Content-Length: ${"1".repeat(16)}`),
      "400 the length of its body is no number",
    ],
  ];
  for (const [text, words] of cases) assertEquals(refusal(text), words, text);
  // The last that passes, beside each bound.
  assertEquals(
    parse(head(`${"A".repeat(16)} / HTTP/1.1`, "Host: ")).target,
    "/",
  );
  assertEquals(
    parse(get(`Content-Length: ${"1".repeat(15)}`)).length,
    111_111_111_111_111,
  );
  parse(get(`Connection: ${"a".repeat(1024)}`));
  parse(head("GET /x HTTP/1.1", "Host: [::1%25a]:1_-.Z"));
});

Deno.test("a head has 256 fields at the most", () => {
  const fields = (count: number) =>
    Array.from({ length: count }, (_, at) => `x-${at}: 1`);
  // Host is one of them.
  assertEquals(parse(get(...fields(255))).headers.size, 256);
  for (const count of [256, 257, 258, 1000]) {
    assertEquals(
      refusal(get(...fields(count))),
      "431 the request's head has more than 256 fields",
    );
  }
});

/** What is read of a connection that sends these pieces and hangs up. */
function source(...pieces: (string | Error)[]): ClientReader {
  return new ClientReader(
    new ReadableStream({
      pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else if (piece instanceof Error) controller.error(piece);
        else controller.enqueue(bytesOf(piece));
      },
    }, { highWaterMark: 0 }),
  );
}

const read = (from: ClientReader, limits: Partial<GatewayLimits> = {}) =>
  readRequestHead(from, { ...DEFAULT_LIMITS, ...limits }, new Turns());

Deno.test("a head is found at every cut, and what is behind it is left", async () => {
  const text = get("A: b");
  for (let at = 1; at < text.length; at++) {
    for (const rest of ["", "rest"]) {
      const from = source(text.slice(0, at), text.slice(at) + rest, "more");
      assertEquals((await read(from))?.headers.get("a"), "b");
      const left = await from.read(1000);
      assertEquals(
        new TextDecoder().decode(left!),
        rest === "" ? "more" : rest,
      );
    }
  }
  // One byte at a time, and larger than what is kept for it first.
  const long = get(
    ...Array.from({ length: 9 }, (_, at) => `x-${at}: ${"y".repeat(1000)}`),
  );
  const slow = source(...get("A: b"));
  assertEquals((await read(slow))?.headers.get("a"), "b");
  const cut = source(
    long.slice(0, 3000),
    long.slice(3000, 8000),
    long.slice(8000),
  );
  assertEquals((await read(cut))?.headers.get("x-8"), "y".repeat(1000));
});

Deno.test("a line end before a head is passed over, once, and a head ends at a wrong one, too", async () => {
  assertEquals((await read(source("\r\n", get())))?.target, "/x");
  assertEquals((await read(source("\r\n" + get())))?.target, "/x");
  await assertRejects(
    () => read(source("\r\n\r\n" + get())),
    Refusal,
    "no end",
  );
  assertEquals(await read(source("\r\n")), null);
  assertEquals(await read(source()), null);
  // None of these is waited behind: the connection stays open.
  for (
    const text of [
      "\n",
      "GET /x HTTP/1.1\n",
      "GET /x HTTP/1.1\r\n\n",
      "a\r\n\n",
    ]
  ) {
    for (const cut of [0, text.length - 1]) {
      const pieces = [text.slice(0, cut), `${text.slice(cut)}xxxx`];
      const open = new ClientReader(
        new ReadableStream({
          start(controller) {
            for (const piece of pieces) {
              if (piece !== "") controller.enqueue(bytesOf(piece));
            }
          },
        }),
      );
      await assertRejects(
        () => read(open, { headMs: 500 }),
        Refusal,
        "a line does not end in CR LF",
      );
    }
  }
  await assertRejects(
    () => read(source(get().slice(0, -2))),
    Refusal,
    "it ends within its head",
  );
});

Deno.test("a head is as long as it may be, and no byte longer", async () => {
  const limits = { maxHeaderBytes: 2000 };
  const sized = (bytes: number) => {
    const rest = bytes - get("A: ").length;
    return get(`A: ${"b".repeat(rest)}`);
  };
  for (const behind of ["", "rest"]) {
    assert(await read(source(sized(2000) + behind), limits));
    await assertRejects(
      () => read(source(sized(2001) + behind), limits),
      Refusal,
      "the request's head has more than 2000 bytes",
    );
  }
  // It need not be whole for that.
  const { status } = await assertRejects(
    () => read(source("a".repeat(2001)), limits),
    Refusal,
    "more than 2000 bytes",
  );
  assertEquals(status, 431);
  await assertRejects(
    () => read(source("a".repeat(2000)), limits),
    Refusal,
    "it ends within its head",
  );
});

Deno.test("an idle connection ends without a word; one that dribbles is told, however often it goes on", async () => {
  const silent = new ClientReader(new ReadableStream());
  assertEquals(await read(silent, { idleMs: 1 }), null);
  const broken = new TypeError("reset");
  assertEquals(await read(source(broken)).catch((error) => error), broken);
  let sent = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const dribbling = new ClientReader(
    new ReadableStream({
      async pull(controller) {
        if (sent++ > 0) {
          await new Promise((resolve) => timer = setTimeout(resolve, 10));
        }
        controller.enqueue(bytesOf("a"));
      },
    }, { highWaterMark: 0 }),
  );
  const error = await assertRejects(
    () => read(dribbling, { headMs: 60, idleMs: 1000, maxHeaderBytes: 2000 }),
    Refusal,
    "did not go on in time",
  );
  assertEquals(error.status, 408);
  await dribbling.cancel();
  clearTimeout(timer);
});

Deno.test("large heads wait for each other, and small ones for none", async () => {
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  const turns = new Turns();
  turns.take = () => {
    taken++;
    return gate.promise;
  };
  const sized = (bytes: number) =>
    get(`A: ${"b".repeat(bytes - get("A: ").length)}`);
  await readRequestHead(source(sized(16_384)), DEFAULT_LIMITS, turns);
  assertEquals(taken, 0);
  let isRead = false;
  const reading = readRequestHead(source(sized(16_385)), DEFAULT_LIMITS, turns)
    .then(() => isRead = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([taken, isRead], [1, false]);
  gate.resolve();
  await reading;
});

Deno.test("a head that comes in a while is waited for", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const [first, second] = [get("A: b").slice(0, 10), get("A: b").slice(10)];
  let sent = 0;
  const slow = new ClientReader(
    new ReadableStream({
      async pull(controller) {
        if (sent++ === 0) return controller.enqueue(bytesOf(first));
        await promise;
        controller.enqueue(bytesOf(second));
      },
    }, { highWaterMark: 0 }),
  );
  const reading = read(slow);
  setTimeout(resolve, 5);
  await promise;
  assertEquals((await reading)?.headers.get("a"), "b");
});
