/**
 * A warm build of five files by the commands, the whole process each, in turns:
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/cli_bench.ts [RUNS]
 */
import { DAVIT } from "../cli/command.ts";
import { writeTree } from "../support/folder.ts";

const runs = Number(Deno.args[0] ?? 21);
const folder = await Deno.makeTempDir({ prefix: "davit-bench-" });
const commands: Record<string, readonly string[]> = {
  "davit build": [...DAVIT, "build", "--progress=plain", "-t", "bench", "."],
  "davit build -q": [...DAVIT, "build", "-q", "-t", "bench", "."],
  "docker build": ["docker", "build", "--progress=plain", "-t", "bench", "."],
  "docker build -q": ["docker", "build", "-q", "-t", "bench", "."],
  "davit --version": [...DAVIT, "--version"],
  "docker --version": ["docker", "--version"],
};
const times = new Map<string, number[]>();
try {
  await writeTree(folder, {
    Dockerfile: "FROM scratch\nCOPY . /\n",
    a: "a",
    b: "b",
    "d/c": "c",
    "d/d": "d",
  });
  for (let run = -1; run < runs; run++) {
    for (const [name, [program, ...args]] of Object.entries(commands)) {
      const began = performance.now();
      const { success, stderr } = await new Deno.Command(program!, {
        args,
        cwd: folder,
        env: { DOCKER_BUILDKIT: "1" },
      }).output();
      const took = performance.now() - began;
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      // The first one of each warms up.
      if (run >= 0) times.set(name, [...times.get(name) ?? [], took]);
    }
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
for (const [name, list] of times) {
  list.sort((a, b) => a - b);
  const [first, middle, last] = [0, list.length >> 1, list.length - 1].map(
    (at) => `${list[at]!.toFixed(0)}`,
  );
  Deno.stdout.writeSync(
    new TextEncoder().encode(
      `| ${name} | ${middle} ms | ${first}–${last} ms |\n`,
    ),
  );
}
