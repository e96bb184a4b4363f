import { compareTimings } from "../../lib/timings/compare.ts";
import { timingsSvg } from "../../lib/timings/svg.ts";
import { SENTENCE } from "../../lib/timings/svg_measures.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { assertXml } from "../support/xml.ts";
import {
  appTimings,
  evilTimings,
  type MadeStep,
  timingsOf,
} from "./recorded.ts";

Deno.test("a picture is well-formed XML, whatever the words of a build", () => {
  for (
    const wrong of [
      "<a>",
      "<a></b>",
      "<a/><b/>",
      "a<b/>",
      "<a b=c/>",
      "<a b='1' b='2'/>",
      "<a>&x;</a>",
      "<a>\ufffe</a>",
      "<a>\x1b</a>",
      "<a>\ud800</a>",
      "<a b='<'/>",
    ]
  ) assertThrows(() => assertXml(wrong));
  assertXml("<a b='&lt;'>x<c/>&#39;</a>\n");
  const evil = evilTimings();
  const comparison = compareTimings(timingsOf([]), evil);
  assertXml(timingsSvg(evil, { title: "\uffff\ud800<&", comparison }));
  assertXml(timingsSvg(appTimings()));
  assertXml(timingsSvg(timingsOf([])));
});

/** The lines of sentences. */
function sentencesOf(svg: string): string[] {
  return [...svg.matchAll(/<text class="s" [^>]*>([^<]*)</g)].map(([, line]) =>
    line!.replaceAll("&amp;", "&")
  );
}

Deno.test("the sentences of a picture stay in it, however wide their characters are", () => {
  for (
    const words of ["W", "m", "@", "世", "😀", "Щ", "É", "i", "a W 世 ", "&"]
  ) {
    const name = `RUN ${words.repeat(60 / words.length)}`;
    const steps: MadeStep[] = [
      { name: `[1/3] COPY . ${words.repeat(20 / words.length)}`, at: [0, 10] },
      { name: `[2/3] ${name}`, at: [10, 9000], inputs: [0] },
    ];
    const lines = sentencesOf(timingsSvg(timingsOf(steps)));
    assert(lines.length >= 3, lines.join("\n"));
    for (const line of lines) {
      assert(SENTENCE.width(line) <= 860, `${SENTENCE.width(line)}: ${line}`);
    }
  }
  // As a browser measures them in DejaVu Sans, at 13 pixels.
  const measured: [text: string, least: number, most: number][] = [
    ["W".repeat(10), 128.5, 133],
    ["i".repeat(10), 36, 43],
    ["m".repeat(10), 126, 133],
    ["The build took 10.0 s: 10 steps", 190, 230],
    ["é".repeat(10), 80, 84],
    ["世".repeat(10), 130, 170],
    ["a\u0301", 7.9, 8.4],
  ];
  for (const [text, least, most] of measured) {
    const width = SENTENCE.width(text);
    assert(width >= least && width <= most, `${text}: ${width}`);
  }
  assertEquals(SENTENCE.cut("WWW", 30), "WW");
  assertEquals(SENTENCE.cut("😀😀", 33), "😀");
  assertEquals(SENTENCE.cut("ab", 100), "ab");
});

/** The names of the steps that are drawn, in their order. */
function drawnIn(svg: string): string[] {
  return [...svg.matchAll(/<text(?: class="t")? x="28" y="\d+">([^<]*)</g)]
    .map(([, name]) => name!);
}

Deno.test("of more steps than are drawn, those that say least are left out", () => {
  const timings = timingsOf([
    { name: "[a 1/6] RUN cached", at: [0, 500], cached: true },
    { name: "[a 2/6] RUN short", at: [0, 10] },
    { name: "[b 1/1] RUN beside", at: [0, 100] },
    { name: "[a 3/6] RUN path", at: [900, 1000], inputs: [1] },
    { name: "[a 4/6] RUN wrong", at: [1000, 1001], inputs: [3], error: "no" },
  ]);
  const names = ["wrong", "path", "beside", "short", "cached"];
  for (let maxSteps = 1; maxSteps <= 5; maxSteps++) {
    const svg = timingsSvg(timings, { maxSteps });
    assertEquals(
      drawnIn(svg).sort(),
      names.slice(0, maxSteps).map((name) => `RUN ${name}`).sort(),
    );
    const more = 5 - maxSteps;
    assertEquals(
      / (\d+ more steps?)</.exec(svg)?.[1],
      more === 0 ? undefined : `${more} more step${more === 1 ? "" : "s"}`,
    );
  }
});

Deno.test("a long time leaves its name less room", () => {
  const nameBeside = (ms: number) =>
    drawnIn(timingsSvg(timingsOf([{
      name: `[1/1] RUN ${"x".repeat(80)}`,
      at: [0, ms],
    }])))[0]!;
  assertEquals(nameBeside(59_000).length, 39);
  // Eleven columns and one blank, in place of nine.
  assertEquals(nameBeside(59 * 61_000).length, 36);
});

Deno.test("no words of the axis stand in each other, or leave the picture", () => {
  for (
    const ms of [0, 0.5, 7, 600, 999, 6000, 59_999, 90_000, 600_000, 5_400_000]
  ) {
    const svg = timingsSvg(timingsOf([{ name: "[1/1] RUN x", at: [0, ms] }]));
    const words = [
      ...svg.matchAll(
        /<path class="g" d="M([\d.]+) [^>]*><text class="t" x="([\d.]+)" [^>]*>([^<]*)</g,
      ),
    ].map(([, line, x, text]) => ({ line, x: Number(x), text: text! }));
    assert(ms === 0 || words.length >= 3, `${ms}: ${words.length}`);
    let end = 0;
    for (const { x, text } of words) {
      assert(x >= end, `${ms}: ${text}`);
      end = x + 7.3 * text.length;
      assert(end <= 880.1, `${ms}: ${text} ends at ${end}`);
    }
  }
});
