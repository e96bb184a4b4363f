/** A daemon's connection and sessions, in memory. */
import { holdConnection } from "../../lib/buildkit/connection.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import type { Connector } from "../../lib/builder/connector.ts";
import { type BuildkitDaemon, daemonAt } from "../../lib/builder/daemon.ts";
import { ConnectionError, ProtocolError } from "../../lib/errors.ts";
import { framePrefix } from "../../lib/grpc/frame.ts";
import { type Http2Stream, serveHttp2 } from "../../lib/http2/server.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import {
  type Answer,
  answer,
  refuse,
  say,
} from "../buildkit/scripted_engine.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { shortSilence } from "../support/short_silence.ts";
import { until } from "../support/until.ts";

const { signal: NEVER } = new AbortController();

/** A daemon whose methods answer so, by the end of their path. */
class ScriptedDaemon implements AsyncDisposable {
  readonly daemon: BuildkitDaemon;
  readonly calls: Http2Stream[] = [];
  readonly closes: Promise<unknown>[] = [];
  readonly #servers: { close(): Promise<void> }[] = [];

  constructor(
    answers: Readonly<Record<string, Answer>>,
    connector: Partial<Connector> = {},
  ) {
    this.daemon = daemonAt("tcp://scripted:1", {
      isHere: false,
      isPlain: true,
      scheme: "https",
      dial: () => Promise.resolve(this.#connect(answers)),
      explain: () => undefined,
      close: () => Promise.resolve(),
      ...connector,
    });
  }

  get connections(): number {
    return this.#servers.length;
  }

  #connect(answers: Readonly<Record<string, Answer>>): ByteDuplex {
    const [ours, theirs] = duplexPair();
    const server = serveHttp2(theirs, async (stream) => {
      this.calls.push(stream);
      const path = stream.get(":path")!;
      await answers[path.slice(path.lastIndexOf("/") + 1)]?.(stream);
    });
    this.#servers.push(server);
    this.closes.push(server.closed);
    return ours;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.close();
  }
}

const HEADERS: [string, string][] = [
  ["X-Docker-Expose-Session-Uuid", "abc"],
  ["X-Docker-Expose-Session-Sharedkey", ""],
  ["X-Docker-Expose-Session-Grpc-Method", "/a/B"],
  ["X-Docker-Expose-Session-Grpc-Method", "/a/C"],
];

/** `BytesMessage` with this text. */
function bytesMessage(text: string): Uint8Array {
  const data = new TextEncoder().encode(text);
  return new Uint8Array([0x0a, data.length, ...data]);
}

Deno.test("a session is a call on the connection of the builds, which it keeps open", async () => {
  await using scripted = new ScriptedDaemon({
    async Session(stream) {
      say(stream, bytesMessage("hello"));
      const chunks: number[] = [];
      for (;;) {
        const chunk = await stream.read();
        if (chunk === null) break;
        chunks.push(...chunk);
      }
      const heard = new Uint8Array(chunks);
      stream.write(framePrefix(heard.length - 5), heard.slice(5));
      stream.end([["grpc-status", "0"]]);
    },
    ListWorkers: answer(new Uint8Array()),
  });
  const { daemon } = scripted;
  const duplex = await daemon.dialSession(HEADERS, NEVER);
  const [call] = scripted.calls;
  assertEquals(
    ["path", "scheme"].map((name) => call!.get(`:${name}`)),
    ["/moby.buildkit.v1.Control/Session", "https"],
  );
  assertEquals(
    call!.headers.filter(([name]) => name.startsWith("x-docker")),
    HEADERS.map(([name, value]): [string, string] => [
      name.toLowerCase(),
      value,
    ]),
  );
  // A build takes part in the same connection, and ends before the session.
  const control = await openControl(daemon, { signal: NEVER });
  assertEquals(await control.workers({ signal: NEVER }), []);
  await control[Symbol.asyncDispose]();
  assertEquals(scripted.connections, 1);
  const writer = duplex.writable.getWriter();
  await writer.write(new TextEncoder().encode("and back"));
  await writer.close();
  const text = await new Response(duplex.readable as never).text();
  assertEquals(text, "helloand back");
  // With the session's end the connection is closed.
  await scripted.closes[0];
  assertEquals((await daemon.dialSession(HEADERS, NEVER)) !== undefined, true);
  assertEquals(scripted.connections, 2);
});

Deno.test("a session that is given up gives the connection back", async () => {
  for (
    const giveUp of [
      (duplex: ByteDuplex) => duplex.readable.cancel(),
      (duplex: ByteDuplex) => duplex.writable.abort(),
      (duplex: ByteDuplex) => duplex.close?.(),
    ]
  ) {
    await using scripted = new ScriptedDaemon({
      Session: (stream) => say(stream, bytesMessage("x")),
    });
    const duplex = await scripted.daemon.dialSession(HEADERS, NEVER);
    await giveUp(duplex);
    await scripted.closes[0];
  }
});

Deno.test("a session that is refused, or is waited for no longer, is an error and leaves nothing", async () => {
  {
    await using scripted = new ScriptedDaemon({
      Session: refuse(12, "unknown method Session"),
    });
    const error = await assertRejects(
      () => scripted.daemon.dialSession(HEADERS, NEVER),
      SolveError,
    );
    assertEquals([error.code, error.detail], [12, "unknown method Session"]);
    await scripted.closes[0];
  }
  {
    await using scripted = new ScriptedDaemon({ Session: () => {} });
    const abort = new AbortController();
    const waiting = scripted.daemon.dialSession(HEADERS, abort.signal);
    await until(() => scripted.calls.length === 1, "the session is asked for");
    const reason = new Error("enough");
    abort.abort(reason);
    assertEquals(await waiting.catch((error) => error), reason);
    await scripted.closes[0];
  }
});

Deno.test("a daemon counts as reached when it has spoken, and a failure is told in the connector's words", async () => {
  const cases: [Partial<Connector>, string][] = [
    [
      { dial: () => Promise.reject(new Error("no route")) },
      "no route; is it a BuildKit daemon, and is it running?",
    ],
    [{
      dial: () => Promise.reject(new Error("no route")),
      explain: ({ message }) => `it is far (${message})`,
    }, "it is far (no route)"],
    [{
      dial: () => Promise.resolve(hangsUp()),
      explain: ({ message }) => Promise.resolve(`no word: ${message}`),
    }, "no word: Connection was closed by the peer"],
    [
      { dial: () => Promise.resolve(speaks("HTTP/1.1 301 Moved\r\n\r\n")) },
      "what listens there speaks HTTP/1.1, so it is no BuildKit daemon; is it an engine's address? Engines are reached by DockerClient, or by davit's --host",
    ],
    [
      { dial: () => Promise.resolve(speaks("220 mail.test ESMTP\r\n")) },
      'Peer does not speak HTTP/2, its bytes are "220 mail.test ESMTP??": Frame of 3289648 bytes is longer than 16384; is it a BuildKit daemon, and is it running?',
    ],
  ];
  for (const [connector, words] of cases) {
    await using scripted = new ScriptedDaemon({}, connector);
    const { message } = await assertRejects(
      () => holdConnection(scripted.daemon, { signal: NEVER }),
      ConnectionError,
    );
    assertEquals(
      message,
      `Cannot reach the BuildKit daemon at tcp://scripted:1: ${words}`,
    );
  }
  // One that says what it is already is told as it is, and so is an abort.
  const own = new ConnectionError("it is away");
  await using scripted = new ScriptedDaemon({}, {
    dial: () => Promise.reject(own),
    explain: () => "not asked",
  });
  const hold = () => holdConnection(scripted.daemon, { signal: NEVER });
  assertEquals(await hold().catch((error) => error), own);
  await using silent = new ScriptedDaemon({}, {
    dial: () => Promise.resolve(duplexPair()[0]),
  });
  const abort = new AbortController();
  const waiting = holdConnection(silent.daemon, { signal: abort.signal });
  const reason = new Error("enough");
  abort.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
  assert(!silent.daemon.isHere && silent.daemon.isPlain);
});

Deno.test("a daemon has 25 seconds for its first words, and fifteen twice for a sign of life", async () => {
  using clock = new StandingClock();
  {
    await using silent = new ScriptedDaemon({}, {
      dial: () => Promise.resolve(duplexPair()[0]),
    });
    const failed = holdConnection(silent.daemon, { signal: NEVER })
      .catch((error) => error);
    await clock.pass(24_999);
    assertEquals(clock.waits[0], 1);
    await clock.pass(1);
    // The connection is closed, with time for its last frames.
    await clock.pass(5_000);
    const { message } = await failed;
    assert(message.includes("no SETTINGS within 25000 ms"), message);
  }
  const [ours, theirs] = duplexPair();
  await using scripted = new ScriptedDaemon({}, {
    dial: () => Promise.resolve(ours),
  });
  const writer = theirs.writable.getWriter();
  void writer.write(new Uint8Array([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  void theirs.readable.pipeTo(new WritableStream()).catch(() => {});
  const control = await openControl(scripted.daemon, { signal: NEVER });
  // A build has no time limit of its own.
  const failed = control.solve({ ref: "r", internal: true }, { signal: NEVER })
    .catch((error) => error);
  await clock.pass(29_999);
  assertEquals(clock.waits, [1]);
  await clock.pass(1);
  await clock.pass(5_000);
  const { message } = await failed;
  assert(message.includes("sent nothing for 30 seconds"), message);
  await control[Symbol.asyncDispose]();
});

/** A connection whose peer says this, and no more. */
function speaks(words: string): ByteDuplex {
  return {
    readable: new Response(words).body!,
    writable: new WritableStream(),
  };
}

/** A connection whose peer has gone. */
function hangsUp(): ByteDuplex {
  return {
    readable: new ReadableStream({ start: (stream) => stream.close() }),
    writable: new WritableStream(),
  };
}

Deno.test("answers of a daemon that are none are refused in words, however they are wrong", async () => {
  const HEAD: [string, string][] = [
    [":status", "200"],
    ["content-type", "application/grpc"],
  ];
  const saying = (
    pieces: readonly number[][],
    trailers: [string, string][] = [["grpc-status", "0"]],
  ): Answer =>
  async (stream) => {
    await stream.respond(HEAD);
    for (const piece of pieces) await stream.write(new Uint8Array(piece));
    await stream.end(trailers)?.catch(() => {}); // they may be too many
  };
  const empty = [0, 0, 0, 0, 0];
  for (
    const [given, words] of [
      [saying([[0, 0, 0, 0, 2, 0x0a, 0x7f]]), "can't be read"],
      [saying([[0, 255, 255, 255, 255, 1]]), "message of 4294967295 bytes"],
      [saying([[0, 1, 0, 0, 1]]), "at most 16777216 are taken"],
      [saying([]), "with no message"],
      [saying([empty, empty]), "more than one message"],
      [saying([empty], [["grpc-status", "99"]]), "a status that is none: 99"],
      [
        saying(
          [empty],
          Array.from({ length: 2_000 }, (_, i) => [`x-${i}`, "y".repeat(500)]),
        ),
        "without a status",
      ],
    ] as const
  ) {
    await using scripted = new ScriptedDaemon({ ListWorkers: given });
    await using control = await openControl(scripted.daemon, { signal: NEVER });
    const error = await assertRejects(
      () => control.workers({ signal: NEVER }),
      ProtocolError,
      words,
    );
    assert(error.message.includes("BuildKit at tcp://scripted:1"));
  }
});

Deno.test("a daemon that takes the connection and is silent is told of", async () => {
  using silences = shortSilence();
  const told: unknown[] = [];
  let over = 0;
  const [ours, theirs] = duplexPair();
  const daemon = daemonAt("tcp://silent:1", {
    isHere: false,
    isPlain: true,
    scheme: "http",
    dial: () => Promise.resolve(ours),
    explain: () => undefined,
    close: () => Promise.resolve(),
  }, {
    onSilence(silence) {
      told.push(silence);
      return () => over++;
    },
  });
  const abort = new AbortController();
  const control = openControl(daemon, { signal: abort.signal });
  await silences.pass();
  assertEquals(told, [
    { where: "tcp://silent:1", what: "a new connection", seconds: 10 },
  ]);
  abort.abort(new Error("enough"));
  await assertRejects(() => control, Error, "enough");
  await until(() => over === 1, "the waiting is over");
  await theirs.readable.cancel();
});
