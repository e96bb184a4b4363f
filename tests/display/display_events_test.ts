import { replaced } from "../exporter/scratch.ts";
import { displayBuild } from "../../lib/display/display_build.ts";
import {
  displayEvents,
  type DisplayOptions,
} from "../../lib/display/display_events.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { changedEnvironment } from "../support/environment.ts";
import { eventsOfTrace } from "../progress/traces.ts";
import { log, vertex } from "./events.ts";
import { rendered } from "./replay.ts";

function ownWarning(short: string): BuildEvent {
  return {
    type: "warning",
    vertex: undefined,
    level: 1,
    short,
    detail: [],
    url: undefined,
    source: undefined,
    code: "secret-missing",
  };
}

Deno.test("quiet prints the image's id and nothing else", async () => {
  const events = eventsOfTrace("28_output");
  const text = await rendered(events, { mode: "quiet" });
  assert(/^sha256:[0-9a-f]{64}\n$/.test(text));
  const failed = eventsOfTrace("28_failing_run");
  assertEquals(await rendered(failed, { mode: "quiet" }), "");
});

Deno.test("auto is plain where there is no terminal, and tty where one is given", async () => {
  const events = eventsOfTrace("28_output");
  assertStringIncludes(await rendered(events, {}), "#1 [internal] load");
  const terminal = { columns: 80, rows: 24 };
  assertStringIncludes(await rendered(events, { terminal }), "[+] Building ");
});

Deno.test("displayEvents() refuses a mode that is none", async () => {
  const mode = "fancy" as "plain";
  await assertRejects(() => rendered([], { mode }), TypeError, "fancy");
});

Deno.test("tty has no colours without color, and leaves the cursor as it was", async () => {
  const terminal = { columns: 80, rows: 24 };
  for (const trace of ["28_output", "28_failing_run"]) {
    const events = eventsOfTrace(trace);
    const plain = await rendered(events, { terminal, color: false });
    // deno-lint-ignore no-control-regex
    assertEquals(plain.match(/\x1b\[[\d;]*m/g), null);
    const coloured = await rendered(events, { terminal, color: true });
    assertStringIncludes(coloured, "\x1b[34m");
    for (const text of [plain, coloured]) {
      assert(text.lastIndexOf("\x1b[?25h") > text.lastIndexOf("\x1b[?25l"));
    }
  }
});

Deno.test("displayEvents() writes a whole frame at once", async () => {
  const chunks: string[] = [];
  const output = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(new TextDecoder().decode(chunk)),
  });
  async function* events() {
    yield* eventsOfTrace("28_stages");
  }
  let time = 0;
  await displayEvents(events(), output, {
    mode: "tty",
    terminal: { columns: 80, rows: 24 },
    now: () => time += 30,
  });
  assert(chunks.length > 10);
  for (const chunk of chunks) {
    assert(chunk.startsWith("\x1b[?25l"));
    assertEquals(chunk.split("\x1b[?25h").length, 2);
  }
});

for (const mode of ["plain", "tty"] as const) {
  Deno.test(`${mode} shows all there is before it throws what the events throw`, async () => {
    const chunks: Uint8Array[] = [];
    const output = new WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(chunk),
    });
    const failure = new Error("the build failed");
    async function* events() {
      yield vertex("a", { completed: 2000, error: "it broke" });
      await Promise.resolve();
      throw failure;
    }
    const error = await assertRejects(() =>
      displayEvents(events(), output, {
        mode,
        terminal: { columns: 60, rows: 9 },
      })
    );
    assertEquals(error, failure);
    assertStringIncludes(
      await new Blob(chunks as BlobPart[]).text(),
      "------\n > step a:".replaceAll("\n", mode === "tty" ? "\r\n" : "\n"),
    );
    assertEquals(output.locked, false);
  });
}

Deno.test("displayEvents() shows at once what comes an interval behind the last", async () => {
  for (
    const [mode, interval] of [["plain", 100], ["tty", 80], ["rawjson", 0]]
  ) {
    let text = "";
    const output = new WritableStream<Uint8Array>({
      write: (chunk) => void (text += new TextDecoder().decode(chunk)),
    });
    let time = 1000;
    const shown: boolean[] = [];
    const events = async function* () {
      yield vertex("a");
      time += interval as number;
      await Promise.resolve();
      yield vertex("b", { completed: 1000 });
      shown.push(text.includes("step b"));
    };
    await displayEvents(events(), output, {
      mode: mode as "plain" | "tty" | "rawjson",
      terminal: { columns: 60, rows: 9 },
      now: () => time,
    });
    assertEquals(shown, [true], `${mode}`);
  }
});

Deno.test("displayEvents() makes a timer for what changes with time once an interval has passed, until its end", async () => {
  for (
    const [mode, expected] of [
      ["plain", [100]],
      ["tty", [80]],
      ["rawjson", []],
      ["quiet", []],
    ] as const
  ) {
    const waits: number[] = [];
    const intervals: number[] = [];
    const running = new Set<unknown>();
    const passed = new AbortController();
    using _timeout = replaced(AbortSignal, "timeout", () => (ms: number) => {
      waits.push(ms);
      return passed.signal;
    });
    using _set = replaced(
      globalThis,
      "setInterval",
      () =>
        ((_: () => void, ms: number) => {
          intervals.push(ms);
          running.add(ms);
          return ms;
        }) as unknown as typeof setInterval,
    );
    using _clear = replaced(
      globalThis,
      "clearInterval",
      () => ((id: unknown) => void running.delete(id)) as typeof clearInterval,
    );
    const early: number[] = [];
    const events = function* () {
      yield vertex("a");
      early.push(...intervals);
      passed.abort();
      yield vertex("b");
    };
    const options = { mode, terminal: { columns: 60, rows: 9 } };
    await rendered(events(), options);
    assertEquals([waits, early], [expected, []], mode);
    assertEquals([intervals, running.size], [expected, 0], mode);
  }
});

Deno.test("displayEvents() ends when its output does", async () => {
  let ended = false;
  async function* events() {
    try {
      while (true) {
        await Promise.resolve();
        yield vertex("a", { started: Math.random() });
      }
    } finally {
      ended = true;
    }
  }
  const output = new WritableStream<Uint8Array>({
    write() {
      throw new Error("broken pipe");
    },
  });
  await assertRejects(
    () => displayEvents(events(), output, { mode: "plain" }),
    Error,
    "broken pipe",
  );
  assert(ended);
});

Deno.test("displayEvents() waits for a slow output and loses nothing", async () => {
  let pending = 0;
  let most = 0;
  let text = "";
  const output = new WritableStream<Uint8Array>({
    async write(chunk) {
      pending++;
      most = Math.max(most, pending);
      await new Promise((resolve) => setTimeout(resolve, 2));
      text += new TextDecoder().decode(chunk);
      pending--;
    },
  });
  async function* events() {
    yield [vertex("a")];
    for (let i = 0; i < 500; i++) {
      yield [log("a", `${i} ${"x".repeat(5000)}\n`)];
    }
    yield [vertex("a", { completed: 2000 })];
  }
  await displayEvents(events(), output, { mode: "plain" });
  assertEquals(most, 1);
  assertEquals(text.match(/^#1 0\.500 \d+ x+$/gm)?.length, 500);
});

Deno.test("plain takes up a line again that another step broke off", async () => {
  let time = 0;
  const text = await rendered([
    vertex("a"),
    log("a", "begin"),
    vertex("b", { started: 1100, completed: 1200 }),
    log("a", " end\nnext\n"),
    vertex("a", { completed: 3000 }),
  ], { mode: "plain", now: () => time += 200 });
  assertEquals(
    text,
    `#1 step a
#1 0.500 begin
#1 ...

#2 step b
#2 DONE 0.1s

#1 step a
#1 0.500 begin end
#1 0.500 next
#1 DONE 2.0s
`,
  );
});

Deno.test("plain tells the warnings of davit where they come", async () => {
  let time = 0;
  const text = await rendered([
    vertex("a"),
    ownWarning('secret "x" was asked for and not given'),
    vertex("a", { completed: 2000 }),
  ], { mode: "plain", now: () => time += 200 });
  assertEquals(
    text,
    `#1 step a
#1 ...

WARN: secret "x" was asked for and not given

#1 step a
#1 DONE 1.0s
`,
  );
});

Deno.test("auto asks a file whether it is a terminal, and paints at that one's size", async () => {
  using _term = changedEnvironment({ TERM: "xterm" });
  const own = Deno.consoleSize;
  Deno.consoleSize = () => ({ columns: 20, rows: 5 });
  try {
    for (const isTerminal of [undefined, () => false, () => true]) {
      let text = "";
      const writable = new WritableStream<Uint8Array>({
        write: (chunk) => void (text += new TextDecoder().decode(chunk)),
      });
      await displayEvents(
        ReadableStream.from([[vertex("a", { name: "x".repeat(90) })]]),
        { writable, ...(isTerminal && { isTerminal }) },
      );
      const painted = isTerminal?.() === true;
      assertEquals(text.startsWith("\x1b"), painted);
      assertEquals(text.includes("x".repeat(20)), !painted);
      assertEquals(writable.locked, false);
    }
  } finally {
    Deno.consoleSize = own;
  }
});

Deno.test("a mode that is none gives the output back, and a build's name does nothing in a terminal", async () => {
  const chunks: Uint8Array[] = [];
  const output = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(chunk),
  });
  const show = (mode: "plain", name: string) =>
    displayEvents(ReadableStream.from([[vertex("a")]]), output, { mode, name });
  await assertRejects(() => show("x" as "plain", "a"), TypeError);
  assertEquals(output.locked, false);
  await Promise.all([show("plain", "a\x1b[2Jb"), show("plain", "c")]);
  const text = await new Blob(chunks as BlobPart[]).text();
  assertStringIncludes(text, "ab | #1 step a\n");
});

Deno.test("a terminal has colours unless NO_COLOR is set, or they are chosen", async () => {
  using _term = changedEnvironment({ TERM: "xterm" });
  const own = Object.getOwnPropertyDescriptor(Deno, "noColor")!;
  try {
    for (const noColor of [false, true]) {
      Object.defineProperty(Deno, "noColor", {
        value: noColor,
        configurable: true,
      });
      for (const color of [undefined, false, true]) {
        const text = await rendered(
          [[vertex("a", { completed: 2000 })]],
          { terminal: { columns: 80, rows: 24 }, color },
        );
        assertEquals(text.includes("\x1b[34m"), color ?? !noColor);
      }
    }
  } finally {
    Object.defineProperty(Deno, "noColor", own);
  }
});

Deno.test("a terminal that calls itself dumb gets plain lines, unless it is asked to repaint", async () => {
  using _dumb = changedEnvironment({ TERM: "dumb" });
  const show = async (options: DisplayOptions) => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
      write: (chunk) => void chunks.push(chunk),
    });
    const events = ReadableStream.from([[vertex("a", { completed: 2000 })]]);
    await displayEvents(
      events,
      { writable, isTerminal: () => true },
      options,
    );
    return await new Blob(chunks).text();
  };
  assertStringIncludes(await show({}), "#1 step a\n");
  const asked = await show({ mode: "tty" });
  assertEquals([asked.includes("\x1b[1A"), asked.includes("\x1b[34m")], [
    false,
    false,
  ]);
  assertStringIncludes(asked, "[+] Building");
  using _xterm = changedEnvironment({ TERM: "xterm" });
  assertStringIncludes(await show({}), "\x1b[34m");
});

Deno.test("displayBuild() refuses what is no build, and options that there are not", async () => {
  const build = {
    events: () => ReadableStream.from([]),
  } as unknown as Parameters<
    typeof displayBuild
  >[0];
  await assertRejects(
    () => displayBuild(Promise.resolve(build) as unknown as typeof build),
    TypeError,
    "without wait() behind it",
  );
  await assertRejects(
    () => displayBuild(build, { colour: true } as object),
    TypeError,
    "colour",
  );
});

Deno.test("a terminal is painted while nothing comes, plain text as it comes", async () => {
  for (const [mode, isPainted] of [["tty", true], ["quiet", false]] as const) {
    let frames = 0;
    let painted = () => {};
    const second = new Promise<void>((resolve) => painted = resolve);
    const output = new WritableStream<Uint8Array>({
      write() {
        if (++frames === 3) painted();
      },
    });
    const events = async function* () {
      yield vertex("a");
      // No event, until time alone has made two frames more.
      if (isPainted) await second;
    };
    await displayEvents(events(), output, {
      mode,
      terminal: { columns: 80, rows: 24 },
    });
    assertEquals(frames >= 3, isPainted);
  }
});
