/** How large a page is, and what it leaves out to stay small. */
import { compareTimings } from "../../lib/timings/compare.ts";
import { timingsHtml } from "../../lib/timings/html.ts";
import { PAGE_ROOMS } from "../../lib/timings/html_room.ts";
import { readSaved } from "../../lib/timings/saved.ts";
import { stepKey } from "../../lib/timings/step_key.ts";
import type { BuildTimings } from "../../lib/timings/timings.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { digestOf, largeBuild, type MadeStep, timingsOf } from "./recorded.ts";

const LIMIT = 300_000;
const STEPS = 500;

const encoder = new TextEncoder();
const sizeOf = (text: string) => encoder.encode(text).length;

/** A build of 500 steps, with its Dockerfile. */
function build(
  words: (place: number) => string,
  more: (place: number) => Partial<MadeStep> = () => ({}),
  dockerfile: (text: string) => string = (text) => text,
): BuildTimings {
  const { steps, text } = largeBuild(STEPS, words);
  return timingsOf(
    steps.map((step, place) => ({ ...step, ...more(place) })),
    { dockerfile: { name: "Dockerfile", text: dockerfile(text) } },
  );
}

/** So many steps before this one. */
const before = (place: number, most: number) =>
  Array.from({ length: Math.min(place, most) }, (_, at) => place - 1 - at);

const part = (place: number) => `make part-${place}`;

/** Each instruction below two lines of comment. */
const commented = (text: string) =>
  text.split("\n").map((line) =>
    `# What the next instruction is for, as people write it.\n# And a second line of it.\n${line}`
  ).join("\n");

/** Builds as people have them, each large in another way. */
const BUILDS: Readonly<Record<string, () => BuildTimings>> = {
  "cache and secret mounts": () =>
    build((place) =>
      `--mount=type=cache,target=/var/cache/apt --mount=type=secret,id=token apt-get install -y package-${place} && rm -rf /var/lib/apt/lists/*`
    ),
  "ampersands and quotes": () =>
    build((place) =>
      `cd /src/${place} && ./configure && make && make install && echo "it's done" > "/log"`
    ),
  "eight inputs": () => build(part, (place) => ({ inputs: before(place, 8) })),
  "long names and transfers": () =>
    build((place) => `${part(place)} ${"x".repeat(300)}`, (place) => ({
      inputs: before(place, 3),
      bytes: { "extracting layer": 12345 },
    })),
  "layers": () =>
    build(part, (place) =>
      place % 10 === 0
        ? {
          bytes: Object.fromEntries(
            Array.from({ length: 12 }, (_, at) => [
              digestOf(place * 100 + at),
              1e6,
            ]),
          ),
        }
        : {}),
  "errors": () =>
    build(part, (place) => ({
      error:
        `process "/bin/sh -c make part-${place}" did not complete successfully: context canceled: context canceled`,
    })),
  "comments": () => build(part, undefined, commented),
  "long names and comments": () =>
    build((place) => `${part(place)} ${"x".repeat(300)}`, undefined, commented),
  "Japanese": () => build((place) => `echo ${"日本語".repeat(30)} ${place}`),
  "quotes and entities": () =>
    build((place) => `echo ${`"'&<>`.repeat(30)} ${place}`),
};

/** The same build, each step of it slower. */
function slower(timings: BuildTimings): BuildTimings {
  const steps = timings.steps.map((step) => ({
    ...step,
    durationMs: 3 * step.durationMs,
  }));
  return { ...timings, steps };
}

/** Links of a page that lead to nothing in it. */
function deadLinks(page: string): string[] {
  const ids = new Set(
    [...page.matchAll(/ id="(\w+)"/g)].map(([, id]) => id!),
  );
  const links = [...page.matchAll(/href="#(\w+)"/g)].map(([, id]) => id!);
  assert(links.length > 0);
  return links.filter((id) => !ids.has(id));
}

Deno.test("a page of 500 steps is below 300 KB, and one with a comparison is, too", () => {
  for (const [name, make] of Object.entries(BUILDS)) {
    const timings = make();
    assertEquals(timings.lines.length, STEPS, name);
    const comparison = compareTimings(timings, slower(timings));
    for (const options of [{}, { comparison }]) {
      const page = timingsHtml(timings, { title: name, ...options });
      assert(sizeOf(page) < LIMIT, `${name}: ${sizeOf(page)}`);
      assert(page.includes(`id="s${STEPS}"`), name);
      assertEquals(deadLinks(page), [], name);
      assertEquals(readSaved(page).steps.length, STEPS);
    }
  }
});

Deno.test("a page of 500 steps is below 300 KB, whatever is in it", () => {
  for (const sign of ["&", '"', "日", "\u202e", "\u0301"]) {
    const long = sign.repeat(400);
    // A mount can't have a quote.
    const id = long.replaceAll('"', "q");
    const words = (place: number) =>
      `--mount=type=secret,id=${id} ${place}${long}`;
    const { steps, text } = largeBuild(STEPS, words);
    const timings = timingsOf(
      steps.map((step, place) => ({
        ...step,
        // Each step in a lane of its own.
        name: step.name.replace(" s", ` ${place}${long}s`),
        error: place % 2 === 0 ? long : `${long}: context canceled`,
        inputs: before(place, 40),
        again: Array.from({ length: 30 }, (_, at) => {
          const start = step.at![1]! + 2 * at;
          return [start, start + 1] as const;
        }),
        bytes: Object.fromEntries(
          Array.from({ length: 12 }, (_, at) => [`${long}${at}`, 1e6 + at]),
        ),
      })),
      {
        dockerfile: { name: long, text: commented(text) },
        failure: { message: long, excerpt: `${long}\n`.repeat(300) },
      },
      Array.from({ length: 300 }, () => ({
        type: "warning",
        vertex: undefined,
        level: 1,
        short: long,
        detail: [],
        url: long,
        source: undefined,
        code: undefined,
      })),
    );
    // Of a build that failed, few steps are compared.
    const whole = { ...timings, status: "completed" } as const;
    const page = timingsHtml(timings, {
      title: long,
      comparison: compareTimings(whole, slower(whole)),
    });
    assert(sizeOf(page) < LIMIT, `${sign}: ${sizeOf(page)}`);
    assert(page.includes(`id="s${STEPS}"`));
    assertEquals(deadLinks(page), []);
    assert(page.includes("<br><small>transfers: 12</small>"));
    assert(page.includes("<br><small>secrets: 1</small>"));
    assert(page.includes('<span class="x">cancelled</span>'));
    assert(/<p>\d+ lines are left out<\/p>/.test(page));
    assert(page.includes("<li>and 295 more</li>"));
    assert(page.includes("and 490 more</p>"));
    assert(page.includes("\nand 291 more lines</pre>"));
    assert(page.includes("Names end with “…” after 12 characters."));
  }
});

Deno.test("a page of more than 500 steps may be larger by as much, and has their names", () => {
  const count = 3 * STEPS;
  const { steps, text } = largeBuild(count, (place) => `make part-${place}`);
  const timings = timingsOf(steps, {
    dockerfile: { name: "Dockerfile", text },
  });
  const page = timingsHtml(timings);
  assert(sizeOf(page) > LIMIT && sizeOf(page) < 3 * LIMIT, `${sizeOf(page)}`);
  for (const place of [0, count - 1]) {
    // In the list of steps, and in the Dockerfile.
    assertEquals(page.split(`RUN make part-${place}<`).length, 3);
  }
});

Deno.test("a page of an ordinary build leaves nothing out", () => {
  const words = `echo ${"a".repeat(200)}`;
  const { steps, text } = largeBuild(40, () => words);
  const page = timingsHtml(timingsOf(steps, {
    dockerfile: { name: "Dockerfile", text: commented(text) },
  }));
  assertEquals(page.split(`RUN ${words}</a>`).length - 1, 40);
  assertEquals(page.split(`<td>RUN ${words}`).length - 1, 40);
  assert(page.includes("<td># And a second line of it."));
  assert(!page.includes("left out") && !page.includes("Names end with"));
});

Deno.test("a page that gets too large leaves out what is needed least", () => {
  const long = "x".repeat(300);
  const timings: BuildTimings = {
    ...build((place) => `--network=none ${part(place)} ${long}`, (place) => ({
      inputs: before(place, 4),
    }), commented),
    warnings: [{ text: "careful", url: undefined, line: 1 }],
    failure: {
      message: "no",
      step: undefined,
      lines: { start: 4, end: 5 },
      excerpt: undefined,
    },
  };
  const page = timingsHtml(timings);
  // The comments go before the names get short, and before any input does.
  const [, most] = /after (\d+) characters/.exec(page)!;
  assert(Number(most) >= 60, most);
  assertEquals(
    [...page.matchAll(/<tr id="L(\d+)"[^>]*><td>\d+<td><td># /g)].map((
      [, line],
    ) => line),
    // What is warned of, and what failed.
    ["1", "4", "5"],
  );
  assert(page.includes("<td>FROM base AS s49<tr"));
  assert(
    page.includes(
      "<p>1101 lines are left out: comments, and what has no step</p>",
    ),
    /<p>.* left out.*<\/p>/.exec(page)?.[0],
  );
  assert(page.includes('<td>9<td><a href="#s1">'));
  assert(!page.includes(' title="RUN --network=none'));
  assert(/<a href="#s496">496<\/a>, .*<a href="#s499">499<\/a>/.test(page));
});

Deno.test("with each room a page has no more than with the one before it", () => {
  const kinds = ["all", "steps", "none"];
  for (const [at, room] of PAGE_ROOMS.slice(1).entries()) {
    const last = PAGE_ROOMS[at]!;
    for (const [name, value] of Object.entries(room)) {
      const was = last[name as keyof typeof room];
      if (typeof value === "string") {
        assert(kinds.indexOf(value) >= kinds.indexOf(was as string), name);
      } else assert(value <= was, `${name} of room ${at + 1}`);
    }
  }
});

Deno.test("a Dockerfile longer than a page shows has links to lines that are there", () => {
  const text = `FROM a\n${"#\n".repeat(2100)}RUN x\n`;
  const warning = (line: number) => ({
    type: "warning" as const,
    vertex: undefined,
    level: 1,
    short: "careful",
    detail: [],
    url: undefined,
    source: {
      file: "Dockerfile",
      text: undefined,
      ranges: [{
        start: { line, character: 0 },
        end: { line, character: 0 },
      }],
    },
    code: undefined,
  });
  const page = timingsHtml(timingsOf(
    [
      { name: "[1/2] FROM a", at: [0, 1] },
      { name: "[2/2] RUN x", at: [1, 2] },
    ],
    { dockerfile: { name: "Dockerfile", text } },
    [warning(1), warning(2102)],
  ));
  assertEquals(deadLinks(page), []);
  assert(page.includes("<p>and 102 more lines</p>"));
  assert(page.includes('<li>careful <a href="#L1">line 1</a></li>'));
  assert(page.includes("<li>careful line 2102</li>"));
  assert(page.includes("★ RUN x<td>"), page);
});

Deno.test("what tells a step from others takes at most a hundred bytes", () => {
  const bytes = (key: string) =>
    sizeOf(JSON.stringify(key).replaceAll("<", "\\u003c")) - 2;
  assertEquals(stepKey("x".repeat(80)), "x".repeat(80));
  assertEquals(stepKey("x".repeat(81)), `${"x".repeat(79)}…`);
  assertEquals(stepKey("日".repeat(33)), "日".repeat(33));
  for (const sign of ["日", "😀", '"', "\\", "<", "é"]) {
    const key = stepKey(sign.repeat(80));
    const cut = key.replace(/…$/, "");
    assertEquals(cut, sign.repeat(cut.length / sign.length));
    assert(bytes(key) <= 100, `${sign}: ${bytes(key)}`);
    // No more is cut than has to be.
    assert(bytes(key) > 90, `${sign}: ${bytes(key)}`);
    assertEquals(stepKey(`${sign.repeat(80)}x`), key);
  }
});
