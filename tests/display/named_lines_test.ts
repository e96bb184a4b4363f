import type { Display } from "../../lib/display/display.ts";
import { type LineMark, NamedLines } from "../../lib/display/named_lines.ts";
import { nextVertex } from "../../lib/display/plain_turn.ts";
import type { PlainVertex } from "../../lib/display/plain_vertex.ts";
import { assertEquals } from "../support/assert.ts";

const PLAIN: LineMark = { text: "a | ", skip: 0 };
const JSON_MARK: LineMark = { text: '{"build":"a",', skip: 1 };

/** What becomes of these pieces; the last one comes at the end. */
function marked(
  mark: LineMark,
  pieces: readonly string[],
  isShared = () => true,
): string[] {
  const left = [...pieces];
  const encoder = new TextEncoder();
  const next = () => encoder.encode(left.shift());
  const display: Display = {
    intervalMs: 7,
    update: () => true,
    render: next,
    end: next,
  };
  const named = new NamedLines(display, mark, isShared);
  assertEquals([named.intervalMs, named.update([], 0)], [7, true]);
  return pieces.map((_, at) =>
    new TextDecoder().decode(
      at < pieces.length - 1 ? named.render(0) : named.end(0),
    )
  );
}

Deno.test("NamedLines marks whole lines, and holds back what has no end yet", () => {
  const kib64 = "x".repeat(64 * 1024);
  for (
    const [mark, pieces, expected] of [
      [PLAIN, ["one\ntwo\n", ""], ["a | one\na | two\n", ""]],
      [PLAIN, ["on", "", "e\nt", ""], ["", "", "a | one\n", "a | t\n"]],
      [PLAIN, ["x\n\ny\n", ""], ["a | x\na |\na | y\n", ""]],
      [PLAIN, ["\n", "\n"], ["a |\n", "a |\n"]],
      [PLAIN, ["\nx\n", ""], ["a |\na | x\n", ""]],
      [PLAIN, ["o", "pen"], ["", "a | open\n"]],
      [PLAIN, ["o", "ne\ntwo\nthree"], ["", "a | one\na | two\na | three\n"]],
      [JSON_MARK, ['{"b":1}\n', "{"], [
        '{"build":"a","b":1}\n',
        '{"build":"a",\n',
      ]],
      [JSON_MARK, ["\n", ""], ['{"build":"a",\n', ""]],
      // A line of any length is broken where it gets too long.
      [PLAIN, [kib64.slice(1), "yz", ""], [
        "",
        `a | ${kib64.slice(1)}yz\n`,
        "",
      ]],
      [PLAIN, [kib64, "y", ""], [`a | ${kib64}\n`, "", "a | y\n"]],
    ] as [LineMark, string[], string[]][]
  ) assertEquals(marked(mark, pieces), expected);
});

Deno.test("NamedLines leaves lines alone until there are several builds", () => {
  let shared = false;
  const marks = marked(PLAIN, ["on", "e\ntwo\nth", "ree\n", ""], () => {
    const now = shared;
    shared = true;
    return now;
  });
  assertEquals(marks, ["on", "a | e\na | two\n", "a | three\n", ""]);
});

/** A step that has news since a moment. */
function step(name: string, count: number, since: number) {
  return { name, count, since } as unknown as PlainVertex;
}

Deno.test("nextVertex(): whose turn it is", () => {
  const a = (count: number, since: number) => step("a", count, since);
  const b = (count: number, since: number) => step("b", count, since);
  const c = (count: number, since: number) => step("c", count, since);
  const isNext = (
    open: PlainVertex[],
    current: PlainVertex | undefined,
    now: number,
  ) => (nextVertex(open, current, now) as unknown as { name?: string })?.name;
  // With no turn, the busiest, or the one that waited for more than ten seconds.
  assertEquals(isNext([], undefined, 0), undefined);
  assertEquals(isNext([a(1, 0), b(2, 0)], undefined, 100), "b");
  assertEquals(isNext([a(2, 0), b(2, 0)], undefined, 100), "a");
  assertEquals(isNext([a(2, 0), b(2, 50)], undefined, 100), "b");
  assertEquals(isNext([a(9, 5000), b(1, 0)], undefined, 10_000), "a");
  assertEquals(isNext([a(9, 5000), b(1, 0)], undefined, 10_001), "b");
  // Within one millisecond nothing is divided by nothing.
  assertEquals(isNext([a(1, 100), b(2, 100)], undefined, 100), "b");
  assertEquals(isNext([a(3, 98), b(2, 100)], undefined, 100), "b");
  // The present one goes on while it has its share of the time.
  const own = a(10, 0);
  assertEquals(isNext([own], own, 60_000), undefined);
  assertEquals(isNext([own, b(10, 0)], own, 10_000), undefined);
  assertEquals(isNext([own, b(9, 0)], own, 10_000), undefined);
  assertEquals(isNext([own, b(11, 0)], own, 10_000), "b");
  assertEquals(isNext([own, b(30, 5000)], own, 5000), undefined);
  assertEquals(isNext([own, b(30, 5000)], own, 5001), "b");
  assertEquals(isNext([own, b(30, 5000), c(31, 5000)], own, 9000), "c");
  assertEquals(isNext([own, b(1, 0)], own, 10_001), "b");
  // One that has nothing new keeps its turn until somebody waited too long.
  const silent = a(0, 0);
  assertEquals(isNext([b(9, 5000)], silent, 14_000), undefined);
  assertEquals(isNext([b(9, 5000)], silent, 15_001), "b");
});
