import { displayEvents } from "../../lib/display/display_events.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { eventsOf, TextCarry } from "../../lib/progress/event.ts";
import { fromBase64 } from "../../lib/progress/bytes.ts";
import { ClassicTranslator } from "../../lib/progress/classic.ts";
import { findFailure } from "../../lib/progress/failure.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { mapTrace } from "../../lib/progress/trace_mask.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS } from "./builds.ts";
import {
  eventsOfTrace,
  readAux,
  readTrace,
  TRACE_GENERATIONS,
} from "./traces.ts";

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
function damage(random: (below: number) => number): Uint8Array {
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
    log: ({ data }: { data: Uint8Array }) => data.subarray(1),
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
    assert(decodeTrace(encodeTrace(mapTrace(status, mask))) !== undefined);
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
  for (let round = 0; round < 300; round++) {
    const classic = new ClassicTranslator();
    const state = new BuildState();
    for (let i = 0; i < 50; i++) {
      const message = messages[random(messages.length)]!;
      for (const event of classic.translate(message)) state.apply(event);
    }
    state.steps();
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
    for (let round = 0; round < 25; round++) {
      const size = { columns: 1 + random(120), rows: 1 + random(50) };
      let time = 0;
      await displayEvents(shuffled(all, random), new WritableStream(), {
        mode,
        terminal: size,
        now: () => time += random(300),
        color: true,
      });
    }
  }
});

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
