import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { build, request } from "./attacks.ts";
import { buildAnswer, RecordingEngine } from "./recording_engine.ts";
import { Served, slowEngine } from "./served.ts";

const CLOSE = "Connection: close";

/** An engine whose client words every failure of its own, as `fetch` does. */
class WordingEngine extends RecordingEngine {
  override async fetch(path: string, init: RequestInit = {}) {
    const stopped = Promise.withResolvers<never>();
    init.signal?.addEventListener("abort", () => stopped.reject());
    try {
      return await Promise.race([super.fetch(path, init), stopped.promise]);
    } catch {
      throw new TypeError("error sending request");
    }
  }
}

Deno.test("a client is told what it did wrong, whatever the engine's client makes of it", async () => {
  await using served = await Served.start({ engine: new WordingEngine() });
  const client = await served.client(
    request(
      "POST /build?version=2",
      ["Transfer-Encoding: chunked"],
      "3\r\nabc\r\nno size\r\n",
    ),
  );
  await served.clock.pass(10_000);
  assertEquals(client.statuses, [400]);
  assertStringIncludes(client.text, "chunk");
});

Deno.test("a client is told that its request took too long, whatever the engine's client makes of it", async () => {
  await using served = await Served.start({
    engine: new WordingEngine(({ path }) =>
      path === "/version" ? new Promise(() => {}) : new Response("{}")
    ),
    limits: { totalMs: 5000 },
  });
  const client = await served.client(request("GET /version"));
  await served.clock.pass(4999);
  assertEquals(client.statuses, []);
  await served.clock.pass(1);
  assertEquals(client.statuses, [504]);
});

Deno.test("an engine that fails is told as such, and in no words of its client", async () => {
  const engine = new RecordingEngine(() => {
    throw new TypeError("/run/secret/path is gone");
  });
  await using served = await Served.start({ engine });
  const client = await served.client(request("GET /version"));
  await served.clock.settle();
  assertEquals(client.statuses, [502]);
  assert(!client.text.includes("secret"));
});

Deno.test("a client cancels its build by its own id, and is answered when the engine is", async () => {
  const cancelled = Promise.withResolvers<void>();
  let end = () => {};
  const engine = new RecordingEngine(async (asked) => {
    if (asked.path.includes("/build/cancel")) {
      await cancelled.promise;
      end();
      return new Response(null, { status: 204 });
    }
    const answer = buildAnswer(asked);
    end = answer.end;
    answer.write('{"stream":"begun"}\n');
    return answer.response;
  });
  await using served = await Served.start({ engine });
  const mine = await served.client(build("version=2&buildid=mine"));
  assertEquals(mine.statuses, [200]);
  const asked = () =>
    engine.requests.filter(({ path }) => path.includes("/build/cancel"))
      .map(({ path }) => path);
  const cancel = (id: string) =>
    served.client(
      request(`POST /build/cancel?id=${id}`, [CLOSE, "Content-Length: 0"]),
    );
  assertEquals((await cancel("other")).statuses, [200]);
  assertEquals(asked(), []);
  const canceller = await cancel("mine");
  assertEquals(canceller.statuses, []);
  const [, buildid] = /buildid=([\w-]+)/.exec(
    engine.requests.find(({ path }) => path.includes("/build?"))!.path,
  )!;
  assertEquals(asked(), [`/v1.51/build/cancel?id=${buildid}`]);
  cancelled.resolve();
  await served.clock.settle();
  assertEquals(canceller.statuses, [200]);
  assert(mine.text.endsWith("0\r\n\r\n"), mine.text);
});

Deno.test("a client that waits for its cancel is told when that takes too long", async () => {
  const engine = new RecordingEngine((asked) => {
    if (asked.path.includes("/build/cancel")) return new Promise(() => {});
    const { response, write } = buildAnswer(asked);
    write('{"stream":"begun"}\n');
    return response;
  });
  await using served = await Served.start({
    engine,
    limits: { totalMs: 3000 },
  });
  await served.client(build("version=2&buildid=mine"));
  await served.clock.pass(1000);
  const canceller = await served.client(
    request("POST /build/cancel?id=mine", ["Content-Length: 0"]),
  );
  await served.clock.pass(3000);
  assertEquals(canceller.statuses, [504]);
});

Deno.test("a request that is answered in time is bothered by no timer afterwards", async () => {
  const { engine, reasons, speak } = slowEngine();
  await using served = await Served.start({ engine });
  const client = await served.client(request("GET /version"));
  speak();
  await served.clock.settle();
  assertEquals([client.statuses, reasons.length], [[200], 1]);
  // Only the wait for its next request is left.
  assertEquals(served.clock.waits, [60_000]);
});

Deno.test("a client that does not take what it waits for before its body is given up, and its build does not begin", async () => {
  const engine = new RecordingEngine();
  await using served = await Served.start({ engine });
  engine.requests.length = 0;
  const client = served.listener.connect();
  client.takes = false;
  client.send(
    request("POST /build?version=2", [
      "Expect: 100-continue",
      "Content-Length: 3",
    ]),
  );
  await served.clock.pass(59_999);
  assertEquals([client.closed, engine.requests], [false, []]);
  await served.clock.pass(1);
  // Nor does it take what it is told of that.
  await served.clock.pass(60_000);
  assertEquals([client.closed, engine.requests], [true, []]);
});
