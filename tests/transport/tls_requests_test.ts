import { openTlsClient } from "../../lib/transport/tls_client.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { until } from "../support/until.ts";

const decoder = new TextDecoder();

/** A connection in memory, and what its server sees and says. */
class Line {
  /** What the client has sent. */
  text = "";
  closed = false;
  /** What a write waits for. */
  writing: Promise<void> | undefined;
  readonly #said: (Uint8Array | null)[] = [];
  #wake = () => {};

  readonly conn = {
    read: async (buffer: Uint8Array) => {
      while (this.#said.length === 0) {
        if (this.closed) throw new Deno.errors.BadResource("closed");
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      const next = this.#said.shift()!;
      if (next === null) return null;
      buffer.set(next);
      return next.length;
    },
    write: async (bytes: Uint8Array) => {
      await this.writing;
      if (bytes.length > 1000) { // others have their turn, as with a socket
        await new Promise((resolve) => setTimeout(resolve));
      } else this.text += decoder.decode(bytes);
      return bytes.length;
    },
    closeWrite: () => Promise.resolve(),
    close: () => {
      this.closed = true;
      this.#wake();
    },
    ref() {},
    unref() {},
  } as unknown as Deno.Conn;

  say(text: string | null): void {
    this.#said.push(text === null ? null : new TextEncoder().encode(text));
    this.#wake();
  }

  sent(words: string): Promise<unknown> {
    return until(() => this.text.includes(words), `${words} was sent`);
  }
}

function opened() {
  const lines: Line[] = [];
  const client = openTlsClient({ hostname: "::1", port: 99, tls: {} }, () => {
    const line = new Line();
    lines.push(line);
    return Promise.resolve(line.conn);
  });
  const line = (at = 0) => until(() => lines[at], "it has dialled");
  return { client, lines, line };
}

const OK = "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok";

Deno.test("TLS requests say what was given, and what makes them whole", async () => {
  const { client, line, lines } = opened();
  for (
    const [init, expected] of [
      [{}, ["GET /a HTTP/1.1", "host: [::1]:99"]],
      [
        { method: "POST", body: "ü", headers: { "X-A": "1" } },
        [
          "POST /a HTTP/1.1",
          "host: [::1]:99",
          "content-length: 2",
          "content-type: text/plain;charset=UTF-8",
          "x-a: 1",
          "\r\n\r\nü",
        ],
      ],
      [
        {
          method: "POST",
          body: new Blob(["abc"]).stream(),
          headers: { "content-type": "application/x-tar" },
        },
        [
          "POST /a HTTP/1.1",
          "content-type: application/x-tar",
          "transfer-encoding: chunked",
          "\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ],
      ],
    ] as const
  ) {
    const asking = client.fetch("/a", init as RequestInit);
    const one = await line();
    await one.sent(
      expected.at(-1)!.toLowerCase().includes("host")
        ? "\r\n\r\n"
        : expected.at(-1)!.startsWith("\r\n")
        ? expected.at(-1)!
        : "\r\n\r\n",
    );
    const text = one.text;
    one.text = "";
    one.say(OK);
    const response = await asking;
    assertEquals([response.status, response.statusText], [200, "Fine"]);
    assertEquals(await response.text(), "ok");
    for (const words of expected) {
      assert(
        text.toLowerCase().includes(words.toLowerCase()),
        `${words} in ${text}`,
      );
    }
    assertEquals(
      text.includes("content-length"),
      "body" in init &&
        typeof init.body === "string",
    );
  }
  // One connection was kept for all of them.
  assertEquals(lines.length, 1);
  client.close();
  await until(() => lines[0]!.closed, "it is closed");
});

Deno.test("TLS answers have their headers, each as often as it came", async () => {
  const { client, line } = opened();
  const asking = client.fetch("/", {});
  const one = await line();
  one.say(
    "HTTP/1.1 404 Not Found\r\nA: 1\r\nA: 2\r\nB: 3\r\nContent-Length: 0\r\n\r\n",
  );
  const { status, headers, body } = await asking;
  assertEquals([status, headers.get("a"), headers.get("b")], [
    404,
    "1, 2",
    "3",
  ]);
  await body?.cancel();
  client.close();
});

Deno.test("TLS answers without a body have none, and their connection is kept", async () => {
  for (const status of [204, 205, 304]) {
    const { client, lines, line } = opened();
    for (const _ of [1, 2, 3]) {
      const asking = client.fetch("/", {});
      const one = await line();
      await one.sent("\r\n\r\n");
      one.text = "";
      one.say(
        `HTTP/1.1 ${status} \r\n${
          status === 205 ? "Content-Length: 0\r\n" : ""
        }\r\n`,
      );
      const response = await asking;
      assertEquals([response.status, response.body], [status, null]);
      // It is free as soon as the client has seen the end.
      await new Promise((resolve) => setTimeout(resolve));
    }
    assertEquals(lines.length, 1);
    client.close();
  }
});

Deno.test("a TLS request is given up with its signal, at any moment", async () => {
  const reason = new Error("given up");
  const before = opened();
  assertEquals(
    await assertRejects(() =>
      before.client.fetch("/", { signal: AbortSignal.abort(reason) })
    ),
    reason,
  );
  assertEquals(before.lines, []);

  for (const begun of [false, true]) {
    const { client, line } = opened();
    const controller = new AbortController();
    const asking = client.fetch("/", { signal: controller.signal });
    const one = await line();
    await one.sent("\r\n\r\n");
    if (begun) {
      one.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
      const reader = (await asking).body!.getReader();
      await reader.read();
      controller.abort(reason);
      assertEquals(await assertRejects(() => reader.read()), reason);
    } else {
      controller.abort(reason);
      assertEquals(await assertRejects(() => asking), reason);
    }
    await until(() => one.closed, "the connection is closed");
    client.close();
  }
});

Deno.test("a TLS request leaves nothing at a signal that lives on", async () => {
  for (const answer of [OK, "HTTP/1.1 204 \r\n\r\n", null]) {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const { client, line } = opened();
    const asking = client.fetch("/", { signal });
    (await line()).say(answer);
    if (answer === null) {
      const error = await assertRejects(
        () => asking,
        TypeError,
        "fetch failed",
      );
      assert(error.cause instanceof Error);
    } else await (await asking).text();
    await until(() => listeners <= 0, "the listener is gone");
    assertEquals(listeners, 0);
    client.close();
  }
});

Deno.test("a TLS request fails with what its connection, or its body, fails with", async () => {
  const refused = new Error("refused");
  const client = openTlsClient(
    { hostname: "h", port: 1, tls: {} },
    () => Promise.reject(refused),
  );
  const error = await assertRejects(
    () => client.fetch("/", {}),
    TypeError,
    "fetch failed",
  );
  assertEquals(error.cause, refused);
  client.close();

  const { client: other, line } = opened();
  const failure = new Error("no more of it");
  const body = Promise.withResolvers<void>();
  const asking = other.fetch("/", {
    method: "POST",
    body: new ReadableStream({ pull: () => body.promise }),
  });
  const one = await line();
  await one.sent("\r\n\r\n");
  body.reject(failure);
  const told = await assertRejects(() => asking, TypeError, "fetch failed");
  assertEquals(told.cause, failure);
  await until(() => one.closed, "the connection is closed");
  other.close();
});

Deno.test("a TLS request's body is taken as fast as it is sent, and given up with the request", async () => {
  const { client, line } = opened();
  let pulls = 0;
  let given = false;
  const chunk = new Uint8Array(64 * 1024);
  const controller = new AbortController();
  const asking = client.fetch("/", {
    method: "POST",
    signal: controller.signal,
    body: new ReadableStream<Uint8Array>({
      pull: (stream) => {
        pulls++;
        stream.enqueue(chunk);
      },
      cancel: () => void (given = true),
    }, { highWaterMark: 0 }),
  });
  const one = await line();
  await one.sent("\r\n\r\n");
  const stuck = Promise.withResolvers<void>();
  one.writing = stuck.promise;
  const before = pulls;
  for (let turns = 0; turns < 50; turns++) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert(pulls - before < 40, `${pulls - before} pieces for nobody`);
  const stood = pulls;
  one.writing = undefined;
  stuck.resolve();
  await until(() => pulls > stood + 10, "it goes on");
  controller.abort("given up");
  assertEquals(await asking.catch((reason) => reason), "given up");
  await until(() => given, "the body is given up");
  client.close();
});

Deno.test("of the TLS connections that are free, eight are kept", async () => {
  const { client, lines, line } = opened();
  const asking = Array.from({ length: 10 }, () => client.fetch("/", {}));
  await line(9);
  for (const one of lines) one.say(OK);
  for (const response of await Promise.all(asking)) await response.text();
  await until(
    () => lines.filter(({ closed }) => closed).length === 2,
    "two are closed",
  );
  client.close();
  await until(() => lines.every(({ closed }) => closed), "all are closed");
});
