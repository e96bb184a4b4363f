/** Builds as no engine should tell them: pages, pictures and text are made of them, too. */
import type { BuildEvent } from "../../lib/progress/event.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { collectTimings } from "../../lib/timings/collect.ts";
import { compareTimings } from "../../lib/timings/compare.ts";
import { timingsHtml } from "../../lib/timings/html.ts";
import { readSaved, timingsJson } from "../../lib/timings/saved.ts";
import { timingsSvg } from "../../lib/timings/svg.ts";
import { timingsText } from "../../lib/timings/text.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Random } from "../support/random.ts";
import { digestOf } from "./recorded.ts";

/** Times and counts that a clock or a fault could give. */
const NUMBERS = [
  0,
  -1,
  -1e15,
  1,
  1.5,
  1_700_000_000_000,
  1_700_000_000_100,
  1_700_000_100_000,
  8.64e15,
  Number.MAX_SAFE_INTEGER,
] as const;

Deno.test("times that are negative, missing or turned round give no fault", () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const isSo = (of: number) => random.below(10) < of;
    const time = () => random.pick([undefined, ...NUMBERS]);
    const state = new BuildState();
    const count = random.below(8);
    for (let at = 0; at < 2 * count; at++) {
      const place = at % count;
      state.apply({
        type: "vertex",
        digest: digestOf(place),
        name: random.pick([
          "[a 1/2] RUN x",
          "[internal] load x",
          "exporting",
          "",
        ]),
        inputs: [digestOf(random.below(count + 1))],
        cached: isSo(3),
        started: time(),
        completed: time(),
        error: isSo(2) ? "exit code: 1" : undefined,
        group: undefined,
      });
      state.apply({
        type: "status",
        vertex: digestOf(place),
        id: "layer",
        name: "layer",
        current: random.pick(NUMBERS),
        total: time(),
        time: random.pick(NUMBERS),
        started: time(),
        completed: time(),
      } as BuildEvent);
    }
    const timings = collectTimings(state, {
      dockerfile: { name: "Dockerfile", text: "FROM b AS a\nRUN x\n" },
    });
    const comparison = compareTimings(timings, timings);
    const html = timingsHtml(timings, { comparison });
    const svg = timingsSvg(timings, { comparison });
    const text = timingsText(timings, { comparison });
    for (const made of [html, svg, text, timings.summary.join()]) {
      const shown = made.replace(/<(style|script)[^>]*>[^]*?<\/\1>/g, "");
      const fault = /.{20}(?:NaN|Infinity|undefined|[:"]-\d|e\+\d).{20}/s.exec(
        shown,
      );
      assertEquals(fault, null, `${seed}`);
    }
    assert(timings.durationMs >= 0 && Number.isFinite(timings.durationMs));
    for (const { startMs, endMs, durationMs } of timings.steps) {
      assert(startMs >= 0 && durationMs >= 0, `${seed}`);
      assert(
        startMs <= timings.durationMs && endMs <= timings.durationMs,
        `${seed}: a step is outside of the build`,
      );
    }
    const path = timings.criticalPath.map(({ step }) => step);
    assertEquals(new Set(path).size, path.length);
    for (const { ownMs, waitMs } of timings.criticalPath) {
      assert(ownMs >= 0 && waitMs >= 0, `${seed}`);
    }
    readSaved(timingsJson(timings));
  }
});
