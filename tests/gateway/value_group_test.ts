import { CompileLane, ValueGroup } from "../../lib/gateway/value_group.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const encoder = new TextEncoder();

function groupOf(...values: string[]): ValueGroup {
  return new ValueGroup(
    new Map(values.map((value) => [value, encoder.encode(value)])),
  );
}

Deno.test("work in a lane is done in its order, and a failure is told to its own caller alone", async () => {
  const lane = new CompileLane();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const failure = new Error("it broke");
  const all = [
    lane.run(() => first.promise),
    lane.run(() => Promise.reject(failure)),
    lane.run(() => {
      done.push("third");
      return Promise.resolve();
    }),
  ];
  let settled = false;
  all[0]!.then(() => settled = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([settled, done], [false, []]);
  first.resolve();
  assertEquals(await assertRejects(() => all[1]!), failure);
  await Promise.all([all[0], all[2]]);
  assertEquals(done, ["third"]);
});

Deno.test("a group is compiled once, behind others if it has more than 4096 bytes", async () => {
  for (
    const [values, isLarge] of [
      [["a".repeat(4000), "b".repeat(96)], false],
      [["a".repeat(4000), "b".repeat(97)], true],
    ] as const
  ) {
    const group = groupOf(...values);
    assertEquals(group.byteLength, isLarge ? 4097 : 4096);
    let ran = 0;
    const lane = new CompileLane();
    const { run } = lane;
    lane.run = (work) => {
      ran++;
      return run.call(lane, work);
    };
    assertEquals(group.redactor, undefined);
    await Promise.all([group.compile(lane), group.compile(lane)]);
    const { redactor } = group;
    assertEquals(redactor!.text(`is ${values[1]}.`), "is ***.");
    await group.compile(lane);
    assert(group.redactor === redactor);
    assertEquals(ran, isLarge ? 1 : 0);
  }
});

Deno.test("a group that was given up is not compiled, nor waits its turn for long", async () => {
  for (const value of ["secret-a", "a".repeat(5000)]) {
    const group = groupOf(value);
    group.giveUp();
    await assertRejects(() => group.compile(new CompileLane()), DOMException);
    assertEquals(group.redactor, undefined);
  }
  const lane = new CompileLane();
  const [first, last] = [groupOf("a".repeat(5000)), groupOf("b".repeat(5000))];
  const given = first.compile(lane);
  const compiled = last.compile(lane);
  first.giveUp();
  await assertRejects(() => given, DOMException);
  await compiled;
  assert(last.redactor !== undefined);
});
