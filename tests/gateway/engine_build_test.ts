import { Engine } from "../../lib/engine/engine.ts";
import { EngineBuild } from "../../lib/gateway/engine_build.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { RunningBuilds } from "../../lib/gateway/running_builds.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";

const CANCEL = "/v1.51/build/cancel?id=";
const forever = new AbortController().signal;

/** An engine with one build, whose answer and whose containers a test has in hand. */
class OneBuild implements Transport {
  readonly endpoint: string = "test:one";
  /** Paths of the other requests. */
  readonly asked: string[] = [];
  /** Ids of containers that run. */
  readonly running = new Set<string>();
  /** What the build was posted with. */
  init: RequestInit = {};
  /** How often its answer was read. */
  pulls = 0;
  /** Whether it goes on when its connection is cut. */
  deaf = false;
  /** Whether requests to cancel are answered. */
  cancels = true;
  /** What an answer to such a request waits for. */
  cancelling: Promise<void> | undefined;
  readonly #answer = Promise.withResolvers<Response>();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #body = new ReadableStream<Uint8Array>({
    start: (controller) => void (this.#controller = controller),
    pull: () => void this.pulls++,
  }, { highWaterMark: 0 });

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (path === "/build") {
      this.init = init;
      init.signal!.addEventListener("abort", () => {
        if (this.deaf) return;
        this.#answer.reject(init.signal!.reason);
        try {
          this.#controller.error(init.signal!.reason);
        } catch {
          // It had ended.
        }
      });
      return await this.#answer.promise;
    }
    if (path === "/_ping") {
      return new Response("OK", { headers: { "api-version": "1.51" } });
    }
    this.asked.push(path);
    if (path.startsWith("/containers/")) {
      const Running = this.running.has(path.split("/")[2]!);
      return Response.json({ State: { Running } });
    }
    await this.cancelling;
    if (!this.cancels) throw new Error("it broke");
    return new Response(null, { status: 204 });
  }

  /** Begins to answer. */
  answer(body: ReadableStream<Uint8Array> | null = this.#body): void {
    this.#answer.resolve(new Response(body as BodyInit | null));
  }

  say(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.#controller.close();
  }

  fail(error: unknown): void {
    this.#controller.error(error);
  }

  close(): void {}

  get cut(): boolean {
    return this.init.signal!.aborted;
  }
}

/** A build at such an engine, and whether it has ended. */
function begin(isBuildKit: boolean) {
  const engine = new OneBuild();
  const build = new EngineBuild(new Engine(engine, "1.51"), isBuildKit, "x");
  const state = { ended: false, released: false };
  build.holds.defer(() => void (state.released = true));
  build.ended.then(() => state.ended = true, () => {}); // who waits hears it
  const post = (body: ReadableStream<Uint8Array> | null = null) =>
    build.post({ path: "/build", headers: { a: "b" }, body }, forever);
  return { engine, build, state, post };
}

Deno.test("a build has an id of its own, and ends with its answer", async () => {
  const { engine, build, state, post } = begin(true);
  assertNotEquals(build.id, begin(true).build.id);
  const posting = post();
  engine.answer();
  const response = await posting;
  const { method, headers } = engine.init;
  assertEquals([method, headers, "body" in engine.init], [
    "POST",
    { a: "b" },
    false,
  ]);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(engine.pulls, 0, "nothing is read ahead");
  engine.say("a");
  engine.end();
  assertEquals(state.ended, false);
  assertEquals(await response.text(), "a");
  await build.ended;
  assert(state.released);
  await build.leave();
  assertEquals([engine.asked, engine.cut], [[], false]);
});

Deno.test("an answer without a body ends a build", async () => {
  const { engine, build, post } = begin(true);
  engine.answer(null);
  assertEquals((await post()).body, null);
  await build.ended;
});

Deno.test("what a build holds is released before its client is told, with the error of that", async () => {
  const { engine, build, post } = begin(true);
  const failure = new Error("it did not close");
  build.holds.defer(() => Promise.reject(failure));
  engine.answer(null);
  await post();
  assertEquals(await assertRejects(() => build.leave()), failure);
});

Deno.test("an end that nobody waits for breaks nothing, whatever fails", async () => {
  const engine = new OneBuild();
  const build = new EngineBuild(new Engine(engine, "1.51"), true, "");
  build.holds.defer(() => Promise.reject(new Error("it did not close")));
  const left = new AbortController();
  void build.post({ path: "/build", headers: {}, body: null }, left.signal)
    .catch(() => {}); // it is left
  left.abort();
  await new Promise((resolve) => setTimeout(resolve));
  build.drop();
  await new Promise((resolve) => setTimeout(resolve));
  assert(engine.cut);
});

Deno.test("a build that was never posted is left at once", async () => {
  for (const isBuildKit of [true, false]) {
    const { engine, build, state } = begin(isBuildKit);
    await build.leave();
    await build.ended;
    assertEquals([engine.asked, state.released], [[], true]);
  }
});

Deno.test("a BuildKit build that is left is cancelled until its answer ends, over a connection that stays", async () => {
  using clock = new StandingClock();
  const { engine, build, state, post } = begin(true);
  engine.cancels = false; // what fails is tried again
  engine.answer();
  const response = await post();
  await response.body!.cancel(); // as the client's connection ends
  await build.leave();
  await clock.settle();
  const cancel = `${CANCEL}${build.id}`;
  assertEquals(engine.asked, [cancel]);
  await clock.pass(499);
  assertEquals(engine.asked.length, 1);
  engine.cancels = true;
  await clock.pass(1);
  assertEquals(engine.asked, [cancel, cancel]);
  engine.say("a");
  engine.say("b");
  await clock.settle();
  assertEquals([state.ended, engine.cut], [false, false]);
  engine.end();
  await clock.settle();
  assertEquals([state.ended, state.released, clock.waits], [true, true, []]);
  await clock.pass(10_000);
  assertEquals(engine.asked.length, 2);
});

Deno.test("the next cancel comes behind the answer to the one before", async () => {
  using clock = new StandingClock();
  const { engine, build, post } = begin(true);
  const answered = Promise.withResolvers<void>();
  engine.cancelling = answered.promise;
  engine.answer();
  await post();
  await build.leave();
  await clock.pass(2000);
  assertEquals(engine.asked.length, 1);
  answered.resolve();
  await clock.pass(500);
  assertEquals(engine.asked.length, 2);
  build.drop();
  await build.ended;
});

Deno.test("a build of which no answer is there yet is cancelled until there is one, and it ends", async () => {
  using clock = new StandingClock();
  const { engine, build, state } = begin(true);
  const leaving = new AbortController();
  const posting = build.post(
    { path: "/build", headers: {}, body: null },
    leaving.signal,
  );
  leaving.abort("left");
  assertEquals(await posting.catch((reason) => reason), "left");
  await build.leave();
  await clock.pass(1000);
  assertEquals(engine.asked.length, 3);
  engine.answer();
  engine.end();
  await clock.settle();
  assertEquals([state.ended, engine.cut], [true, false]);
});

Deno.test("an answer that comes late and has no body ends a build that was left", async () => {
  using clock = new StandingClock();
  const { engine, build, state } = begin(true);
  const leaving = new AbortController();
  const posting = build.post(
    { path: "/build", headers: {}, body: null },
    leaving.signal,
  );
  leaving.abort("left");
  await posting.catch(() => {}); // it was wanted
  await build.leave();
  await clock.pass(100);
  engine.answer(null);
  await clock.settle();
  assertEquals([state.ended, engine.cut], [true, false]);
});

Deno.test("a build whose context was not sent whole is cut off, and cancelled once", async () => {
  using clock = new StandingClock();
  for (const isWhole of [false, true]) {
    const { engine, build, state, post } = begin(true);
    let cancelled: unknown;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Uint8Array.of(1));
        if (isWhole) controller.close();
      },
      cancel: (reason) => void (cancelled = reason),
    });
    void post(body).catch(() => {}); // it is left
    await clock.settle();
    const sent = (engine.init.body as ReadableStream<Uint8Array>).getReader();
    assertEquals((await sent.read()).value, Uint8Array.of(1));
    if (isWhole) assert((await sent.read()).done);
    await build.leave();
    await clock.settle();
    assertEquals([engine.cut, state.ended], [!isWhole, !isWhole]);
    await clock.pass(1000);
    assertEquals(engine.asked.length, isWhole ? 3 : 1);
    await sent.cancel("why");
    assertEquals(cancelled, isWhole ? undefined : "why");
    build.drop();
    await clock.settle();
    assertEquals(state.ended, true);
  }
});

Deno.test("nothing of a context is read before the engine takes it", async () => {
  const { post, build } = begin(true);
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: () => void pulls++,
  }, { highWaterMark: 0 });
  void post(body).catch(() => {}); // it is dropped
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(pulls, 0);
  build.drop();
  await build.ended;
});

Deno.test("a classic build that is left is cut off, and ends with the containers of its steps", async () => {
  using clock = new StandingClock();
  const { engine, build, state, post } = begin(false);
  const id = "0123456789ab";
  engine.running.add(id);
  engine.answer();
  const reader = (await post()).body!.getReader();
  engine.say(`{"stream":" ---\\u003e Running in ${id}\\n"}`);
  await reader.read();
  await build.leave();
  await clock.settle();
  assertEquals([engine.cut, state.ended], [true, false]);
  const asked = `/containers/${id}/json`;
  assertEquals(engine.asked, [asked]);
  await clock.pass(499);
  assertEquals(engine.asked, [asked]);
  await clock.pass(1);
  assertEquals(engine.asked, [asked, asked]);
  engine.running.clear();
  await clock.pass(500);
  assertEquals([engine.asked.length, state.ended], [3, true]);
});

Deno.test("for no containers is waited behind a drop, nor asked for by a build of BuildKit", async () => {
  using clock = new StandingClock();
  const { engine, build, state, post } = begin(false);
  engine.running.add("0123456789ab");
  engine.answer();
  const reader = (await post()).body!.getReader();
  engine.say("Running in 0123456789ab");
  await reader.read();
  await build.leave();
  await clock.settle();
  build.drop();
  await clock.settle();
  assertEquals([state.ended, clock.waits], [true, []]);
  await clock.pass(5000);
  assertEquals(engine.asked.length, 1);

  const other = begin(true);
  other.engine.running.add("0123456789ab");
  other.engine.answer();
  const read = (await other.post()).body!.getReader();
  other.engine.say("Running in 0123456789ab");
  await read.read();
  await other.build.leave();
  other.engine.end();
  await clock.settle();
  assertEquals(other.engine.asked, [`${CANCEL}${other.build.id}`]);
  assertEquals(other.state.ended, true);
});

Deno.test("a build that is cut off has not ended before its answer", async () => {
  using clock = new StandingClock();
  const { engine, build, state, post } = begin(false);
  engine.deaf = true;
  engine.answer();
  const reader = (await post()).body!.getReader();
  engine.say("Running in 0123456789ab");
  await reader.read();
  await build.leave();
  await clock.pass(1000);
  assertEquals([engine.cut, state.ended, engine.asked], [true, false, []]);
  engine.say("and more");
  engine.end();
  await clock.settle();
  assertEquals([state.ended, engine.asked.length], [true, 1]);
});

Deno.test("a drop ends a build that is being cancelled", async () => {
  using clock = new StandingClock();
  const { engine, build, state, post } = begin(true);
  engine.answer();
  await post();
  await build.leave();
  await build.leave(); // twice is once
  await clock.settle();
  build.drop();
  await clock.settle();
  assertEquals([engine.cut, state.ended, clock.waits], [true, true, []]);
  await clock.pass(5000);
  assertEquals(engine.asked.length, 1);
});

Deno.test("the reader of a build that is dropped hears of it when all that it held is released", async () => {
  const { engine, build, post } = begin(true);
  const released = Promise.withResolvers<void>();
  build.holds.defer(() => released.promise);
  engine.answer();
  const response = await post();
  let isTold = false;
  const reading = response.text().catch(() => {}).finally(() => isTold = true);
  build.drop();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([engine.cut, isTold], [true, false]);
  released.resolve();
  await reading;
});

Deno.test("an answer that breaks is its reader's, and the build is left", async () => {
  const { engine, build, post } = begin(true);
  engine.answer();
  const reader = (await post()).body!.getReader();
  const failure = new Error("reset by peer");
  engine.fail(failure);
  assertEquals(await assertRejects(() => reader.read()), failure);
  await build.ended;
  assertEquals(engine.asked, [`${CANCEL}${build.id}`]);
});

/** Builds of an engine, and one that tells nothing. */
function builds(max: number) {
  const engine = new OneBuild();
  return { engine, all: new RunningBuilds(new Engine(engine, "1.51"), max) };
}

Deno.test("builds are counted until they have ended, however they end", async () => {
  const { all } = builds(2);
  const first = all.begin(true, "a");
  const second = all.begin(true, "b");
  assertEquals([first.alias, second.alias], ["a", "b"]);
  const refused = assertThrows(() => all.begin(true, ""), Refusal, "2 builds");
  assertEquals([refused.status, refused.headers], [429, [[
    "Retry-After",
    "5",
  ]]]);
  second.holds.defer(() => Promise.reject(new Error("it did not close")));
  for (const build of [first, second]) {
    await build.leave();
    await build.ended.catch(() => {}); // as it was asked to
    all.begin(true, "c");
    assertThrows(() => all.begin(true, ""), Refusal);
  }
});

Deno.test("a client cancels the builds of its id, by the ids that the engine has, and no others", async () => {
  const { engine, all } = builds(4);
  const named = [all.begin(true, "a"), all.begin(true, "a")];
  all.begin(true, "b");
  all.begin(true, "");
  await all.cancel("a");
  assertEquals(engine.asked, named.map(({ id }) => `${CANCEL}${id}`));
  await all.cancel("none");
  const refused = await assertRejects(() => all.cancel(""), Refusal);
  assertEquals([refused.status, engine.asked.length], [400, 2]);
  engine.cancels = false;
  await assertRejects(() => all.cancel("b"));
});

Deno.test("a stop waits for the builds, and drops them when its time is over", async () => {
  using clock = new StandingClock();
  const { all } = builds(3);
  const [first, second] = [all.begin(true, ""), all.begin(false, "")];
  let settled = false;
  const settling = all.settle(1000).then(() => settled = true);
  await first.leave();
  await clock.pass(999);
  assertEquals(settled, false);
  await clock.pass(1);
  await settling;
  await second.ended;
  const last = all.begin(true, "");
  const soon = all.settle(1000);
  await last.leave();
  await soon;
  assertEquals(clock.waits, []);
});
