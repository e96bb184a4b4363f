import { compareTimings } from "../../lib/timings/compare.ts";
import { timingsHtml } from "../../lib/timings/html.ts";
import { timingsSvg } from "../../lib/timings/svg.ts";
import { timingsText } from "../../lib/timings/text.ts";
import { textWidth } from "../../lib/display/text_width.ts";
import { wrapped } from "../../lib/timings/visible.ts";
import type { WarningEvent } from "../../lib/progress/event.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { appTimings, timingsOf } from "./recorded.ts";

function warningAt(line: number | undefined, short: string): WarningEvent {
  const place = line && { line, character: 0 };
  return {
    type: "warning",
    vertex: undefined,
    level: 1,
    short,
    detail: [],
    url: undefined,
    source: place
      ? {
        file: "Dockerfile",
        text: undefined,
        ranges: [{ start: place, end: place }],
      }
      : undefined,
    code: undefined,
  };
}

const LONG = "a/long/path/that/has/no/blank/".repeat(4);

/** A build with long words wherever there may be some. */
function wordy() {
  return timingsOf(
    [
      {
        name: `[internal] load ${LONG}`,
        at: [0, 59 * 61_000],
        bytes: { [`sha256:${"a".repeat(64)}`]: 50_000_000, [LONG]: 1 },
      },
      {
        name:
          `[a-stage-of-a-name-that-is-longer-than-the-columns-of-most-terminals 1/1] RUN ${LONG}`,
        at: [0, 10],
        error: `failed to compute the checksum of ${LONG}: not found`,
      },
      { name: `[1/1] RUN --mount=type=secret,id=${LONG} x`, at: [0, 1] },
    ],
    {
      dockerfile: {
        name: `${LONG}.Dockerfile`,
        text: `FROM a\nRUN --mount=type=secret,id=${LONG} x\n`,
      },
      failure: {
        message: `failed to compute the checksum of ${LONG}: not found `,
        excerpt: `${LONG}:1\n   1 | >>> RUN ${LONG}`,
      },
    },
    [warningAt(2, `FromAsCasing: ${LONG} differs (line 2)`)],
  );
}

Deno.test("no line of the text is wider than the terminal, and what is cut shows it", () => {
  for (const columns of [40, 60, 80, 121]) {
    const timings = wordy();
    const comparison = compareTimings(appTimings(), timings);
    const text = timingsText(timings, { columns, comparison });
    const lines = text.split("\n");
    for (const line of lines) assert(textWidth(line) <= columns, line);
    // The bytes stay, whatever is before them.
    assert(lines.some((line) => /^ +sha256:a+…? 50\.00MB$/.test(line)), text);
    assert(lines.some((line) => /^ +a\/long\S*… 1B$/.test(line)), text);
    for (
      const begin of [
        /^ +1 +59 min 59 s load a/,
        /^a-stage-of-a-name/,
        /^ +ERROR: failed/,
        /^ +secrets: a\//,
        /^ +1 \| >>> RUN a/,
      ]
    ) {
      const line = lines.find((line) => begin.test(line));
      assert(line !== undefined, `${begin} in ${text}`);
      assert(line.includes("…") || columns > 60, `${begin}: ${line}`);
    }
    // The Dockerfile's name.
    assert(lines.some((line) => /^a\/long\S+…$/.test(line)), text);
    // Of an error and a warning nothing is lost.
    const whole = lines.join("");
    assert(whole.includes(`error: failed to compute`), whole);
    const told = text.slice(text.indexOf("\nerror: ")).replace(/\n/g, "");
    assert(told.includes(LONG), told);
  }
});

Deno.test("a warning says its line once", () => {
  const text = timingsText(timingsOf([{ name: "a", at: [0, 1] }], {}, [
    warningAt(2, "FromAsCasing: differs (line 2)"),
    warningAt(3, "Other: differs (line 2)"),
    warningAt(undefined, "Third: differs (line 2)"),
  ]));
  assert(
    text.endsWith(
      "\n\nwarning at line 2: FromAsCasing: differs\nwarning at line 3: Other: differs (line 2)\nwarning: Third: differs (line 2)\n",
    ),
    text,
  );
});

Deno.test("an error and a warning of many words are cut", () => {
  const text = timingsText(
    timingsOf([{ name: "a", at: [0, 1] }], {
      failure: { message: "word ".repeat(10_000) },
    }, [warningAt(undefined, "word ".repeat(10_000))]),
  );
  assertEquals(text.match(/…/g)?.length, 2);
  assert(text.length < 5000);
});

Deno.test("text tells what its marks mean, of those that it has", () => {
  const legendOf = (...steps: [cached: boolean, error?: string][]) =>
    timingsText(
      timingsOf(steps.map(([cached], at) => ({
        name: `[1/9] RUN ${at}`,
        at: [at, at + (cached ? 0 : 1)] as const,
        cached,
      }))),
      { columns: 120 },
    ).split("\n\n")[1];
  assertEquals(legendOf([false]), "* on the critical path, █ ran");
  assertEquals(legendOf([true]), "· from the cache");
  assertEquals(
    legendOf([true], [false]),
    "* on the critical path, █ ran, · from the cache",
  );
  assert(!timingsText(timingsOf([])).includes("ran"));
});

Deno.test("words of any length take no more room than there is, and little time", () => {
  const begin = performance.now();
  const marks = "\u0301".repeat(100_000);
  const words = "é".repeat(100_000);
  const timings = timingsOf([
    { name: `[${words} 1/2] RUN e${marks}`, at: [0, 1000] },
    { name: `[${"1".repeat(100_000)}`, at: [1000, 2000] },
  ]);
  for (const columns of [40, 200]) {
    const text = timingsText(timings, { columns });
    assert(text.length < 20_000, `${text.length}`);
  }
  for (const title of ["x", marks]) {
    assert(timingsSvg(timings, { title }).length < 50_000);
    assert(timingsHtml(timings, { title }).length < 50_000);
  }
  assertEquals(wrapped(words, 100, Infinity).length, 1000);
  assertEquals(wrapped(`a ${words} b`, 100, Infinity).join("").length, 100_002);
  assertEquals(wrapped(marks, 10, Infinity).join(""), marks);
  assert(performance.now() - begin < 5000);
});
