import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Coverage } from "./covering.ts";
import { EQUIVALENTS, reasonFor } from "./equivalents.ts";
import { changesOf, type KINDS } from "./kinds.ts";
import { allMutants, sample } from "./mutants.ts";

const ROOT = await Deno.realPath(`${import.meta.dirname}/../..`);

/** What becomes of a source by its changes, as `kind: source`. */
function changed(source: string): string[] {
  return changesOf(source).map(({ kind, start, end, text }) =>
    `${kind}: ${source.slice(0, start)}${text}${source.slice(end)}`
  );
}

Deno.test("every kind of change is made, and makes what it says", () => {
  const cases: Record<keyof typeof KINDS, [before: string, after: string]> = {
    condition: ["if (a) b = c;", "if (!(a)) b = c;"],
    bound: ["x = a < b;", "x = a <= b;"],
    equality: ["x = a === b;", "x = a !== b;"],
    logic: ["x = a && b;", "x = a || b;"],
    fallback: ["x = a ?? b;", "x = a;"],
    arithmetic: ["x = a + b;", "x = a - b;"],
    number: ["x = 41;", "x = (41 + 1);"],
    flag: ["x = true;", "x = false;"],
    statement: ["await a.close();", ";"],
    guard: ["if (a) return;", ""],
    cleanup: ["try { a = b; } finally { c = d; }", "try { a = b; } finally {}"],
    wrapper: ["x = printable(a);", "x = (a);"],
    wait: ["x = await a;", "x = a;"],
    limit: ["x = Math.min(a, b);", "x = a;"],
    list: ["x = a.filter(b);", "x = a;"],
  };
  for (const [kind, [before, after]] of Object.entries(cases)) {
    assert(changed(before).includes(`${kind}: ${after}`), kind);
  }
  assertEquals(changed('import { a } from "a";\ntype B = 1 | 2;'), []);
  assertEquals(changed("const TIMEOUT_MS = 50;"), []);
  const names = (type: string) => `const A = { b: true } satisfies ${type};`;
  assertEquals(changed(names("Record<keyof B, true>")), []);
  assertEquals(changed(names("Record<keyof B, boolean>")).length, 1);
  assertEquals(changed("x = new Uint8Array(256);"), []);
  assertEquals(changed("x = new Uint8Array(1 << 16);"), []);
  assertEquals(changed("x = new Uint8Array(255).fill(256);").length, 2);
  const waits = (body: string) =>
    changed(`async function f() { ${body} }`).some((change) =>
      change.startsWith("wait")
    );
  assert(!waits("return await a;"), "the caller waits for the same");
  assert(!waits("if (b) { return await a; }"));
  assert(!waits("return b ?? (c ? await a : d && await e);"));
  assert(waits("return await a ?? b;"));
  assert(waits("return b === await a;"));
  assert(waits("await a;"));
  assert(waits("try { return await a; } catch { b = c; }"));
  assert(waits("using b = c; return await a;"));
  assert(waits("await using b = c; if (d) { return await a; }"));
});

Deno.test("a seed gives the same mutants again, and another one others", async () => {
  const all = await allMutants(ROOT, ["streams"]);
  const names = (seed: number) =>
    sample(all, 20, seed).map(({ file, line, kind }) =>
      `${file}:${line} ${kind}`
    );
  assertEquals(names(1), names(1));
  assert(names(1).join() !== names(2).join());
  assertEquals(sample(all, 1e6, 3).length, all.length);
  assert(all.every(({ source, changed }) => source !== changed));
  await assertRejects(() => allMutants(ROOT, ["nowhere"]), Error, "nowhere");
});

Deno.test("every file has tests, those of its own room first", async () => {
  const coverage = await Coverage.read(ROOT);
  const files = new Set((await allMutants(ROOT, [])).map(({ file }) => file));
  const without = [...files].filter((file) => {
    const { unit, engine } = coverage.testsOf(file);
    return unit.length + engine.length === 0;
  });
  assertEquals(without, []);
  const { unit } = coverage.testsOf("lib/http2/stream.ts");
  assert(unit.some((test) => test.startsWith("tests/http2/")));
});

Deno.test("every change that is not counted is there, and has a reason", async () => {
  const all = await allMutants(ROOT, []);
  for (const entry of EQUIVALENTS) {
    assert(entry.why.length > 20, entry.text);
    assert(
      all.some((mutant) => reasonFor(mutant, [entry]) !== undefined),
      `${entry.file}: ${entry.text}`,
    );
  }
});
