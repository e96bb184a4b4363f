import { compareTimings } from "../../lib/timings/compare.ts";
import { timingsHtml } from "../../lib/timings/html.ts";
import { readTimings } from "../../lib/timings/read_timings.ts";
import { comparable, readSaved, timingsJson } from "../../lib/timings/saved.ts";
import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { APP, appTimings, timingsOf } from "./recorded.ts";

Deno.test("two builds are compared step by step, what became slower first", () => {
  const before = timingsOf([
    { name: "[a 1/4] RUN one", at: [0, 1000] },
    { name: "[a 2/4] RUN two", at: [1000, 1000], cached: true },
    { name: "[a 3/4] RUN old", at: [1000, 3000] },
    { name: "[a 4/4] RUN four", at: [3000, 8000] },
  ]);
  const after = timingsOf([
    { name: "[a 1/4] RUN one", at: [0, 1050] },
    { name: "[a 2/4] RUN two", at: [1050, 4050] },
    { name: "[a 3/4] RUN new", at: [4050, 5050] },
    { name: "[a 4/4] RUN four", at: [5050, 6050] },
  ]);
  const { changes, summary, ...rest } = compareTimings(before, after);
  assertEquals(rest, { beforeMs: 8000, afterMs: 6050 });
  assertEquals(
    changes.map(({ name, step, beforeMs, afterMs, deltaMs, lostCache }) => [
      name,
      step,
      beforeMs,
      afterMs,
      deltaMs,
      lostCache,
    ]),
    [
      ["a RUN two", 1, 0, 3000, 3000, true],
      ["a RUN new", 2, undefined, 1000, 1000, false],
      ["a RUN one", 0, 1000, 1050, 50, false],
      ["a RUN old", undefined, 2000, undefined, -2000, false],
      ["a RUN four", 3, 5000, 1000, -4000, false],
    ],
  );
  assertEquals(summary, [
    "The build became faster by 1.9 s (−24 %): 8.0 s before, 6.0 s now.",
    "Slower: “a RUN two”, 0 ms before, 3.0 s now; it came from the cache before.",
    "New: “a RUN new”, 1.0 s.",
    "Faster: “a RUN four”, 5.0 s before, 1.0 s now.",
    "Not there any more: “a RUN old”, 2.0 s before.",
  ]);
});

Deno.test("a slower build, and one as fast as before", () => {
  const of = (ms: number) => timingsOf([{ name: "RUN x", at: [0, ms] }]);
  const said = (before: number, after: number) =>
    compareTimings(of(before), of(after)).summary;
  assertEquals(said(1000, 3000), [
    "The build became slower by 2.0 s (+200 %): 1.0 s before, 3.0 s now.",
    "Slower: “RUN x”, 1.0 s before, 3.0 s now.",
  ]);
  assertEquals(said(1000, 1099), [
    "The build took about as long as the one before: 1.0 s before, 1.1 s now.",
  ]);
  assertEquals(said(1000, 1100).length, 2);
  assertEquals(said(1100, 1000).length, 2);
  assertEquals(
    said(0, 1000)[0],
    "The build became slower by 1.0 s: 0 ms before, 1.0 s now.",
  );
});

Deno.test("steps of the same words are matched in their order; a lost cache is only lost once", () => {
  const of = (...steps: [ms: number, cached: boolean][]) => {
    let time = 0;
    return timingsOf(steps.map(([ms, cached]) => ({
      name: "RUN x",
      at: [time, time += ms] as const,
      cached,
    })));
  };
  const { changes } = compareTimings(
    of([100, false], [200, true], [0, true]),
    of([100, false], [500, false], [0, true], [7, false]),
  );
  assertEquals(
    changes.map(({ step, beforeMs, lostCache }) => [step, beforeMs, lostCache]),
    [[1, 200, true], [3, undefined, false], [0, 100, false], [2, 0, false]],
  );
});

Deno.test("at most three steps are spoken of in each direction", () => {
  const of = (...ms: number[]) =>
    timingsOf(
      ms.map((ms, at) => ({ name: `RUN ${at}`, at: [at, at + ms] as const })),
    );
  const { summary } = compareTimings(
    of(1000, 1000, 1000, 1000, 5000, 5000, 5000, 5000),
    of(2100, 2200, 2300, 2400, 4100, 4200, 4300, 4400),
  );
  assertEquals(summary.slice(1).map((said) => /RUN \d/.exec(said)![0]), [
    "RUN 3",
    "RUN 2",
    "RUN 1",
    "RUN 4",
    "RUN 5",
    "RUN 6",
  ]);
});

Deno.test("a build that did not complete is not called faster, and only what both ran is compared", () => {
  const steps = [
    { name: "[1/4] RUN one", at: [0, 1000] as const },
    { name: "[2/4] RUN two", at: [1000, 3000] as const, inputs: [0] },
    { name: "[3/4] RUN three", at: [3000, 9000] as const, inputs: [1] },
  ];
  const good = timingsOf(steps);
  const slower = { ...steps[0]!, at: [0, 1500] as const };
  const failed = timingsOf([
    slower,
    { ...steps[1]!, at: [1500, 1600], error: "exit code: 1" },
  ]);
  const only = "compared are only the steps that both ran to their end.";
  // It is the same with what a file keeps.
  for (const before of [failed, readSaved(timingsJson(failed))]) {
    const { changes, summary } = compareTimings(before, good);
    assertEquals(changes.map(({ name }) => name), ["RUN one"]);
    assertEquals(summary, [
      `The build before failed after 1.6 s, and this one took 9.0 s: ${only}`,
      "Faster: “RUN one”, 1.5 s before, 1.0 s now.",
    ]);
  }
  for (const before of [good, readSaved(timingsHtml(good))]) {
    const { changes, summary } = compareTimings(before, failed);
    assertEquals(changes.map(({ name }) => name), ["RUN one"]);
    assertEquals(summary, [
      `The build before took 9.0 s, and this one failed after 1.6 s: ${only}`,
      "Slower: “RUN one”, 1.0 s before, 1.5 s now.",
    ]);
  }
  // What still ran when it was stopped may have no error.
  const stopped = timingsOf(
    [slower, { ...steps[1]!, at: [1500, undefined] }],
    { failure: { message: "stopped", canceled: true }, silentMs: 700 },
  );
  assertEquals(compareTimings(stopped, failed).summary, [
    `The build before was cancelled after 2.2 s, and this one failed after 1.6 s: ${only}`,
  ]);
  assertEquals(
    compareTimings(stopped, good).changes.map(({ name }) => name),
    ["RUN one"],
  );
});

Deno.test("a file that does not say how its build ended is compared as one that completed", () => {
  const old = readSaved(
    '{"format":"davit-timings/1","durationMs":3000,"steps":[["RUN x",3000,0]]}',
  );
  assertEquals(old.status, undefined);
  const now = timingsOf([{ name: "RUN x", at: [0, 1000] }]);
  assertEquals(compareTimings(old, now).summary, [
    "The build became faster by 2.0 s (−67 %): 3.0 s before, 1.0 s now.",
    "Faster: “RUN x”, 3.0 s before, 1.0 s now.",
  ]);
  // Those who write one by hand need not say it either.
  const steps = [{ key: "RUN x", durationMs: 1000, cached: false }];
  assertEquals(
    compareTimings({ durationMs: 1000, steps }, now).changes.map((
      { deltaMs },
    ) => deltaMs),
    [0],
  );
});

Deno.test("a stage without a name is found by its words where its number is another one", () => {
  const of = (...names: string[]) =>
    timingsOf(names.map((name, at) => ({
      name,
      at: [at * 1000, at * 1000 + 1000] as const,
    })));
  const pairs = (before: string[], after: string[]) =>
    compareTimings(of(...before), of(...after)).changes
      .filter(({ beforeMs, afterMs }) =>
        beforeMs === undefined || afterMs === undefined
      ).map(({ name }) => name);
  assertEquals(
    pairs(
      ["[a 1/1] RUN x", "[stage-1 1/1] RUN slow"],
      ["[a 1/1] RUN x", "[b 1/1] RUN y", "[stage-2 1/1] RUN slow"],
    ),
    ["b RUN y"],
  );
  // From one stage to two.
  assertEquals(
    pairs(["[1/1] RUN slow"], ["[a 1/1] RUN x", "[stage-1 1/1] RUN slow"]),
    ["a RUN x"],
  );
  assertEquals(
    pairs(
      ["[linux/amd64 stage-1 1/1] RUN x", "[linux/arm64 stage-1 1/1] RUN x"],
      ["[linux/arm64 stage-2 1/1] RUN x", "[linux/s390x stage-2 1/1] RUN x"],
    ),
    ["linux/s390x stage-2 RUN x", "linux/amd64 stage-1 RUN x"],
  );
  // One of the same number is taken before one of another.
  const run = (stage: string, from: number, to: number) => ({
    name: `[${stage} 1/1] RUN x`,
    at: [from, to] as const,
  });
  const { changes } = compareTimings(
    timingsOf([run("stage-0", 0, 1000), run("stage-1", 1000, 6000)]),
    timingsOf([run("stage-1", 0, 5000), run("stage-2", 5000, 6000)]),
  );
  assertEquals(changes.map(({ deltaMs }) => deltaMs), [0, 0]);
  // A name of one's own, or a word of an instruction, is not left out.
  assertEquals(
    pairs(["[one 1/1] RUN x"], ["[two 1/1] RUN x"]),
    ["two RUN x", "one RUN x"],
  );
  assertEquals(
    pairs(["[1/1] RUN stage-1 x"], ["[1/1] RUN stage-2 x"]),
    ["RUN stage-2 x", "RUN stage-1 x"],
  );
});

Deno.test("what a page and JSON keep of a build is enough to compare it", async () => {
  const timings = appTimings();
  const kept = comparable(timings);
  assertEquals(kept.steps.length, APP.length);
  assertEquals(kept.steps[7], {
    key: "COPY . .",
    durationMs: 200,
    cached: false,
    stopped: false,
  });
  assertEquals(kept.steps[2]!.key, "internal load build context");
  assertEquals(readSaved(timingsJson(timings)), kept);
  assertEquals(readSaved(timingsHtml(timings)), kept);
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, timingsHtml(timings));
    const read = await readTimings(path);
    assertEquals(read, kept);
    assertEquals(compareTimings(read, timings).summary, [
      "The build took about as long as the one before: 10.0 s before, 10.0 s now.",
    ]);
    await Deno.truncate(path, 64 * 1024 * 1024 + 1);
    await assertRejects(
      () => readTimings(path),
      TypeError,
      "it is larger than 64 MiB",
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("words that look like the end of the kept part are kept as they are", () => {
  const name = '</script><script>"\\u003c';
  const timings = timingsOf([{ name, at: [0, 10] }]);
  assertEquals(readSaved(timingsHtml(timings)).steps[0]!.key, name);
  assertEquals(timingsJson(timings).includes("<"), false);
});

Deno.test("long words are cut in the same way in both builds", () => {
  const name = "x".repeat(200);
  const timings = timingsOf([{ name, at: [0, 10] }]);
  const kept = readSaved(timingsJson(timings));
  assertEquals(kept.steps[0]!.key, `${"x".repeat(79)}…`);
  assertEquals(compareTimings(kept, timings).changes.length, 1);
});

Deno.test("anything else is refused", () => {
  const saved = (fields: object) =>
    JSON.stringify({
      format: "davit-timings/1",
      durationMs: 1,
      steps: [],
      ...fields,
    });
  assertEquals(readSaved(saved({})), {
    durationMs: 1,
    status: undefined,
    steps: [],
  });
  for (
    const text of [
      "",
      "<html></html>",
      "null",
      "[]",
      saved({ format: "other/2" }),
      saved({ format: 2 }),
      saved({ format: "davit-timings/x" }),
      saved({ durationMs: "1" }),
      saved({ durationMs: -1 }),
      saved({}).replace('"durationMs":1', '"durationMs":1e999'),
      saved({ durationMs: null }),
      saved({ status: "done" }),
      saved({ status: null }),
      saved({}).slice(0, -1),
      saved({ steps: {} }),
      saved({ steps: [["a"]] }),
      saved({ steps: [[1, 1, 0]] }),
      saved({ steps: [["a", -1, 0]] }),
      saved({ steps: ["ab"] }),
    ]
  ) {
    assertThrows(
      () => readSaved(text),
      TypeError,
      "No timings can be read from this: expected a page",
    );
  }
  assertThrows(
    () => readSaved(saved({ format: "davit-timings/2" })),
    TypeError,
    "No timings can be read from this: another version of davit wrote it (davit-timings/2, expected davit-timings/1)",
  );
  // A page of which only a part was written.
  const page = timingsHtml(appTimings());
  assertThrows(
    () =>
      readSaved(page.slice(0, page.lastIndexOf('<script type="application'))),
    TypeError,
  );
  assertThrows(
    () => readSaved(page.slice(0, page.lastIndexOf("]]"))),
    TypeError,
  );
});

Deno.test("a page has the largest changes first, whichever way", () => {
  const of = (...ends: readonly (number | undefined)[]) =>
    timingsOf(ends.flatMap((end, at) =>
      end === undefined ? [] : [{
        name: `[s 1/9] RUN ${"abcdef"[at]}`,
        at: [0, end] as const,
        cached: end === 0,
      }]
    ));
  const before = of(1000, 5000, 0, undefined, 700, 3000);
  const after = of(3000, 1000, 1500, 300, 749, undefined);
  const html = timingsHtml(after, {
    comparison: compareTimings(before, after),
  });
  const part = html.slice(html.indexOf("<h2>Against"));
  const rows = [...part.matchAll(/<tr><td>(.*?)<\/td>(.*?)<\/tr>/g)].map((
    [, name, cells],
  ) => [
    name!.replace(/<\/?a[^>]*>/g, ""),
    ...[...cells!.matchAll(/>([^<]+)</g)].map(([, text]) => text),
  ]);
  assertEquals(rows, [
    ["s RUN b", "5.0 s", "1.0 s", "−4.0 s"],
    ["s RUN f", "3.0 s", "–", "−3.0 s"],
    ["s RUN a", "1.0 s", "3.0 s", "+2.0 s"],
    [
      "s RUN c <small>not from the cache any more</small>",
      "0 ms",
      "1.5 s",
      "+1.5 s",
    ],
    ["s RUN d", "–", "300 ms", "+300 ms"],
  ]);
  // One that is there has a link.
  assertEquals(
    [...part.matchAll(/<td><a href="#s(\d)">s RUN (.)</g)].map(([, at, name]) =>
      `${name}${after.steps[Number(at) - 1]!.words.at(-1)}`
    ),
    ["bb", "aa", "cc", "dd"],
  );
});

Deno.test("a step that comes from the cache now, and one whose flags changed", () => {
  const of = (cached: boolean, flags: string) =>
    timingsOf([{
      name: `[a 1/2] RUN ${flags}make`,
      at: [0, cached ? 0 : 2000],
      cached,
    }, { name: "[a 2/2] RUN other", at: [2000, 2500] }]);
  const slow = of(false, "--mount=type=cache,target=/c ");
  const fast = of(true, "");
  const comparison = compareTimings(slow, fast);
  assertEquals(
    comparison.changes.map(({ name, cached }) => [name, cached]),
    [["a RUN other", false], ["a RUN make", true]],
  );
  assertEquals(
    comparison.summary.at(-1),
    "Faster: “a RUN make”, 2.0 s before, from the cache now.",
  );
  const html = timingsHtml(fast, { comparison });
  assertEquals(
    /<td class="n">2\.0 s<\/td><td class="n">cached<\/td>/.test(html),
    true,
  );
  const back = compareTimings(fast, slow);
  assertEquals(
    back.summary[1],
    "Slower: “a RUN make”, 0 ms before, 2.0 s now; it came from the cache before.",
  );
  assertEquals(
    back.changes.map(({ cached, lostCache }) => [cached, lostCache]),
    [[false, true], [false, false]],
  );
});
