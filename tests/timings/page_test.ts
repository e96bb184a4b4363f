/** Timings as a page, as a picture and as text. */
import { compareTimings } from "../../lib/timings/compare.ts";
import { timingsHtml } from "../../lib/timings/html.ts";
import { SCRIPT, SCRIPT_HASH } from "../../lib/timings/html_script.ts";
import { timingsSvg } from "../../lib/timings/svg.ts";
import { timingsText } from "../../lib/timings/text.ts";
import type { BuildTimings } from "../../lib/timings/timings.ts";
import { textWidth } from "../../lib/display/text_width.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import {
  appTimings,
  digestOf,
  EVIL,
  evilTimings,
  largeBuild,
  timingsOf,
} from "./recorded.ts";

/** What no page may have: control characters, those for directions. */
const UNSEEN_REGEXP = /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u;

/** Tags of a text in the order in which they open; fails if they are not closed. */
function tagsOf(
  text: string,
  alone: readonly string[],
  optional: readonly string[] = [],
): string[] {
  const open: string[] = [];
  const all: string[] = [];
  const plain = text.replace(
    /<(script|style)([^>]*)>[\s\S]*?<\/\1>/g,
    "<$1$2></$1>",
  );
  for (
    const [, close, name] of plain.matchAll(
      /<(\/?)([a-z0-9]+)(?:"[^"]*"|[^>"])*>/g,
    )
  ) {
    if (close === "") {
      all.push(name!);
      if (!alone.includes(name!)) open.push(name!);
      continue;
    }
    let last = open.pop();
    while (last !== name && optional.includes(last!)) last = open.pop();
    assertEquals(last, name);
  }
  assertEquals(open, []);
  return all;
}

const VOID = ["meta", "br", "input"];
/** Their end tags may be left out, and are: rows are many. */
const OPTIONAL = ["thead", "tbody", "tr", "th", "td"];

function pagesOf(timings: BuildTimings) {
  const comparison = compareTimings(timingsOf([]), timings);
  return {
    html: timingsHtml(timings, { title: EVIL, comparison }),
    svg: timingsSvg(timings, { comparison }),
    text: timingsText(timings, { comparison }),
  };
}

Deno.test("no page obeys the words of a build", () => {
  const { html, svg, text } = pagesOf(evilTimings());
  for (const page of [html, svg]) {
    assert(!page.includes("<img"), "a tag of the build's");
    assert(!UNSEEN_REGEXP.test(page));
    assert(page.includes("&lt;/script&gt;"));
    assert(page.includes("\\u202e"));
  }
  assertEquals(
    tagsOf(html, VOID, OPTIONAL).filter((tag) => tag === "script").length,
    2,
  );
  assertEquals([...html.matchAll(/<\/script>/g)].length, 2);
  tagsOf(svg.replace(/<(rect|path)([^>]*)\/>/g, "<$1$2></$1>"), []);
  assert(!UNSEEN_REGEXP.test(text));
  // A line of the Dockerfile, too.
  const line = timingsText(timingsOf(
    [{ name: "[1/1] RUN \x1b[2Jx", at: [0, 10] }],
    { dockerfile: { name: "\x1b]0;D", text: "FROM a\nRUN \x1b[2Jx\n" } },
  ));
  assert(line.includes("\\u001b]0;D\n    2    10 ms 100 % RUN \\u001b[2Jx\n"));
  assert(!UNSEEN_REGEXP.test(line));
  // An address is told, and no link.
  assertEquals(
    [...html.matchAll(/href="([^"]*)"/g)].filter(([, to]) =>
      !/^#[sL]\d+$/.test(to!)
    ),
    [],
  );
});

Deno.test("a page loads nothing, and allows its own script alone", async () => {
  const html = timingsHtml(appTimings());
  assert(!/\b(?:src|srcset|action|data)=|url\(|@import|https?:/.test(html));
  const bytes = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(SCRIPT),
  );
  assertEquals(SCRIPT_HASH, `sha256-${new Uint8Array(bytes).toBase64()}`);
  assert(html.includes(
    `content="default-src 'none'; style-src 'unsafe-inline'; script-src '${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'"`,
  ));
  assert(html.includes(`<script>${SCRIPT}</script>`));
  assert(!/[<&]\/?(?:script|style)/i.test(SCRIPT));
  // It is a program.
  new Function(SCRIPT);
});

Deno.test("without its script a page is a table with all that is known", () => {
  const html = timingsHtml(appTimings(), { title: "app" });
  tagsOf(html, VOID, OPTIONAL);
  assert(html.includes("<title>Timings of app</title>"));
  assert(
    html.includes('<div class="j" hidden>'),
    "help for keys that do nothing",
  );
  const rows = [
    ...html.matchAll(/<tr id="s(\d+)" class="(\w)"( data-p)?>(.*)$/gm),
  ];
  assertEquals(
    rows.map(([, at, kind, path]) => [at, kind, path !== undefined]),
    [
      ["1", "k", true],
      ["2", "k", true],
      ["3", "k", true],
      ["4", "c", false],
      ["5", "c", false],
      ["6", "c", false],
      ["7", "c", false],
      ["8", "k", true],
      ["9", "k", true],
      ["10", "k", true],
    ],
  );
  const [, , , , run] = rows.find(([, at]) => at === "9")!;
  assertEquals(
    run,
    '<td>9<td title="RUN --mount=type=secret,id=npm_token npm ci">★ <a href="#L8">RUN npm ci</a><br><small>secrets: npm_token</small><td><a href="#s8">8</a><td>1.3 s<td>7.0 s<td><i style="left:13%;width:70%"></i>',
  );
  const [, , , , context] = rows.find(([, at]) => at === "3")!;
  assert(
    context!.includes("<small>transferring context: 2.50MB of 5.00MB</small>"),
  );
  assert(
    html.includes(
      '<tr id="L8" style="--a:0.7"><td>8<td><a href="#s9">7.0 s</a><td>',
    ),
  );
  assert(
    html.includes(
      '<tr id="L4"><td>4<td><a href="#s7">cached</a><td>',
    ),
  );
  assert(
    html.includes(
      '<tr id="L6"><td>6<td><td># Everything else.<tr',
    ),
  );
  assert(!html.includes('id="L9"'));
});

Deno.test("a page's bar of the critical path, and its axis", () => {
  const html = timingsHtml(appTimings(), { title: "app" });
  const [, strip] = /<nav class="s"[^>]*>(.*)<\/nav>/.exec(html)!;
  assertEquals(
    [...strip!.matchAll(/<(a|span) class="(.)"(.*?)<\/\1>/g)].map(
      ([, , kind, rest]) => [kind, /width:([\d.]+)%/.exec(rest!)![1], rest],
    ).map(([kind, width, rest]) => [
      kind,
      width,
      /<i>(.*)<\/i>/.exec(rest!)?.[1] ??
        /title="([^"]*)"/.exec(rest!)![1] + "!",
    ]),
    [
      ["o", "1", "1 % short steps!"],
      ["k", "5", "5 % load metadata for docker.io/library/node:22"],
      ["k", "5", "5 % load build context"],
      ["k", "2", "2 % COPY . .!"],
      ["k", "70", "70 % RUN npm ci"],
      ["o", "10", "10 % waiting"],
      ["k", "7", "7 % exporting to image"],
    ],
  );
  assert(strip!.includes('href="#s9" style="width:70%"'));
  assert(html.includes('<table class="t" style="--g1:50%">'));
  assert(
    html.includes(
      '<th scope="col" class="w"><span style="left:min(0%,100% - 1ch)">0</span><span style="left:min(50%,100% - 3ch)">5 s</span><span style="left:min(100%,100% - 4ch)">10 s</span>\n<tbody>',
    ),
    html,
  );
  assert(
    html.includes(
      '<p class="g"><span class="k"><i></i>critical path</span> <span class="c"><i></i>from the cache</span> <span class="o"><i></i>waiting, short steps</span></p>',
    ),
  );
  const all = timingsHtml(timingsOf([
    { name: "a", at: [0, 10] },
    { name: "b", at: [0, 5], error: "exit code: 1" },
    { name: "c", at: [0, 4] },
  ], { failure: { message: "x", vertex: digestOf(0) } }));
  assert(
    all.includes(
      '<p class="g"><span class="b"><i></i>beside it</span> <span class="e"><i></i>failed</span></p>',
    ),
  );
  const red = (...errors: string[]) =>
    /<span class="e"><i><\/i>(.*?)<\/span>/.exec(
      timingsHtml(timingsOf(
        errors.map((error) => ({ name: "a", at: [0, 1], error })),
      )),
    )?.[1];
  assertEquals(red("context canceled"), "cancelled");
  assertEquals(red("context canceled", "exit code: 1"), "failed, cancelled");
  const empty = timingsHtml(timingsOf([]));
  assert(!empty.includes("<nav") && !empty.includes("--g1:"));
  assert(empty.includes('<span style="left:min(0%,100% - 1ch)">0</span>\n'));
});

Deno.test("a failure, warnings, and a comparison have a part of the page each", () => {
  const { html } = pagesOf(evilTimings());
  for (const part of ["Failed", "Warnings", "Against the earlier build"]) {
    assert(html.includes(`<h2>${part}</h2>`), part);
  }
  assert(html.includes('<a href="#s2">step 2</a>'));
  assert(html.includes('<span class="x">ERROR: '));
  const plain = timingsHtml(timingsOf([{ name: "a", at: [0, 1] }]));
  assertEquals([...plain.matchAll(/<h2>([^<]*)</g)].map(([, part]) => part), [
    "Steps",
  ]);
  const failed = timingsHtml(timingsOf(
    [
      { name: "[1/1] RUN x", at: [0, 1], error: "exit code: 1" },
    ],
    { dockerfile: { name: "D", text: "FROM a\nRUN x\nUSER 1\n" } },
    [{
      type: "warning",
      vertex: undefined,
      level: 1,
      short: "FromAsCasing: differs (line 2)",
      detail: [],
      url: undefined,
      source: {
        file: "D",
        text: undefined,
        ranges: [{
          start: { line: 2, character: 0 },
          end: { line: 2, character: 0 },
        }],
      },
      code: undefined,
    }],
  ));
  assert(failed.includes("<b>   2 | &gt;&gt;&gt; RUN x</b>"), failed);
  assertEquals(
    [...failed.matchAll(/<tr id="L(\d)"([^>]*)>/g)].map(([, line, mark]) => [
      line,
      mark!.includes(' class="x"'),
    ]),
    [["1", false], ["2", true], ["3", false]],
  );
  assert(
    failed.includes('<li>FromAsCasing: differs <a href="#L2">line 2</a></li>'),
  );
  const stopped = timingsHtml(timingsOf([
    { name: "a", at: [0, 1], error: "context canceled" },
  ]));
  assert(stopped.includes("<h2>Cancelled</h2>"));
  assert(stopped.includes("cancelled: context canceled"));
});

Deno.test("a page of 500 steps is below 300 KB, whatever their names", () => {
  const size = (text: string) => new TextEncoder().encode(text).length;
  for (const length of [40, 120, 400]) {
    const { steps, text } = largeBuild(
      500,
      (place) => `make target-${place} ${"x".repeat(length)}`,
    );
    const timings = timingsOf(steps, {
      dockerfile: { name: "Dockerfile", text },
    });
    assertEquals(timings.lines.length, 500);
    const html = timingsHtml(timings);
    assert(size(html) < 300_000, `${size(html)} at ${length}`);
    assert(html.includes('id="s500"') && html.includes('id="L500"'));
    assert(size(timingsSvg(timings)) < 30_000);
  }
});

Deno.test("what there is much of is counted", () => {
  const bytes = Object.fromEntries(
    Array.from({ length: 15 }, (_, at) => [`layer${at}`, at + 1]),
  );
  const inputs = Array.from({ length: 10 }, (_, at) => at);
  const again = Array.from(
    { length: 30 },
    (_, at) => [200 + 20 * at, 210 + 20 * at] as const,
  );
  const html = timingsHtml(timingsOf([
    ...inputs.map((at) => ({ name: `in${at}`, at: [0, 10] as const })),
    { name: "many", at: [10, 20], inputs, bytes, again },
  ]));
  const row = /<tr id="s11".*/.exec(html)![0];
  assert(row.includes("<small>layer14 15B of 30B</small>"));
  assert(row.includes("<small>layer3 4B of 8B</small>"));
  assert(!row.includes("layer2 "));
  assert(row.includes("and 3 more transfers"));
  assertEquals([...row.matchAll(/href="#s(\d+)"/g)].map(([, at]) => at), [
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
  ]);
  assert(row.includes("</a> and 2 more<td>"));
  assertEquals([...row.matchAll(/<i /g)].length, 21);
});

Deno.test("a picture shows the longest steps, and how many more there are", () => {
  const timings = appTimings();
  const svg = timingsSvg(timings, { maxSteps: 2 });
  assertEquals(
    [...svg.matchAll(/<text x="28" y="\d+">([^<]*)</g)].map(([, name]) => name),
    ["RUN npm ci", "exporting to image"],
  );
  assert(svg.includes("and 8 more steps"));
  assert(timingsSvg(timings, { maxSteps: 9 }).includes("and 1 more step<"));
  assert(!timingsSvg(timings).includes(" more step"));
  assert(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" width="900"'));
  assert(!/<script|href=|url\(|<image|on\w+=/.test(svg));
  assert(svg.includes("prefers-color-scheme:dark"));
  const many = timingsOf(largeBuild(41, () => "x").steps);
  assert(timingsSvg(many).includes("and 1 more step<"));
  // What there are more of than twenty is one bar.
  const again = Array.from(
    { length: 30 },
    (_, at) => [200 + 20 * at, 210 + 20 * at] as const,
  );
  const periods = timingsSvg(timingsOf([{ name: "a", at: [0, 10], again }]));
  const bars = [
    ...periods.matchAll(
      /x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14"/g,
    ),
  ].map(([, x, width]) => [Number(x), Number(width)]);
  assertEquals(bars.length, 21);
  // From 580 ms until 790, which is the end.
  assertEquals(bars.at(-1), [747.1, 132.9]);
  // As many characters as there is room for.
  const short = timingsSvg(timingsOf([
    { name: "[1/2] RUN aaaaaaaaaaaaaa", at: [0, 150] },
    { name: "[2/2] RUN b", at: [150, 1000], inputs: [0] },
  ]));
  assert(short.includes(">15 % RUN aaaaa…</text>"), short);
  // 7 of 10 s, of 500 pixels, and begun after 1.3 s.
  assert(svg.includes('<rect class="k" x="445" y="'), svg);
  assert(svg.includes('width="350" height="14"'), svg);
  // The same in the bar above, of 860 pixels.
  assert(svg.includes('width="600.5" height="26"'), svg);
  assert(svg.includes(">70 % RUN npm ci</text>"), svg);
});

Deno.test("what a step moved, and its secrets, stand where there is room", () => {
  const note = (
    at: readonly [number, number],
    more: { name?: string; bytes?: number } = {},
  ) => {
    const svg = timingsSvg(timingsOf([
      { name: "[1/2] RUN all", at: [0, 1000] },
      {
        name: more.name ?? "[2/2] RUN --mount=type=secret,id=token x",
        at,
        ...(more.bytes === undefined ? {} : { bytes: { a: more.bytes } }),
      },
    ]));
    const found =
      /<rect class="." [^>]* height="14" rx="2"\/>(<path class="y"[^>]*translate\(([\d.]+) [\d.]+\)"[^>]*\/>)?<text class="t" x="([\d.]+)"[^>]*>([^<]*)<\/text><\/svg>/
        .exec(svg);
    return found && [found[2] && Number(found[2]), Number(found[3]), found[4]];
  };
  // 500 pixels from 380: behind the bar, with a key before the id.
  assertEquals(note([100, 400]), [588, 602, "token"]);
  // At the end before it: five columns of 7.3 pixels, and the key.
  assertEquals(note([800, 1000]), [721.5, 735.5, "token"]);
  // Where the bar takes all of it there is no place.
  assertEquals(note([50, 1000]), null);
  const copy = { name: "[2/2] COPY a b" };
  assertEquals(note([100, 400], { ...copy, bytes: 1000 }), [
    undefined,
    588,
    "1.00kB",
  ]);
  assertEquals(note([100, 400], { ...copy, bytes: 999 }), null);
  assertEquals(note([100, 400], { bytes: 2_500_000 }), [
    588,
    602,
    "2.50MB, token",
  ]);
  assertEquals(
    note([800, 1000], {
      name: "[2/2] RUN --mount=type=secret,id=世界世界 x",
    }),
    [699.6, 713.6, "世界世界"],
  );
});

Deno.test("text has a line for each step, and fits its columns", () => {
  for (const columns of [10, 40, 80, 121]) {
    const text = timingsText(appTimings(), { columns });
    const rows = text.split("\n");
    const widest = Math.max(...rows.map(textWidth));
    assert(widest <= Math.max(40, columns), `${widest} of ${columns}`);
  }
  const lines = timingsText(appTimings(), { columns: 90 }).split("\n");
  const first = lines.indexOf("");
  assertEquals(lines.slice(0, 3), [
    "The build took 10.0 s: 10 steps, 4 of them from the cache.",
    "70 % of the time (7.0 s) is one RUN that no cache can help as it stands, “RUN npm ci” at",
    "line 8; it runs again because of “COPY . .” at line 7.",
  ]);
  assertEquals(lines.slice(first, first + 9), [
    "",
    "* on the critical path, █ ran, · from the cache",
    "",
    "internal",
    "*   1   100 ms load build definition from Dockerfile       █",
    "               transferring dockerfile: 150B",
    "*   2   500 ms load metadata for docker.io/library/node:22 ██",
    "*   3   500 ms load build context                           ███",
    "               transferring context: 2.50MB",
  ]);
  assert(
    lines.some((line) =>
      /^ {3,}7 {3}cached RUN npm config list +·$/.test(line)
    ),
    lines.join("\n"),
  );
  assert(
    lines.some((line) => /^\* +9 {4}7\.0 s RUN npm ci +█{21,22}$/.test(line)),
    lines.join("\n"),
  );
  assert(lines.includes("               secrets: npm_token"), lines.join("\n"));
  assert(
    lines.some((line) => /^ {4}8 {4}7\.0 s {2}70 % RUN --mount/.test(line)),
    lines.join("\n"),
  );
});

Deno.test("text tells how much of the time an instruction's steps ran, however many at a time", () => {
  const text = "FROM a\nRUN make\n";
  const lines = timingsText(timingsOf([
    { name: "[linux/amd64 2/2] RUN make", at: [0, 60] },
    { name: "[linux/arm64 2/2] RUN make", at: [20, 40] },
    { name: "[linux/s390x 2/2] RUN make", at: [50, 80] },
    { name: "exporting to image", at: [80, 100] },
  ], { dockerfile: { name: "Dockerfile", text } })).split("\n");
  assert(lines.includes("    2   110 ms  80 % RUN make"), lines.join("\n"));
});

Deno.test("text has colours only if they are asked for", () => {
  const timings = timingsOf([
    { name: "a", at: [0, 10], cached: true },
    { name: "b", at: [0, 100] },
    { name: "c", at: [0, 50] },
    { name: "d", at: [100, 200], inputs: [1], error: "exit code: 1" },
  ]);
  const lines = timingsText(timings, { columns: 60, color: true }).split("\n");
  const bar = (name: string) =>
    // deno-lint-ignore no-control-regex
    /\x1b\[(\d+)m *([·█]+)\x1b\[0m$/.exec(
      lines.find((line) =>
        new RegExp(`^[* ] +\\d+ +\\S+(?: ms)? ${name} `).test(line)
      )!,
    )!.slice(1);
  assertEquals(["a", "b", "c", "d"].map(bar), [
    ["2", "·"],
    ["33", "██████████"],
    ["34", "█████"],
    ["31", "██████████"],
  ]);
  // deno-lint-ignore no-control-regex
  const plain = lines.join("\n").replace(/\x1b\[\d+m/g, "");
  assertEquals(timingsText(timings, { columns: 60 }), plain);
});

Deno.test("so many warnings are told, and how many more there are", () => {
  const page = (count: number) =>
    timingsHtml(timingsOf(
      [{ name: "a", at: [0, 1] }],
      {},
      Array.from({ length: count }, (_, at) => ({
        type: "warning" as const,
        vertex: undefined,
        level: 1,
        short: `warning ${at}`,
        detail: [],
        url: undefined,
        source: undefined,
        code: undefined,
      })),
    ));
  assert(page(200).includes("<li>warning 199</li></ul>"));
  assert(page(203).includes("<li>warning 199</li><li>and 3 more</li></ul>"));
});

Deno.test("counts that are none are refused", () => {
  for (const wrong of [NaN, Infinity, -1, 1.5, 100_001, "80", null]) {
    const count = wrong as number;
    assertThrows(
      () => timingsText(appTimings(), { columns: count }),
      TypeError,
      "Cannot show timings: columns must be a whole number from 0 to 100000",
    );
    assertThrows(
      () => timingsSvg(appTimings(), { maxSteps: count }),
      TypeError,
      "Cannot show timings: maxSteps must be",
    );
  }
  assert(
    timingsSvg(appTimings(), { maxSteps: 0 }).includes("and 10 more steps"),
  );
  assertEquals(
    timingsText(appTimings(), { columns: 0 }),
    timingsText(appTimings(), { columns: 40 }),
  );
  timingsText(appTimings(), { columns: 100_000 });
});

Deno.test("text tells a warning alone, and shows a build that took no time", () => {
  const warned = timingsText(
    timingsOf([{ name: "a", at: [0, 0] }], {}, [{
      type: "warning",
      vertex: undefined,
      level: 1,
      short: "careful",
      detail: [],
      url: undefined,
      source: undefined,
      code: undefined,
    }]),
    { columns: 60 },
  );
  assert(warned.endsWith("\n\nwarning: careful\n"), warned);
  assert(/ 1 +0 ms a {23}█\n/.test(warned), warned);
});

Deno.test("text tells warnings, and the failure with its lines", () => {
  const text = timingsText(
    timingsOf([{ name: "[1/1] RUN x", at: [0, 1], error: "exit code: 1" }], {
      dockerfile: { name: "app.Dockerfile", text: "FROM scratch\nRUN x\n" },
    }, [{
      type: "warning",
      vertex: undefined,
      level: 1,
      short: "careful",
      detail: [],
      url: undefined,
      source: undefined,
      code: undefined,
    }]),
  );
  assert(text.includes("               ERROR: exit code: 1\n"), text);
  assert(
    text.includes(
      "\n\nwarning: careful\nerror: exit code: 1\napp.Dockerfile:2\n",
    ),
    text,
  );
  assert(text.includes("   2 | >>> RUN x\n"), text);
});
