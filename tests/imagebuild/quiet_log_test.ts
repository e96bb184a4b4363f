import { type Fact, statusSize } from "../../lib/imagebuild/fact.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import { QuietLog } from "../../lib/imagebuild/ways/quiet_log.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { step } from "./scripted_buildkit.ts";

/** What is told of these parts when the build fails: names of steps, and bytes. */
function released(
  parts: Iterable<SolveStatus>,
  ...limit: number[]
): (readonly [name: string, size: number])[] {
  const facts: Fact[] = [];
  const record = new BuildRecord((fact) => void facts.push(fact), []);
  const log = new QuietLog(record, ...limit);
  for (const part of parts) log.keep(part);
  assertEquals(facts, []);
  log.release();
  const told = facts.length;
  log.release();
  assertEquals(facts.length, told);
  return facts.map((fact) => {
    assert(fact.kind === "status");
    const { vertexes, logs } = fact.status;
    const size = logs.reduce((sum, { data }) => sum + data.length, 0);
    return [vertexes[0]!.name, size] as const;
  });
}

const LINE = "x".repeat(1000);

Deno.test("a quiet build's log is kept whole up to its limit, then its end and the names of its steps", () => {
  const parts = ["a", "b", "c"].map((name) => step(name, LINE));
  const size = parts.reduce((sum, part) => sum + statusSize(part), 0);
  const whole = parts.map(({ vertexes }) => [vertexes[0]!.name, 1000]);
  assertEquals(released(parts, size), whole as [string, number][]);
  assertEquals(released(parts, size - 1), [["a", 0], ["b", 1000], ["c", 1000]]);
  const line = size - 2 * statusSize(step("", LINE)) - statusSize(step(""));
  assertEquals(
    released(parts, size - line - 1),
    [["a", 0], ["b", 0], ["c", 1000]],
  );
  assertEquals(released(parts, 0), [["a", 0], ["b", 0], ["c", 0]]);
});

Deno.test("much of a long log is kept unless told", () => {
  const parts = Array.from({ length: 20 }, () => step("a", LINE.repeat(1000)));
  const size = released(parts).reduce((sum, [, bytes]) => sum + bytes, 0);
  // 16 MiB of messages hold about 12 MB of output.
  assertEquals(size, 12_000_000);
});
