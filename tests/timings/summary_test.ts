import { percentOf, secondsOf } from "../../lib/timings/summary.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { APP, appTimings, type MadeStep, timingsOf } from "./recorded.ts";

Deno.test("a summary says which step the time is, and why it ran", () => {
  assertEquals(appTimings().summary, [
    "The build took 10.0 s: 10 steps, 4 of them from the cache.",
    "70 % of the time (7.0 s) is one RUN that no cache can help as it stands, “RUN npm ci” at line 8; it runs again because of “COPY . .” at line 7.",
    "For 1.0 s (10 %) no step ran that the build waited for.",
    "Secret used: npm_token.",
  ]);
});

/** What is said of the slowest step. */
function saidOf(steps: readonly MadeStep[]): string {
  return timingsOf(steps).summary[1]!;
}

Deno.test("of a first build it says when the step will run again", () => {
  const first = APP.map((step) => ({ ...step, cached: false }));
  assert(
    saidOf(first).endsWith(
      " is one RUN that no cache can help as it stands, “RUN npm ci”; it runs again whenever the files of “COPY . .” change.",
    ),
    saidOf(first),
  );
  const ordered = first.filter((_, at) => at < 7);
  assert(
    saidOf([...ordered, { name: "RUN ci", at: [1100, 9100], inputs: [6] }])
      .endsWith(
        "is “RUN ci”; it runs again whenever the files of “COPY package.json .” change.",
      ),
  );
});

Deno.test("a RUN with a cache of its own is not called helpless", () => {
  const helped = APP.map((step, at) =>
    at === 8
      ? { ...step, name: "[6/6] RUN --mount=type=cache,target=/c ci" }
      : step
  );
  assert(
    saidOf(helped).includes(
      "is “RUN ci”; it runs again because of “COPY . .”",
    ),
    saidOf(helped),
  );
});

Deno.test("a step whose inputs all came from the cache is not blamed on a copy", () => {
  assertEquals(
    saidOf([
      { name: "[1/2] COPY . .", at: [0, 0], cached: true },
      { name: "[2/2] RUN make", at: [0, 10], inputs: [0] },
    ]),
    "100 % of the time (10 ms) is “RUN make”; it was not in the cache, though what it is built upon was.",
  );
  const based = (words: string) =>
    saidOf([
      { name: "[a 1/1] RUN other", at: [0, 0], cached: true },
      { name: "[1/2] FROM base", at: [0, 0] },
      { name: `[2/2] ${words}`, at: [0, 10], inputs: [1] },
    ]).split("; ")[1];
  assertEquals(based("RUN make"), "it was not in the cache.");
  assertEquals(based("COPY . ."), "it was not in the cache.");
  assertEquals(
    saidOf([
      { name: "[1/3] RUN make", at: [0, 0], cached: true },
      { name: "[2/3] COPY . .", at: [0, 10], inputs: [0] },
    ]),
    "100 % of the time (10 ms) is “COPY . .”; its files or its words are not those of the cache.",
  );
});

Deno.test("a RUN that mounts files of the client may run again because of them", () => {
  for (
    const load of [
      "[internal] load build context",
      "[context src] load from client",
    ]
  ) {
    const steps = (cached: boolean, inputs: number[]): MadeStep[] => [
      { name: load, at: [0, 0] },
      { name: "[1/3] COPY x .", at: [0, 0], cached },
      { name: "[2/3] RUN --mount=type=bind make", at: [0, 10], inputs },
    ];
    const share = "100 % of the time (10 ms) is “RUN make”; ";
    assertEquals(
      saidOf(steps(true, [0, 1])),
      `${share}its files or its words are not those of the cache.`,
    );
    assertEquals(
      saidOf(steps(true, [1])),
      `${share}it was not in the cache, though what it is built upon was.`,
    );
    assertEquals(
      saidOf(steps(false, [0, 1])),
      `${share}it runs again whenever the files that it mounts change.`,
    );
    assertEquals(
      saidOf(steps(false, [1])),
      `${share}it runs again whenever the files of “COPY x .” change.`,
    );
  }
});

Deno.test("of a step that failed no reason is told: it runs again in any case", () => {
  const failed = APP.map((step, at) =>
    at === 8 ? { ...step, error: "exit code: 1" } : step
  );
  const said = timingsOf(failed).summary.find((line) =>
    line.includes(" of the time")
  )!;
  assert(said.endsWith("is “RUN npm ci”."), said);
});

Deno.test("of a first build a copy runs again for its own files", () => {
  assertEquals(
    saidOf([
      { name: "[1/2] COPY a .", at: [0, 1] },
      { name: "[2/2] COPY . .", at: [1, 100], inputs: [0] },
    ]),
    "99 % of the time (99 ms) is “COPY . .”; it runs again whenever its files change.",
  );
});

Deno.test("a copy of a whole image is no copy of the context", () => {
  const said = (copy: string, [from, to]: readonly [number, number]) =>
    timingsOf([
      { name: "[1/3] WORKDIR /a", at: [0, 0], cached: true },
      { name: `[2/3] ${copy}`, at: [0, from], inputs: [0] },
      { name: "[3/3] RUN make", at: [from, to], inputs: [1] },
    ]).summary[1]!;
  assertEquals(
    said("COPY --from=alpine . .", [1, 100]),
    "99 % of the time (99 ms) is “RUN make”; it runs again because of “COPY --from=alpine . .”.",
  );
  assert(said("COPY --link . .", [1, 100]).includes("no cache can help"));
  assertEquals(
    said("COPY --from=alpine . .", [99, 100]),
    "99 % of the time (99 ms) is “COPY --from=alpine . .”; its files or its words are not those of the cache.",
  );
});

Deno.test("a step behind another that runs again is not blamed on a later copy", () => {
  assert(
    saidOf([
      { name: "[1/4] WORKDIR /a", at: [0, 0], cached: true },
      { name: "[2/4] RUN apt", at: [0, 1], inputs: [0] },
      { name: "[3/4] COPY . .", at: [1, 2], inputs: [1] },
      { name: "[4/4] RUN make", at: [2, 100], inputs: [2] },
    ]).endsWith("is “RUN make”; it runs again because of “RUN apt”."),
  );
});

Deno.test("files of another stage are not what a change of the context changes", () => {
  const said = (copy: string) =>
    saidOf([
      { name: `[a 1/2] ${copy}`, at: [0, 1] },
      { name: "[a 2/2] RUN make", at: [1, 100], inputs: [0] },
    ]);
  assert(said("ADD x .").includes("whenever the files of “ADD x .” change"));
  assertEquals(
    said("COPY --from=b x ."),
    "99 % of the time (99 ms) is “RUN make”.",
  );
});

Deno.test("of several copies the first that changed is the reason; of a first build the nearest", () => {
  const steps = (cached: boolean): MadeStep[] => [
    { name: "[1/4] WORKDIR /a", at: [0, 0], cached },
    { name: "[2/4] COPY a .", at: [0, 1], inputs: [0] },
    { name: "[3/4] COPY b .", at: [1, 2], inputs: [1] },
    { name: "[4/4] RUN make", at: [2, 100], inputs: [2] },
  ];
  assert(saidOf(steps(true)).endsWith("again because of “COPY a .”."));
  assert(saidOf(steps(false)).endsWith("the files of “COPY b .” change."));
});

Deno.test("where several may be the reason, none is blamed alone", () => {
  const steps = (...stages: string[]): MadeStep[] => [
    { name: "[a 1/2] WORKDIR /a", at: [0, 0], cached: true },
    ...stages.map((stage): MadeStep => ({
      name: `[${stage} 1/1] COPY . /${stage}`,
      at: [0, 1],
    })),
    {
      name: "[a 2/2] RUN make",
      at: [1, 100],
      inputs: stages.map((_, at) => at + 1),
    },
  ];
  const because = (...stages: string[]) =>
    / because of (.*)\.$/.exec(saidOf(steps(...stages)))![1];
  assertEquals(because("b"), "“COPY . /b”");
  assertEquals(because("b", "c"), "“COPY . /b” or “COPY . /c”");
  assertEquals(because("b", "c", "d"), "“COPY . /b” or “COPY . /c” or others");
  assert(saidOf(steps("b")).includes("no cache can help"));
  assert(!saidOf(steps("b", "c")).includes("no cache can help"));
});

Deno.test("only a copy of the whole context makes a RUN helpless", () => {
  const said = (copy: string) =>
    saidOf([
      { name: `[1/2] ${copy}`, at: [0, 1] },
      { name: "[2/2] RUN make", at: [1, 100], inputs: [0] },
    ]).includes("no cache can help");
  assertEquals(
    [
      "COPY . .",
      "COPY ./ /a",
      "ADD --chown=1 --link . /a",
      "COPY .a .",
      "COPY a .",
    ]
      .map(said),
    [true, true, true, false, false],
  );
});

Deno.test("forms of COPY other than that of plain words are reasons, too", () => {
  const said = (copy: string, ran = true) =>
    saidOf([
      { name: "[1/4] RUN base", at: [0, 0], cached: true },
      { name: `[2/4] ${copy}`, at: [0, 1], inputs: [0], cached: !ran },
      { name: "[3/4] run make", at: [1, 100], inputs: [1] },
    ]);
  for (const copy of ["COPY [., /app]", "COPY * .", "copy . ."]) {
    assertEquals(
      said(copy),
      `99 % of the time (99 ms) is one RUN that no cache can help as it stands, “run make”; it runs again because of “${copy}”.`,
    );
  }
  assertEquals(
    said("COPY <<EOF /a"),
    "99 % of the time (99 ms) is “run make”; it runs again because of “COPY <<EOF /a”.",
  );
  assertEquals(
    said("copy a .", false),
    "99 % of the time (99 ms) is “run make”; it was not in the cache, though what it is built upon was.",
  );
});

Deno.test("a context that the builder has fetched or unpacked is what a RUN mounts", () => {
  const said = (name: string) =>
    saidOf([
      { name, at: [0, 1] },
      { name: "[2/2] RUN make", at: [1, 100], inputs: [0] },
    ]);
  for (
    const load of [
      "copy /context /",
      "[internal] load git source https://example.com/a.git",
    ]
  ) assert(said(load).endsWith("the files that it mounts change."), load);
  assert(
    said("[1/2] copy /context /").endsWith(
      "whenever the files of “copy /context /” change.",
    ),
  );
});

Deno.test("steps of several platforms are told apart", () => {
  assertEquals(
    timingsOf([
      { name: "[linux/amd64 2/3] COPY a .", at: [0, 1] },
      { name: "[linux/arm64 2/3] COPY a .", at: [0, 1] },
      { name: "[linux/amd64 3/3] RUN make", at: [1, 4000], inputs: [0] },
      { name: "[linux/arm64 3/3] RUN make", at: [4000, 9000], inputs: [1] },
      { name: "exporting", at: [9000, 9000] },
    ]).summary.slice(1, 2),
    [
      "56 % of the time (5.0 s) is “RUN make” on linux/arm64; it runs again whenever the files of “COPY a .” on linux/arm64 change.",
    ],
  );
  assertEquals(
    timingsOf([
      { name: "[linux/amd64 2/2] RUN make", at: [0, 4000] },
      { name: "[linux/arm64 2/2] RUN make", at: [0, 5000], error: "no" },
    ]).summary[1],
    "It failed in “RUN make” on linux/arm64.",
  );
});

Deno.test("a step that moved bytes says how many", () => {
  assertEquals(
    saidOf([{
      name: "[internal] load build context",
      at: [0, 2000],
      bytes: { "transferring context:": 1_500_000, other: 500_000 },
    }]),
    "100 % of the time (2.0 s) is “load build context”, which moved 2.00MB.",
  );
});

Deno.test("at most three steps are spoken of, and none of less than a tenth of the time", () => {
  const chain = (...lengths: number[]) => {
    let time = 0;
    return timingsOf(lengths.map((length, place): MadeStep => ({
      name: `s${place}`,
      at: [time, time += length],
      inputs: place === 0 ? [] : [place - 1],
    }))).summary.slice(1).map((said) => /is “(\w+)”/.exec(said)![1]);
  };
  assertEquals(chain(100, 100, 90, 101, 609), ["s4", "s3", "s0"]);
  assertEquals(chain(200, 201, 202, 203, 194), ["s3", "s2", "s1"]);
  assertEquals(chain(99, 901), ["s1"]);
});

Deno.test("steps that ran side by side are counted", () => {
  const summary = (...ends: number[]) =>
    timingsOf(ends.map((end, place) => ({
      name: `s${place}`,
      at: [0, end] as const,
    }))).summary.at(-1)!;
  assertEquals(
    summary(1000, 1000, 500),
    "All steps together took 2.5 s: 2.5 ran at a time, on average.",
  );
  assert(summary(1000, 200).includes("1.2 ran at a time"));
  assert(!summary(1000, 190).includes("ran at a time"));
});

Deno.test("how a build ended, and with how many steps", () => {
  const first = (error?: string) =>
    timingsOf([{
      name: "RUN x",
      at: [0, 1500],
      ...(error === undefined ? {} : { error }),
    }]).summary;
  assertEquals(
    first()[0],
    "The build took 1.5 s: 1 step, none of them from the cache.",
  );
  assertEquals(first("exit code: 1").slice(0, 2), [
    "The build failed after 1.5 s: 1 step, none of them from the cache.",
    "It failed in “RUN x”.",
  ]);
  assertEquals(
    first("context canceled")[0],
    "The build was cancelled after 1.5 s: 1 step, none of them from the cache.",
  );
  assert(!first("context canceled")[1]!.startsWith("It failed"));
});

Deno.test("several secrets that were used", () => {
  const { summary } = timingsOf([{ name: "a", at: [0, 1] }], {}, [
    { type: "secret", id: "b", state: "served" },
    { type: "secret", id: "a", state: "served" },
    { type: "secret", id: "c", state: "missing" },
  ]);
  assertEquals(summary.at(-1), "Secrets used: b, a.");
});

Deno.test("times and shares in sentences", () => {
  const times: [ms: number, told: string][] = [
    [0, "0 ms"],
    [0.4, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [1049, "1.0 s"],
    // Never 60.0 s, 1 min 60 s, or 60 min.
    [59_949, "59.9 s"],
    [59_950, "1 min"],
    [61_000, "1 min 1 s"],
    [119_499, "1 min 59 s"],
    [119_500, "2 min"],
    [3_599_499, "59 min 59 s"],
    [3_599_500, "1 h"],
    [7_229_999, "2 h"],
    [9_000_000, "2 h 30 min"],
    [100 * 3_600_000, "100 h"],
  ];
  for (const [ms, told] of times) assertEquals(secondsOf(ms), told);
  assertEquals([percentOf(1, 3), percentOf(1, 0)], ["33 %", "0 %"]);
});
