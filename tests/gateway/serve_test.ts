import type { GatewayOptions } from "../../lib/gateway/gateway.ts";
import { startGateway } from "../../lib/gateway/serve.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { changedEnvironment } from "../support/environment.ts";
import { withSsh } from "../transport/fake_ssh.ts";
import { build, request } from "./attacks.ts";
import { MemoryListener } from "./memory_listener.ts";
import { buildAnswer, RecordingEngine } from "./recording_engine.ts";
import { Served, slowEngine } from "./served.ts";

const PING = request("GET /_ping");
const LAST_PING = request("GET /_ping", ["Connection: close"]);

Deno.test("where there is no room the connection that was idle for the longest is closed, after the time of a request", async () => {
  await using served = await Served.start({ limits: { maxConnections: 2 } });
  const { clock } = served;
  const first = await served.client();
  const second = await served.client();
  await clock.pass(10);
  first.send(PING);
  await clock.pass(40);
  const third = await served.client(PING);
  await clock.pass(49);
  assertEquals([second.closed, third.text], [false, ""]);
  await clock.pass(1);
  assertEquals([first.closed, second.closed], [false, true]);
  assertEquals(third.statuses, [200]);
  first.send(PING);
  await clock.settle();
  assertEquals(first.statuses, [200, 200]);
  // The others have been idle for long enough.
  await clock.pass(1000);
  third.send(PING);
  await clock.settle();
  assertEquals((await served.client(PING)).statuses, [200]);
  assertEquals([first.closed, third.closed], [true, false]);
});

Deno.test("nobody is closed for another a moment before its time", async () => {
  await using served = await Served.start({ limits: { maxConnections: 1 } });
  const idle = await served.client();
  await served.clock.pass(99);
  const other = await served.client(PING);
  assertEquals([idle.closed, other.text], [false, ""]);
  await served.clock.pass(1);
  assertEquals([idle.closed, other.statuses], [true, [200]]);
});

Deno.test("two clients that come at once to where there is no room take two places", async () => {
  await using served = await Served.start({ limits: { maxConnections: 2 } });
  const old = [await served.client(), await served.client()];
  await served.clock.pass(1000);
  const young = [served.listener.connect(), served.listener.connect()];
  for (const client of young) client.send(PING);
  await served.clock.settle();
  assertEquals(young.map(({ statuses }) => statuses), [[200], [200]]);
  assertEquals([...old, ...young].map(({ closed }) => closed), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("a client finds a place as soon as another's connection has ended", async () => {
  await using served = await Served.start({ limits: { maxConnections: 1 } });
  for (let count = 0; count < 3; count++) {
    const client = await served.client(LAST_PING);
    client.end();
    await served.clock.settle();
    assertEquals([client.statuses, client.closed], [[200], true]);
  }
  assertEquals(served.clock.waits, []);
});

Deno.test("who waits for an answer keeps its connection: there is no room for another", async () => {
  const { engine, speak } = slowEngine();
  await using served = await Served.start({
    engine,
    limits: { maxConnections: 1 },
  });
  const busy = await served.client(request("GET /version"));
  await served.clock.pass(1000);
  const other = await served.client(PING);
  assertEquals([other.closed, other.text], [true, ""]);
  speak();
  await served.clock.settle();
  assertEquals([busy.statuses, busy.closed], [[200], false]);
});

Deno.test("a client that waits for room when the gateway stops is not served any more", async () => {
  await using served = await Served.start({ limits: { maxConnections: 1 } });
  const idle = await served.client();
  const waiting = await served.client(PING);
  const stopping = served.gateway.stop();
  await served.clock.settle();
  assertEquals([served.listener.closed, idle.closed], [true, true]);
  await served.clock.pass(100);
  await stopping;
  assertEquals([waiting.closed, waiting.text], [true, ""]);
});

Deno.test("a stop waits for the requests that run, and ends them when its time is over", async () => {
  for (const inTime of [true, false]) {
    const { engine, reasons, speak } = slowEngine();
    await using served = await Served.start({
      engine,
      limits: { graceMs: 500 },
    });
    const { clock, gateway } = served;
    const client = await served.client(request("GET /version"));
    const stopping = gateway.stop();
    assertEquals(await served.isOver(stopping), false);
    await clock.pass(499);
    assertEquals([await served.isOver(stopping), client.closed], [
      false,
      false,
    ]);
    if (inTime) {
      speak();
      await clock.settle();
      assertEquals(client.statuses, [200]);
      client.end();
      await stopping;
      assertEquals([clock.waits, reasons.length], [[], 1]); // a request's own end
    } else {
      await clock.pass(1);
      const [reason] = reasons;
      assert(reason instanceof DOMException && reason.name === "AbortError");
      assertEquals([reason.message, client.closed], [
        "The gateway stops",
        true,
      ]);
      speak();
      await clock.settle();
      await stopping;
    }
    await gateway.finished;
  }
});

Deno.test("a stop waits for builds that nobody waits for, until the engine has ended them or ten seconds are over", async () => {
  for (const ends of [true, false]) {
    let end = () => {};
    const aborted: boolean[] = [];
    const engine = new RecordingEngine((asked) => {
      if (!asked.path.includes("/build?")) return new Response(null);
      // Its answer stays open, whatever its client does.
      const { signal } = asked;
      const answer = buildAnswer({ ...asked, signal: undefined });
      signal!.addEventListener("abort", () => {
        aborted.push(true);
        answer.end();
      });
      end = answer.end;
      answer.write('{"stream":"begun"}\n');
      return answer.response;
    });
    await using served = await Served.start({ engine, limits: { graceMs: 1 } });
    const { clock, gateway } = served;
    const client = await served.client(build("version=2"));
    assertEquals(client.statuses, [200]);
    const stopping = gateway.stop();
    await clock.pass(1);
    assertEquals(client.closed, true);
    assertEquals(await served.isOver(stopping), false);
    assert(engine.requests.some(({ path }) => path.includes("/build/cancel")));
    if (ends) {
      end();
      await clock.pass(500);
    } else {
      await clock.pass(9_990);
      assertEquals(await served.isOver(stopping), false);
      await clock.pass(10);
    }
    assert(await served.isOver(stopping));
    assertEquals(aborted.length > 0, !ends);
  }
});

Deno.test("a gateway whose listener breaks stops, and tells why", async () => {
  await using served = await Served.start();
  const idle = await served.client();
  const failure = new TypeError("the network is gone");
  served.listener.break(failure);
  await served.clock.settle();
  assertEquals([idle.closed, served.listener.closed], [true, true]);
  assertEquals(
    await assertRejects(() => served.gateway.finished),
    failure,
  );
  assertEquals(await assertRejects(() => served.gateway.stop()), failure);
});

Deno.test("who stops a gateway that broke hears why, and nobody is told at the program's end", async () => {
  for (const dispose of [true, false]) {
    using served = await Served.start();
    const failure = new TypeError("the network is gone");
    served.listener.break(failure);
    await served.clock.settle();
    const { gateway } = served;
    const error = await assertRejects(async () =>
      await (dispose ? gateway[Symbol.asyncDispose]() : gateway.stop())
    );
    assertEquals(error, failure);
  }
});

/** A signal, and how many wait for it. */
function countedSignal(): {
  controller: AbortController;
  waiting: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  let count = 0;
  signal.addEventListener = (...args: unknown[]) => {
    count++;
    addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    count--;
    removeEventListener.apply(signal, args as never);
  };
  return { controller, waiting: () => count };
}

Deno.test("however a gateway is stopped, it leaves nothing at its signal", async () => {
  for (const dispose of [true, false]) {
    const { controller, waiting } = countedSignal();
    await using served = await Served.start({ signal: controller.signal });
    const { gateway } = served;
    assertEquals(waiting(), 1);
    const stopping = dispose ? gateway[Symbol.asyncDispose]() : gateway.stop();
    assert(await served.isOver(stopping));
    assertEquals(waiting(), 0);
    await gateway.finished;
    // A second stop is the same one.
    await gateway.stop();
  }
});

Deno.test("a signal stops a gateway as stop() does", async () => {
  const controller = new AbortController();
  await using served = await Served.start({ signal: controller.signal });
  const idle = await served.client();
  controller.abort();
  await served.clock.settle();
  assertEquals([idle.closed, served.listener.closed], [true, true]);
  await served.gateway.finished;
});

Deno.test("a signal that has aborted starts nothing", async () => {
  const engine = new RecordingEngine();
  const error = await assertRejects(() =>
    startGateway({
      engine,
      listen: { port: 0, plainLoopback: true },
      signal: AbortSignal.abort(new Error("not at all")),
    })
  );
  assertEquals((error as Error).message, "not at all");
  assertEquals(engine.requests, []);
});

Deno.test("a signal that aborts while the engine is asked leaves no listener", async () => {
  using listener = new MemoryListener();
  const controller = new AbortController();
  const engine = new RecordingEngine();
  const { fetch } = engine;
  engine.fetch = (path, init) => {
    controller.abort(new Error("not any more"));
    return fetch.call(engine, path, init);
  };
  const error = await assertRejects(() =>
    startGateway({
      engine,
      listen: { port: 0, plainLoopback: true },
      signal: controller.signal,
    })
  );
  assertEquals((error as Error).message, "not any more");
  assert(listener.closed);
});

Deno.test("an option that there is not is refused, and nothing begins", async () => {
  const engine = new RecordingEngine();
  await assertRejects(
    () => startGateway({ engine, limit: {} } as GatewayOptions),
    TypeError,
    '"limit"',
  );
  assertEquals(engine.requests, []);
});

Deno.test("without a folder of the user a gateway has to be told where to listen", async () => {
  using _none = changedEnvironment({ XDG_RUNTIME_DIR: undefined });
  await assertRejects(
    () => startGateway({ engine: new RecordingEngine() }),
    TypeError,
    "say where to listen",
  );
  await withTempFolder(async (folder) => {
    using _folder = changedEnvironment({ XDG_RUNTIME_DIR: folder });
    await using gateway = await startGateway({
      engine: new RecordingEngine(),
    });
    assertEquals(
      gateway.address,
      `unix://${await Deno.realPath(folder)}/davit.sock`,
    );
  });
});

Deno.test("the secrets of all builds may have so many bytes as was said, beside the keys of their steps", async () => {
  const limit = 100;
  for (const shareSteps of [undefined, false, true]) {
    for (const [bytes, status] of [[limit, 200], [limit + 1, 503]] as const) {
      // Of words that no rule takes for common ones.
      const value = Array.from({ length: 20 }, (_, at) => `k7${at}q-`).join("")
        .padEnd(bytes, "z").slice(0, bytes);
      const engine = new RecordingEngine(undefined, true);
      await using served = await Served.start({
        engine,
        shareSteps,
        limits: { maxAllSecretBytes: limit, maxBuilds: 1 },
      });
      const header = btoa(JSON.stringify({ id: value }));
      const client = await served.client(
        build("version=2", `X-BuildKit-Secrets: ${header}`),
      );
      // Keys and masks are made aside, in their own time.
      for (let turn = 0; turn < 1000 && client.text === ""; turn++) {
        await served.clock.pass(10);
      }
      assertEquals([bytes, client.statuses], [bytes, [status]]);
      if (status !== 200) continue;
      const { path } = engine.requests.find(({ path }) =>
        path.includes("/build?")
      )!;
      assertEquals(path.includes("extrahosts="), shareSteps !== true);
    }
  }
});

Deno.test("a gateway closes the connection to the engine that it was given by its address, and no other", async () => {
  const { createHttpClient } = Deno;
  let open = 0;
  Deno.createHttpClient = (options) => {
    const client = createHttpClient(options);
    const { close } = client;
    open++;
    client.close = () => {
      open--;
      close.call(client);
    };
    return client;
  };
  try {
    await withTempFolder(async (folder) => {
      const path = `${folder}/engine`;
      const listen = { path: `${folder}/gateway` };
      const start = () => startGateway({ engine: `unix://${path}`, listen });
      await assertRejects(start, ConnectionError);
      assertEquals(open, 0);
      await using _engine = Deno.serve(
        { path, onListen() {} },
        () => new Response("OK", { headers: { "api-version": "1.51" } }),
      );
      const gateway = await start();
      assertEquals(open, 1);
      await gateway.stop();
      assertEquals(open, 0);
      // It is docker's own unless it is given.
      {
        using _host = changedEnvironment({ DOCKER_HOST: `unix://${path}` });
        await (await startGateway({ listen })).stop();
      }
      assertEquals(open, 0);
      // Where it can't listen.
      await assertRejects(() =>
        startGateway({
          engine: `unix://${path}`,
          listen: { path: `${folder}/none/gateway` },
        }), ConnectionError);
      assertEquals(open, 0);
      const engine = new RecordingEngine();
      let closed = 0;
      engine.close = () => void closed++;
      await (await startGateway({ engine, listen })).stop();
      await assertRejects(() =>
        startGateway({ engine, listen: { path: `${folder}/none/gateway` } })
      );
      assertEquals(closed, 0);
    });
  } finally {
    Deno.createHttpClient = createHttpClient;
  }
});

Deno.test("a gateway that has stopped, or could not start, has ended its ssh to the engine", async () => {
  const answer = "HTTP/1.1 200 OK\\r\\napi-version: 1.51\\r\\n" +
    "Content-Length: 2\\r\\n\\r\\nOK";
  const script = () => `printf '${answer}'\nexec sleep 600`;
  await withSsh(script, async (folder) => {
    const left = async () =>
      (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name))
        .filter((name) => name.startsWith("davit-ssh-"));
    const start = (path: string) =>
      startGateway({ engine: "ssh://far.example", listen: { path } });
    const gateway = await start(`${folder}/s`);
    assertEquals((await left()).length, 1);
    await gateway.stop();
    assertEquals(await left(), []);
    await assertRejects(() => start(`${folder}/none/s`), ConnectionError);
    assertEquals(await left(), []);
  });
});
