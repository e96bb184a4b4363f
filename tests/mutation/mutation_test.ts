import ts from "typescript";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Coverage } from "./covering.ts";
import { EQUIVALENTS, reasonFor } from "./equivalents.ts";
import { changesOf, type KINDS } from "./kinds.ts";
import { allMutants, sample } from "./mutants.ts";
import { withSwitches } from "./switches.ts";

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
  assertEquals(changed("const { 0: x } = y;"), []);
  assertEquals(changed("const { x = 0 } = y;").length, 1);
  assertEquals(changed("x = new Uint8Array(256);"), []);
  assertEquals(changed("x = new Uint8Array(1 << 16);"), []);
  assertEquals(changed("x = new Uint8Array(255).fill(256);").length, 2);
  assertEquals(changed("x = f(-1);"), ["wrapper: x = (-1);"]);
  assertEquals(changed("x = -1;"), []);
  assertEquals(changed("x = y + -1;").length, 2);
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

Deno.test("a change is made at run time, where it can be", () => {
  const source = `export function f(a: number, b?: { c: number[] }) {
  const list = b?.c.filter((n) => n > 1).map((n) => n + a);
  if (a > 3) return [0];
  return list ?? [a];
}`;
  const pieces = changesOf(source);
  const switches = pieces.map((piece, index) => ({ id: index + 1, piece }));
  const { text, ids } = withSwitches(source, switches);
  const run = (code: string, on: number) => {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ESNext,
      },
    });
    const scope = { isChanged: (id: number) => id === on };
    const f = new Function("exports", "globalThis", `${outputText}; return f;`)(
      {},
      scope,
    );
    return JSON.stringify(
      [f(1), f(2, { c: [1, 2, 3] }), f(3, { c: [] }), f(4)],
    );
  };
  const left = switches.filter(({ id }) => !ids.includes(id));
  // Of \`a?.b.c\` no part stands for itself.
  assertEquals(left.map(({ piece }) => piece.kind), ["list"]);
  assertEquals(run(text, 0), run(source, 0));
  for (const { id, piece } of switches) {
    if (!ids.includes(id)) continue;
    const changed = source.slice(0, piece.start) + piece.text +
      source.slice(piece.end);
    assertEquals(run(text, id), run(changed, 0), piece.kind);
  }
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
