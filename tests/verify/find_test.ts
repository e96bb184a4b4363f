import type { Match, Matcher } from "../../lib/redact/automaton.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import type { Form } from "../../lib/redact/forms.ts";
import { ContentScan, FindCollector } from "../../lib/verify/find.ts";
import type { WrappedSearch } from "../../lib/verify/wrapped_search.ts";
import { assertEquals } from "../support/assert.ts";

const TOKEN = "tk-9f8e7d6c5+x/b4a392=&81706";
const encode = (text: string) => new TextEncoder().encode(text);
const PLACE = { blob: "b", part: "file", path: "p" } as const;

interface Told extends Partial<Match["pattern"]> {
  readonly start: number;
  readonly end: number;
  readonly weak?: boolean;
}

/** A match of a short pattern, or what is told otherwise. */
function match({ start, end, weak = false, ...pattern }: Told): Match {
  const known = { value: 0, form: "hex" as Form, length: end - start, at: 0 };
  return { start, end, weak, pattern: { ...known, ...pattern } };
}

/** The runs that are told of matches, and of those across the ends of lines. */
function runsOf(matches: readonly Told[], wrapped: readonly Told[] = []) {
  const telling = (told: readonly Told[]) => {
    const last = told.length - 1;
    return {
      first: (_: Uint8Array, onMatch: (match: Match) => void) =>
        told.slice(0, last).forEach((one) => onMatch(match(one))),
      last: (onMatch: (match: Match) => void) =>
        told.slice(Math.max(0, last)).forEach((one) => onMatch(match(one))),
    };
  };
  const [plain, lines] = [telling(matches), telling(wrapped)];
  const runs: unknown[][] = [];
  const scan = new ContentScan({
    matcher: { scan: plain.first, finishScan: plain.last } as Matcher,
    wrapped: {
      push: lines.first,
      end: lines.last,
    } as unknown as WrappedSearch,
  }, (told) => {
    for (const { value, form, offset, count } of told) {
      runs.push([value, form, offset, count]);
    }
  });
  scan.push(new Uint8Array(1));
  scan.end();
  return runs;
}

Deno.test("matches of one value and form are one run, which tells the first place and how often", () => {
  const long = { length: 300 };
  const cases: [what: string, matches: Told[], runs: unknown[][]][] = [
    ["nothing", [], []],
    ["one", [{ start: 3, end: 9 }], [[0, "hex", 3, 1]]],
    [
      "one behind the other",
      [{ start: 3, end: 9 }, { start: 10, end: 16 }],
      [[0, "hex", 3, 2]],
    ],
    [
      "one beside the other",
      [{ start: 3, end: 9 }, { start: 9, end: 15 }, { start: 15, end: 16 }],
      [[0, "hex", 3, 1]],
    ],
    [
      "a short one within, and one that the longer one reaches",
      [{ start: 3, end: 20 }, { start: 5, end: 9 }, { start: 20, end: 22 }],
      [[0, "hex", 3, 1]],
    ],
    [
      "two values, two forms",
      [
        { start: 1, end: 5 },
        { start: 7, end: 9, value: 1 },
        { start: 11, end: 19, form: "base64" },
        { start: 21, end: 29 },
      ],
      [[0, "hex", 1, 2], [1, "hex", 7, 1], [0, "base64", 11, 1]],
    ],
    ["the first block alone", [{ start: 0, end: 64, ...long }], []],
    [
      "another block alone",
      [{ start: 5, end: 69, ...long, at: 64 }],
      [[0, "hex", 5, 1]],
    ],
    [
      "a last block that begins at the second byte",
      [{ start: 5, end: 69, length: 65, at: 1 }],
      [[0, "hex", 5, 1]],
    ],
    [
      "two blocks",
      [
        { start: 5, end: 69, ...long },
        { start: 69, end: 133, ...long, at: 64 },
      ],
      [[0, "hex", 5, 1]],
    ],
    [
      "the first block, and again with the next",
      [
        { start: 5, end: 69, ...long },
        { start: 100, end: 164, ...long },
        { start: 164, end: 228, ...long, at: 64 },
      ],
      [[0, "hex", 100, 1]],
    ],
    [
      "the first block, another far away",
      [
        { start: 5, end: 69, ...long },
        { start: 100, end: 164, ...long, at: 64 },
      ],
      [[0, "hex", 100, 1]],
    ],
    [
      "a whole one, the first block far away, what lies beside that, and one far from it",
      [
        { start: 5, end: 69, ...long, at: 64 },
        { start: 100, end: 164, ...long },
        { start: 164, end: 228, ...long, at: 64 },
        { start: 300, end: 364, ...long, at: 64 },
      ],
      [[0, "hex", 5, 2]],
    ],
    [
      "a weak block alone",
      [{ start: 5, end: 69, ...long, at: 64, weak: true }],
      [],
    ],
    [
      "a weak block beside the first one",
      [
        { start: 5, end: 69, ...long },
        { start: 69, end: 133, ...long, at: 64, weak: true },
      ],
      [],
    ],
    [
      "a weak block far away, and one beside that",
      [
        { start: 5, end: 69, ...long, at: 64 },
        { start: 100, end: 164, ...long, at: 128, weak: true },
        { start: 164, end: 228, ...long, at: 64 },
      ],
      [[0, "hex", 5, 2]],
    ],
    [
      "a weak block beside a whole one, and one beside that",
      [
        { start: 5, end: 69, ...long, at: 64 },
        { start: 69, end: 133, ...long, at: 128, weak: true },
        { start: 133, end: 197, ...long, at: 64 },
      ],
      [[0, "hex", 5, 1]],
    ],
  ];
  for (const [what, matches, runs] of cases) {
    assertEquals(runsOf(matches), runs, what);
    // Across the ends of lines they are gathered in the same way.
    assertEquals(runsOf([], matches), runs, `${what}, in lines`);
  }
});

Deno.test("what stands in one line and across the ends of lines is told once", () => {
  const long = { length: 300, at: 64 };
  const [early, late] = [{ start: 1, end: 5 }, { start: 50, end: 55 }];
  assertEquals(runsOf([early], [late]), [[0, "hex", 1, 2]]);
  assertEquals(runsOf([late], [early]), [[0, "hex", 1, 2]]);
  assertEquals(runsOf([early], [{ ...late, value: 1 }]), [
    [0, "hex", 1, 1],
    [1, "hex", 50, 1],
  ]);
  assertEquals(runsOf([early], [{ ...late, form: "base64" }]), [
    [0, "hex", 1, 1],
    [0, "base64", 50, 1],
  ]);
  // Blocks of one are not counted: each line may hold some.
  const blocks = [{ start: 1, end: 65, ...long }, {
    start: 80,
    end: 144,
    ...long,
  }];
  assertEquals(runsOf(blocks, [{ start: 20, end: 120, ...long }]), [
    [0, "hex", 1, 1],
  ]);
});

Deno.test("a value that stands there as it is hides the forms that say no more", () => {
  const at = (form: Form, start: number, value = 0) => ({
    start,
    end: start + 9,
    form,
    value,
  });
  const formsOf = (...told: Told[]) =>
    runsOf(told).map(([value, form]) => `${value} ${form}`);
  const plainer: Form[] = [
    "line",
    "field",
    "json",
    "percent",
    "html",
    "escape",
    "quoted-printable",
    "mixed",
  ];
  for (const form of plainer) {
    assertEquals(formsOf(at("plain", 0), at(form, 20)), ["0 plain"]);
    assertEquals(formsOf(at(form, 0), at("plain", 20)), ["0 plain"]);
    assertEquals(formsOf(at("plain", 0, 1), at(form, 20)), [
      "1 plain",
      `0 ${form}`,
    ]);
  }
  for (const form of ["base64", "base64url", "hex"] as const) {
    assertEquals(formsOf(at("plain", 0), at(form, 20)), [
      "0 plain",
      `0 ${form}`,
    ]);
  }
  assertEquals(formsOf(at("field", 0), at("line", 20)), ["0 line"]);
  assertEquals(formsOf(at("json", 0), at("line", 20)), ["0 json", "0 line"]);
  assertEquals(formsOf(at("field", 0, 1), at("line", 20)), [
    "1 field",
    "0 line",
  ]);
});

Deno.test("pieces of content have nothing to do with each other, one after the other or at a time", () => {
  const finds = new FindCollector(createFinder([encode(TOKEN)]), 9);
  const [a, b] = [TOKEN.slice(0, 9), TOKEN.slice(9)];
  const lines = `${"x".repeat(35)}\n`;
  for (const piece of [a, b, `${lines}${a}`, b]) {
    finds.scanBytes(PLACE, encode(piece));
  }
  assertEquals(finds.finds, []);
  assertEquals(finds.bytes, 2 * TOKEN.length + lines.length);
  const scans = [1, 2].map((n) => finds.scan({ ...PLACE, path: `${n}` }));
  scans[0]!.push(encode(`x${a}`));
  scans[1]!.push(encode(b));
  scans[0]!.push(encode(b));
  scans[1]!.push(encode(a));
  for (const scan of scans) scan.end();
  finds.scanBytes({ ...PLACE, packed: "gzip" }, encode(`${TOKEN} ${TOKEN}`));
  assertEquals(finds.finds, [
    { ...PLACE, path: "1", value: 0, form: "plain", offset: 1, count: 1 },
    { ...PLACE, packed: "gzip", value: 0, form: "plain", offset: 0, count: 2 },
  ]);
});

Deno.test("so many finds are kept, and those that are not are counted", () => {
  const finds = new FindCollector(createFinder([encode(TOKEN)]), 3);
  const pathsOf = () => finds.finds.map(({ path }) => path);
  const find = (path: string) =>
    finds.scanBytes({ ...PLACE, path }, encode(TOKEN));
  for (const path of ["a", "b", "c"]) find(path);
  assertEquals([pathsOf(), finds.lost], [["a", "b", "c"], 0]);
  find("d");
  find("e");
  assertEquals([pathsOf(), finds.lost], [["a", "b", "c"], 2]);
  finds.keepFrom(1, ({ path }) => path === "c");
  assertEquals(pathsOf(), ["a", "c"]);
  finds.keepFrom(2, () => false);
  find("f");
  assertEquals([pathsOf(), finds.lost], [["a", "c", "f"], 2]);
});
