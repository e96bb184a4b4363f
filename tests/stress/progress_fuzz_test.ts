import {
  displayEvents,
  type DisplayMode,
} from "../../lib/display/display_events.ts";
import { printable } from "../../lib/display/printable.ts";
import type { TerminalSize } from "../../lib/display/terminal.ts";
import { textWidth } from "../../lib/display/text_width.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { eventsOf } from "../../lib/progress/status_events.ts";
import { TextCarry } from "../../lib/progress/log_event.ts";
import { fromBase64 } from "../../lib/progress/bytes.ts";
import { ClassicTranslator } from "../../lib/progress/classic.ts";
import { findFailure } from "../../lib/progress/failure.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { TRACE_FIELDS } from "../../lib/masks/answer_fields.ts";
import { maskFields } from "../../lib/masks/mask_fields.ts";
import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS } from "../progress/builds.ts";
import {
  eventsOfTrace,
  readAux,
  readTrace,
  TRACE_GENERATIONS,
} from "../progress/traces.ts";

/** Numbers from 0 on, the same in each run. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ state >>> 16, 0x21f0aaad);
    mixed = Math.imul(mixed ^ mixed >>> 15, 0x735a2d97);
    return ((mixed ^ mixed >>> 15) >>> 0) % below;
  };
}

const MESSAGES = TRACE_GENERATIONS.flatMap((generation) =>
  SAMPLE_BUILDS.flatMap(({ name }) => readAux(`${generation}_${name}`))
).map((aux) => fromBase64(aux)!);

/** One of the messages, damaged. */
function damage(random: (below: number) => number): Uint8Array<ArrayBuffer> {
  const message = MESSAGES[random(MESSAGES.length)]!;
  const bytes = message.slice();
  switch (random(5)) {
    case 0:
      return bytes.subarray(0, random(bytes.length + 1));
    case 1: // some bytes are others
      for (let i = 1 + random(8); i > 0; i--) {
        bytes[random(bytes.length)] = random(256);
      }
      return bytes;
    case 2: { // two parts change places
      const cut = random(bytes.length);
      return new Uint8Array([
        ...bytes.subarray(cut),
        ...bytes.subarray(0, cut),
      ]);
    }
    case 3: { // a part of another message inside
      const other = MESSAGES[random(MESSAGES.length)]!;
      const cut = random(bytes.length);
      return new Uint8Array([
        ...bytes.subarray(0, cut),
        ...other.subarray(random(other.length)),
        ...bytes.subarray(cut),
      ]);
    }
    default:
      return Uint8Array.from({ length: random(200) }, () => random(256));
  }
}

const CASES = 60_000;

Deno.test(`decodeTrace() takes ${CASES} damaged messages, and what it reads goes on`, () => {
  const random = makeRandom(1);
  const mask = {
    text: (text: string) => text.replaceAll("e", "***"),
    bytes: (bytes: Uint8Array) => bytes.slice(),
    output: (data: Uint8Array) => data.subarray(1),
  };
  let read = 0;
  let state = new BuildState();
  for (let i = 0; i < CASES; i++) {
    if (i % 500 === 0) state = new BuildState({ tailBytes: 500 });
    const status = decodeTrace(damage(random));
    if (status === undefined) continue;
    read++;
    const again = decodeTrace(encodeTrace(status));
    assert(again !== undefined, "what was read can be written");
    assertEquals(again.logs.length, status.logs.length);
    const masked = maskFields(status, TRACE_FIELDS, mask)!;
    assert(decodeTrace(encodeTrace(masked)) !== undefined);
    for (const event of eventsOf(status)) {
      if (event.type === "log") void event.text;
      state.apply(event);
    }
    if (i % 500 === 499) {
      state.steps();
      findFailure(state, "some error");
    }
  }
  assert(read > CASES / 20 && read < CASES);
});

Deno.test("ClassicTranslator takes messages in any order", () => {
  const random = makeRandom(2);
  const messages = TRACE_GENERATIONS.flatMap((generation) =>
    CLASSIC_BUILDS.flatMap(({ name }) => readTrace(`${generation}_${name}`))
  );
  const seen = { steps: 0, completed: 0, failed: 0, logs: 0 };
  for (let round = 0; round < 300; round++) {
    let time = 0;
    const classic = new ClassicTranslator({ now: () => ++time });
    const state = new BuildState();
    for (let i = 0; i < 50; i++) {
      const message = messages[random(messages.length)]!;
      for (const event of classic.translate(message)) {
        if (event.type === "log") {
          seen.logs++;
          // Nothing is printed but what the engine sent.
          assert(message.stream?.includes(event.text), event.text);
        }
        state.apply(event);
      }
    }
    const steps = state.steps();
    const { total, completed } = state.count();
    assert(steps.length <= total && completed <= total);
    assertEquals(new Set(steps.map(({ digest }) => digest)).size, steps.length);
    for (const step of steps) {
      assert(/^(\[ *\d+\/\d+\] |pull )/.test(step.name), step.name);
      assert(step.durationMs >= 0 && step.durationMs <= time);
      assert(step.completed === undefined || step.completed >= step.started);
      seen.steps++;
      if (step.completed !== undefined) seen.completed++;
      if (step.error !== undefined) seen.failed++;
    }
  }
  for (const [what, count] of Object.entries(seen)) {
    assert(count > 20, `${what}: ${count}`);
  }
});

Deno.test("every display takes events in any order", async () => {
  const random = makeRandom(3);
  const events = TRACE_GENERATIONS.flatMap((generation) =>
    [...SAMPLE_BUILDS, ...CLASSIC_BUILDS].flatMap(({ name }) =>
      eventsOfTrace(`${generation}_${name}`).flat()
    )
  );
  const damaged = Array.from(
    { length: 3000 },
    () => decodeTrace(damage(random)),
  ).flatMap((status) =>
    status === undefined ? [] : eventsOf(status, new TextCarry())
  );
  const all = [...events, ...damaged];
  for (const mode of ["plain", "tty", "rawjson", "quiet"] as const) {
    let shown = 0;
    for (let round = 0; round < 25; round++) {
      const size = { columns: 1 + random(120), rows: 1 + random(50) };
      let time = 0;
      const { readable, writable } = new TransformStream<Uint8Array>();
      const output = new Response(readable).text();
      await displayEvents(shuffled(all, random), writable, {
        mode,
        terminal: size,
        now: () => time += random(300),
        color: true,
      });
      await writable.close();
      const text = await output;
      CHECKS[mode](text, size);
      shown += text.length;
    }
    assert(shown > 100, `${mode}: ${shown}`);
  }
});

/** What holds for all that a display writes. */
const CHECKS: Record<
  Exclude<DisplayMode, "auto">,
  (text: string, size: TerminalSize) => void
> = {
  plain(text) {
    const numbers = [...text.matchAll(/^#(\d+) /gm)].map((match) =>
      Number(match[1])
    );
    const steps = [...new Set(numbers)];
    assertEquals(steps, steps.map((_, index) => index + 1));
  },
  tty(text, { columns, rows }) {
    const frames = text.split("\x1b[?25h");
    assertEquals(frames.pop(), "");
    for (const [index, frame] of frames.entries()) {
      assert(frame.startsWith("\x1b[?25l"), JSON.stringify(frame));
      const [painted, below, ...more] = frame.slice(6).split("\x1b[J");
      assertEquals(more, []);
      // Below the last frame: failures, with what programs printed.
      assertFalse(below!.includes("\x1b"));
      if (index < frames.length - 1) assertEquals(below, "");
      // deno-lint-ignore no-control-regex -- the colours, and no more than they
      const plain = painted!.replaceAll(/\x1b\[(\d*[Am]|K)/g, "");
      const lines = plain.slice(1).split("\r\n");
      assertEquals([plain[0], lines.pop()], ["\r", ""]);
      // The cursor waits in the last row; the last frame is told whole.
      const most = index === frames.length - 1
        ? Infinity
        : Math.max(1, rows - 1);
      assert(lines.length <= most, `${lines.length} lines on ${rows} rows`);
      for (const line of lines) {
        assertEquals(line, printable(line));
        assert(textWidth(line) <= columns, `${columns} columns: ${line}`);
      }
    }
  },
  rawjson(text) {
    const lines = text.split("\n");
    assertEquals(lines.pop(), "");
    for (const line of lines) assertEquals(typeof JSON.parse(line), "object");
  },
  quiet(text) {
    assert(/^(sha256:[0-9a-f]{64}\n)?$/.test(text), text);
  },
};

async function* shuffled(
  events: readonly BuildEvent[],
  random: (below: number) => number,
): AsyncGenerator<BuildEvent[]> {
  for (let i = 0; i < 40; i++) {
    await Promise.resolve();
    yield Array.from(
      { length: random(20) },
      () => events[random(events.length)]!,
    );
  }
}
