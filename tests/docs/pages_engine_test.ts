import { assertEquals } from "../support/assert.ts";
import { containerdTest, engineTest } from "../support/engines.ts";
import { pages } from "./blocks.ts";
import { runBlock, type RunningBlock } from "./run_block.ts";
import { standIns, type WantedStandIns } from "./stand_ins.ts";

// One engine is enough: what differs between engines has tests of its own.
let chosen: string | undefined;
const onlyFirst = (
  { generation, host }: { generation: string; host: string },
) => {
  if (Number(generation) >= 28) chosen ??= host;
  return host === chosen;
};

/** What the programs of a page need besides. */
const WANTED: Readonly<Record<string, WantedStandIns>> = {
  "examples/builders/README.md": { daemon: true },
  "examples/deno-app/README.md": { denoApp: true },
  "examples/gateway/README.md": { curl: true },
  "examples/nodes/README.md": {
    daemons: { intel: "linux/amd64", arm: "linux/arm64" },
  },
};

/** Pages about what takes the containerd image store. */
const CONTAINERD: ReadonlySet<string> = new Set([
  "examples/caches/README.md",
  "examples/contexts/README.md",
  "examples/platforms/README.md",
]);

for (const { name, blocks } of await pages()) {
  if (blocks.every(({ fate }) => fate.kind === "skip")) continue;
  const test = CONTAINERD.has(name) ? containerdTest : engineTest;
  test(`every program of ${name} runs`, async (engine) => {
    await using there = await standIns(engine, WANTED[name]);
    const wrong: string[] = [];
    const running: RunningBlock[] = [];
    const note = (outcome: string | undefined) => {
      if (outcome !== undefined) wrong.push(outcome);
    };
    for (const block of blocks) {
      const outcome = await runBlock(block, there);
      if (typeof outcome === "object") running.push(outcome);
      else note(outcome);
    }
    for (const block of running) note(await block.stop());
    assertEquals(
      wrong.length,
      0,
      `${
        wrong.join("\n\n")
      }\n\nMend the page; what a reader has and a test lacks belongs into tests/docs/stand_ins.ts. A program that can't be run has <!-- not run: REASON --> before it.`,
    );
  }, onlyFirst);
}
