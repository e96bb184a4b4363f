/** One connection to BuildKit's API for all builds of an engine. */
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { holdConnection } from "../../lib/buildkit/connection.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { Engine } from "../../lib/engine/engine.ts";
import {
  ConnectionError,
  EngineError,
  ProtocolError,
  UnsupportedError,
} from "../../lib/errors.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type FakeRequest, startFakeEngine } from "../support/fake_engine.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { until } from "../support/until.ts";
import { NEVER } from "./engine_builds.ts";
import { answer, ScriptedEngine } from "./scripted_engine.ts";

const NOTHING = new Uint8Array();

Deno.test("builds of one engine share a connection, which the last one closes", async () => {
  await using scripted = new ScriptedEngine({ ListWorkers: answer(NOTHING) });
  const { engine } = scripted;
  const hold = () => holdConnection(buildkitOf(engine), { signal: NEVER });
  // Also those that come while it is opened.
  const [first, second] = await Promise.all([hold(), hold()]);
  const third = await hold();
  assertEquals(first.client === second.client, true);
  assertEquals(first.client === third.client, true);
  assertEquals(scripted.upgrades, [
    ["/v1.51/grpc", {
      protocol: "h2c",
      headers: [],
      signal: scripted.upgrades[0]![1].signal,
    }],
  ]);
  await first.release();
  await first.release(); // counts once
  await second.release();
  assertEquals(third.client.takesCalls, true);
  let over = false;
  void third.client.closed.then(() => over = true);
  await third.release();
  assertEquals(over, true);
  assertEquals(third.client.takesCalls, false);
  assertEquals((await third.client.closed).reason, "local");
  // The next one opens another.
  const fourth = await hold();
  assertEquals(scripted.connections.length, 2);
  await fourth.release();
});

Deno.test("engines have connections of their own", async () => {
  await using one = new ScriptedEngine({});
  await using other = new ScriptedEngine({});
  const held = await holdConnection(buildkitOf(one.engine), { signal: NEVER });
  const further = await holdConnection(buildkitOf(other.engine), {
    signal: NEVER,
  });
  assertEquals(held.client === further.client, false);
  await held.release();
  assertEquals(further.client.takesCalls, true);
  await further.release();
});

Deno.test("a connection that has ended is not given to the next build", async () => {
  await using scripted = new ScriptedEngine({ ListWorkers: answer(NOTHING) });
  const { engine } = scripted;
  const lost = await openControl(buildkitOf(engine), { signal: NEVER });
  await lost.workers({ signal: NEVER });
  await scripted.connections[0]!.server.close();
  await assertRejects(() => lost.workers({ signal: NEVER }), ConnectionError);
  await using next = await openControl(buildkitOf(engine), { signal: NEVER });
  assertEquals(await next.workers({ signal: NEVER }), []);
  // Giving the lost one back does not close the other.
  await lost[Symbol.asyncDispose]();
  assertEquals(await next.workers({ signal: NEVER }), []);
  assertEquals(scripted.connections.length, 2);
});

Deno.test("after GOAWAY running calls go on, and the next build gets another connection", async () => {
  const go = Promise.withResolvers<void>();
  await using scripted = new ScriptedEngine({
    async ListWorkers(stream) {
      await go.promise;
      await answer(NOTHING)(stream);
    },
    Info: answer(NOTHING),
  });
  const { engine } = scripted;
  const old = await holdConnection(buildkitOf(engine), { signal: NEVER });
  await using control = await openControl(buildkitOf(engine), {
    signal: NEVER,
  });
  const running = control.workers({ signal: NEVER });
  await until(() => scripted.calls.length === 1, "the call came");
  await scripted.connections[0]!.goAway(1);
  await until(() => !old.client.takesCalls, "the client knows");
  await using next = await openControl(buildkitOf(engine), { signal: NEVER });
  assertEquals(await next.version({ signal: NEVER }), undefined);
  assertEquals(scripted.connections.length, 2);
  go.resolve();
  assertEquals(await running, []);
  await old.release();
});

Deno.test("a wait for the connection is given up alone, and the opening when nobody waits", async () => {
  const opening: { signal: AbortSignal; open: () => void }[] = [];
  let ended = false;
  await using scripted = new ScriptedEngine(
    {},
    {},
    (connect, { signal }) =>
      new Promise((resolve, reject) => {
        let open = false;
        signal!.addEventListener("abort", () => {
          if (open) return;
          // Some time passes before a transport has ended what it began.
          setTimeout(() => {
            ended = true;
            reject(signal!.reason);
          }, 5);
        });
        opening.push({
          signal: signal!,
          open() {
            open = true;
            resolve(connect());
          },
        });
      }),
  );
  const { engine } = scripted;
  const [a, b, c] = [0, 1, 2].map(() => new AbortController());
  const first = holdConnection(buildkitOf(engine), { signal: a!.signal });
  const second = holdConnection(buildkitOf(engine), { signal: b!.signal });
  await until(() => opening.length === 1, "it is opened");
  a!.abort(new Error("no more"));
  await assertRejects(() => first, Error, "no more");
  assertEquals(opening[0]!.signal.aborted, false);
  b!.abort(new Error("nor I"));
  await assertRejects(() => second, Error, "nor I");
  assertEquals(ended, true);
  assertEquals(opening[0]!.signal.aborted, true);
  // Who comes then waits for another.
  const third = holdConnection(buildkitOf(engine), { signal: c!.signal });
  await until(() => opening.length === 2, "it is opened again");
  opening[1]!.open();
  await (await third).release();
  // Nothing is opened for an abort that came before.
  await assertRejects(
    () => holdConnection(buildkitOf(engine), { signal: a!.signal }),
    Error,
    "no more",
  );
  assertEquals(scripted.upgrades.length, 2);
});

Deno.test("no timer is left of an opening, whatever came of it", async () => {
  using clock = new StandingClock();
  let fail = true;
  await using scripted = new ScriptedEngine({}, {}, (connect) => {
    if (fail) throw new ConnectionError("gone");
    return connect();
  });
  const hold = () =>
    holdConnection(buildkitOf(scripted.engine), { signal: NEVER });
  await assertRejects(hold, ConnectionError);
  assertEquals(clock.waits, []);
  fail = false;
  const held = await hold();
  // The server's SETTINGS are here: that timer is gone, too.
  await clock.settle();
  assertEquals(clock.waits, []);
  await held.release();
});

Deno.test("a failed opening is told to all who wait for it, and is not kept", async () => {
  let fail = true;
  await using scripted = new ScriptedEngine({}, {}, (connect) => {
    if (fail) throw new ConnectionError("gone");
    return connect();
  });
  const { engine } = scripted;
  const hold = () => holdConnection(buildkitOf(engine), { signal: NEVER });
  const both = await Promise.allSettled([hold(), hold()]);
  assertEquals(both.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(scripted.upgrades.length, 1);
  fail = false;
  await (await hold()).release();
  assertEquals(scripted.upgrades.length, 2);
});

/** What opening the API behind a socket fails with that answers like this. */
async function failure(
  answer: (request: FakeRequest) => Promise<void> | void,
  timeout?: number,
): Promise<Error> {
  await using fake = await startFakeEngine(answer);
  const path = fake.host.slice("unix://".length);
  const transport = await connectEndpoint({ kind: "unix", path });
  const engine = new Engine(transport);
  try {
    return await assertRejects(
      () => holdConnection(buildkitOf(engine), { signal: NEVER, timeout }),
      Error,
    );
  } finally {
    await transport.close();
    assertEquals(
      fake.requests.map(({ target }) => target),
      ["/v1.41/grpc"],
    );
  }
}

function head(status: string, body = ""): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

Deno.test("an engine or a proxy without the API is told from one that answers something else", async () => {
  for (
    const [status, type, words] of [
      ["403 Forbidden", UnsupportedError, ["it answered 403: not you"]],
      ["404 Not Found", UnsupportedError, ["it answered 404: not you"]],
      ["405 Method Not Allowed", UnsupportedError, ["405"]],
      ["501 Not Implemented", UnsupportedError, ["501"]],
      ["200 OK", ProtocolError, ["status 200", "something between"]],
      ["301 Moved Permanently", ProtocolError, ["status 301"]],
      ["399 Odd", ProtocolError, ["status 399"]],
      ["400 Bad Request", EngineError, ["status 400: not you"]],
      ["500 Internal Server Error", EngineError, ["status 500: not you"]],
    ] as const
  ) {
    const error = await failure((request) =>
      request.write(head(status, "not you"))
    );
    assert(error instanceof type, `${status}: ${error}`);
    for (const part of words) assert(error.message.includes(part), `${error}`);
    if (error instanceof UnsupportedError) {
      assertEquals(error.feature, "BuildKit's API");
      assert(error.message.includes("let a proxy before it pass POST /grpc"));
      assert(error.cause instanceof EngineError);
    }
  }
});

Deno.test("an engine that hangs up, or does not answer, is a ConnectionError within the time limit", async () => {
  const hungUp = await failure((request) => request.close());
  assert(hungUp instanceof ConnectionError, `${hungUp}`);
  const silent = await failure(
    (request) => Array.fromAsync(request.body()).then(() => {}),
    50,
  );
  assert(silent instanceof ConnectionError, `${silent}`);
  assert(
    silent.message.includes("did not answer within 0.05 seconds"),
    silent.message,
  );
});

Deno.test("without a transport that can take a connection over there is no API", async () => {
  const engine = new Engine({
    fetch: () => Promise.reject(new Error("not asked")),
    close() {},
  });
  const error = await assertRejects(
    () => holdConnection(buildkitOf(engine), { signal: NEVER }),
    UnsupportedError,
  );
  assert(error.message.includes("the given transport"), error.message);
  assert(error.message.includes("can not take a connection over"));
  assertEquals(error.cause, undefined);
});
