import { displayEvents } from "../../lib/display/display_events.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { log, vertex, warning } from "./events.ts";
import { rendered } from "./replay.ts";

const MIB = 1024 * 1024;
const X = "x".charCodeAt(0);
const SIZE = { columns: 80, rows: 24 };

/** What the last frame of a terminal leaves there, behind the steps. */
function failures(text: string): string {
  return text.slice(text.indexOf("------"));
}

Deno.test("nothing that a build says does something in a terminal", async () => {
  const evil = "a\x1b[2Jb\x1b]0;title\x07c";
  const text = await rendered([
    warning(evil),
    vertex("s", { name: `RUN ${evil}` }),
    log("s", `${evil}\n`),
    warning(evil, "s"),
    vertex("s", { name: `RUN ${evil}`, completed: 2000, error: evil }),
  ], { mode: "tty", terminal: SIZE, color: false });
  assertStringIncludes(text, " => WARN: abc");
  assertStringIncludes(failures(text), " > RUN abc:\r\nabc\r\n");
  assertFalse(text.includes("\x1b[2J"));
  assertFalse(text.includes("\x1b]0;"));
});

Deno.test("a terminal shows three warnings, and no more than it has rows", async () => {
  const warnings = Array.from({ length: 9 }, (_, at) => warning(`w${at}`));
  for (const rows of [24, 5, 4, 3, 2, 1]) {
    const text = await rendered([[...warnings, vertex("s")]], {
      mode: "tty",
      terminal: { columns: 80, rows },
      color: false,
    });
    const [frame] = text.split("\x1b[?25h");
    const most = Math.max(0, Math.min(3, rows - 2));
    assertEquals(
      frame!.match(/WARN: w\d/g) ?? [],
      ["WARN: w6", "WARN: w7", "WARN: w8"].slice(3 - most),
      `${rows}`,
    );
  }
});

Deno.test("of a failed step's output the terminal tells the last 64 KiB, or 1000 lines", async () => {
  const tell = async (output: string) =>
    failures(
      await rendered([
        vertex("s"),
        log("s", output),
        vertex("s", { completed: 2000, error: "it broke" }),
      ], { mode: "tty", terminal: SIZE, color: false }),
    );
  const lines = Array.from({ length: 3000 }, (_, at) => `line ${at}`);
  const many = await tell(lines.join("\n") + "\n");
  assertEquals(many.match(/^line \d+/gm)?.length, 1000);
  assertStringIncludes(many, "line 2000\r\n");
  assertStringIncludes(many, "line 2999\r\n");
  const long = await tell(`${"x".repeat(MIB)}\nthe end\n`);
  assertStringIncludes(long, "the end\r\n");
  assert(long.length < 70 * 1024, `${long.length}`);
});

Deno.test("a step that goes well has none of its output told at the end", async () => {
  const text = await rendered([
    vertex("s"),
    log("s", "chatter\n"),
    vertex("s", { completed: 2000 }),
    // The engine tells of a step again when the build fails somewhere else.
    vertex("s", { completed: 2000, error: "it broke after all" }),
  ], { mode: "tty", terminal: SIZE, color: false });
  assertFalse(failures(text).includes("chatter"));
});

Deno.test("of a failed step's output plain tells ten lines again, or 64 KiB", async () => {
  const tell = async (...outputs: string[]) => {
    const text = await rendered([
      vertex("s"),
      ...outputs.map((output) => log("s", output)),
      vertex("s", { completed: 2000, error: "it broke" }),
    ], { mode: "plain" });
    return failures(text);
  };
  const lines = Array.from({ length: 30 }, (_, at) => `line ${at}\n`);
  const expected = lines.slice(20).map((line) => `0.500 ${line}`).join("");
  const whole = `------\n > step s:\n${expected}------\n`;
  assertEquals(await tell(lines.join("")), whole);
  assertEquals(await tell(...lines), whole);
  assertEquals(
    await tell(...lines.slice(20)),
    whole,
    "as many as there are",
  );
  const open = lines.slice(21).map((line) => `0.500 ${line}`).join("");
  assertEquals(
    await tell(`${lines.join("")}no end`),
    `------\n > step s:\n${open}0.500 no end\n------\n`,
  );
  const long = await tell("x".repeat(MIB));
  const kept = "x".repeat(64 * 1024);
  assert(long === `------\n > step s:\n${kept}\n------\n`, `${long.length}`);
});

Deno.test("plain keeps no more than 256 KiB back for a step whose turn has not come", async () => {
  let shown = 0;
  const output = new WritableStream<Uint8Array>({
    write(chunk) {
      for (const byte of chunk) if (byte === X) shown++;
    },
  });
  let most = 0;
  let given = 0;
  const piece = "x".repeat(16 * 1024);
  async function* events(): AsyncGenerator<BuildEvent> {
    yield vertex("a");
    yield log("a", "begins\n");
    yield vertex("b");
    for (let count = 0; count < 100; count++) {
      yield log("a", "goes on\n");
      yield log("b", `${piece}\n`);
      given += piece.length;
      await Promise.resolve();
      most = Math.max(most, given - shown);
    }
  }
  // The clock stands: no turn is ever over, and no frame due by its time.
  await displayEvents(events(), output, { mode: "plain", now: () => 1500 });
  assertEquals(shown, given);
  assert(most > 200 * 1024 && most < 320 * 1024, `${most}`);
});

Deno.test("a display hears of a terminal's size until the build ends, however it ends", async () => {
  for (const fails of [false, true]) {
    let watchers = 0;
    let calls = 0;
    let changed = () => {};
    const terminal = {
      size: () => ({ columns: 80 - ++calls % 2, rows: 24 }),
      watch(callback: () => void) {
        watchers++;
        changed = callback;
        return () => watchers--;
      },
    };
    let frames = 0;
    const output = new WritableStream<Uint8Array>({
      write: () => void frames++,
    }, new CountQueuingStrategy({ highWaterMark: 10 }));
    const events = async function* (): AsyncGenerator<BuildEvent> {
      yield vertex("a");
      const before = frames;
      changed();
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
      assertEquals(frames, before + 1);
      if (fails) throw new Error("lost");
    };
    const shown = displayEvents(events(), output, {
      mode: "tty",
      terminal,
      now: () => 0, // so that no frame is due
    });
    assertEquals(
      await shown.then(() => "", (error) => error.message),
      fails ? "lost" : "",
    );
    assertEquals(watchers, 0);
  }
});

Deno.test("an output that takes nothing gets no more frames, and holds the build up", async () => {
  let release = () => {};
  let writes = 0;
  const blocked = new Promise<void>((resolve) => release = resolve);
  const output = new WritableStream<Uint8Array>({
    write: () => {
      writes++;
      return blocked;
    },
  });
  let taken = 0;
  let changed = () => {};
  async function* events(): AsyncGenerator<BuildEvent> {
    for (; taken < 100; taken++) yield vertex(`v${taken}`);
  }
  let time = 0;
  const shown = displayEvents(events(), output, {
    mode: "tty",
    terminal: {
      size: () => SIZE,
      watch(callback) {
        changed = callback;
        return () => {};
      },
    },
    now: () => time += 1000,
  });
  // As many turns as a hundred events would take, many times over.
  for (let turns = 0; turns < 3000; turns++) {
    await Promise.resolve();
    if (turns % 100 === 0) changed();
  }
  // Loading the display takes the first of them.
  while (writes === 0) await new Promise((done) => setTimeout(done));
  for (let turns = 0; turns < 3000; turns++) {
    await Promise.resolve();
    if (turns % 100 === 0) changed();
  }
  assert(taken < 3, `${taken}`);
  const before = writes;
  release();
  await shown;
  assertEquals(before, 1);
  assertEquals(taken, 100);
  // One for each event, and the last one.
  assert(writes <= 102, `${writes}`);
});
