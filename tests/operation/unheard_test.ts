import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { ended } from "./ended.ts";

/** Where a report says that it began: the caller's line, and nothing of davit's. */
function topFrame(stderr: string): string {
  return /^\s+at .*$/m.exec(stderr)?.[0] ?? "";
}

function timesTold(stderr: string, what = 'build of "app:1"'): number {
  return stderr.split(`The ${what} failed`).length - 1;
}

for (
  const [name, what, words] of [
    ["build", 'build of "app:1"', "ContextError: "],
    ["awaited build", 'build of "app:1"', "ContextError: "],
    ["wait() without await", 'build of "app:1"', "ContextError: "],
    ["messages() without reading", 'build of "app:2"', "ContextError: "],
    ["push", 'push of "app:1"', "ConnectionError: "],
    ["pull", 'pull of "app:1"', "ConnectionError: "],
    ["closed client", 'build of "app:1"', "its client was closed"],
  ] as const
) {
  Deno.test(`a failure that nobody reads is told at the program's end: ${name}`, async () => {
    const { code, stdout, stderr } = await ended(name);
    assertEquals(code, 1, stderr);
    assertStringIncludes(
      stderr,
      `The ${what} failed, and nothing in this program reads how it ends: await its wait(), as in "await docker.image`,
    );
    assertStringIncludes(stderr, words);
    assertEquals(timesTold(stderr, what), 1);
    assertMatch(topFrame(stderr), /unheard_program\.ts:\d+:\d+/);
    // The program's own cleaning up has its turn.
    assertEquals(stdout, "cleaned up\ncleaned up late\n");
  });
}

for (
  const name of [
    "wait",
    "late wait",
    "late result",
    "late events",
    "late logs",
    "late push",
    "in beforeunload",
    "cancel",
    "dispose",
    "signal",
    "late promise",
    "promise of what is stopped",
  ]
) {
  Deno.test(`a failure that is read or cancelled is not told: ${name}`, async () => {
    const { code, stderr } = await ended(name);
    assertEquals([code, stderr], [0, ""]);
  });
}

Deno.test("a failure that nobody reads makes Deno.exit(0) another code, and leaves others", async () => {
  for (const [name, expected] of [["exit 0", 1], ["exit 7", 7]] as const) {
    const { code, stdout, stderr } = await ended(name);
    assertEquals(code, expected);
    assertEquals(timesTold(stderr), 1);
    // Its own words, and where it began; nothing else.
    assertEquals(
      stderr.split("\n").slice(2).filter((line) => !/^ +at /.test(line)),
      [""],
    );
    assertMatch(stderr, /^error: The build of "app:1" failed, .*wait\(\)/);
    assertMatch(topFrame(stderr), /unheard_program\.ts:\d+:\d+/);
    assertStringIncludes(stdout, "cleaned up");
  }
  const { code, stderr } = await ended("exitCode 5");
  assertEquals(code, 5);
  assertStringIncludes(stderr, "await its wait()");
});

Deno.test("a failure of what is no build is told in its own words", async () => {
  const { code, stderr } = await ended("promise");
  assertEquals(code, 1);
  assertStringIncludes(stderr, "The gateway broke\nError: it broke");
  assertMatch(topFrame(stderr), /unheard_program\.ts:\d+:\d+/);
});

Deno.test("many failures are told with their number", async () => {
  const { code, stderr } = await ended("many");
  assertEquals(code, 1);
  assertEquals(timesTold(stderr), 100);
  assertStringIncludes(stderr, "… and 3 more");
  const one = await ended("one more");
  assertEquals(timesTold(one.stderr), 100);
  assertStringIncludes(one.stderr, "… and 1 more");
});

Deno.test("an older Deno, which would print no words of it, is told what to print", async () => {
  const { code, stderr } = await ended("an older Deno");
  assertEquals([code, timesTold(stderr)], [1, 2]);
  assertMatch(stderr, /^error: The build/);
});

Deno.test("a failure that is told holds nothing that a terminal obeys", async () => {
  const escaped = await ended("terminal sequences");
  assertEquals(escaped.code, 1);
  assertFalse(escaped.stderr.includes("\x1b"), escaped.stderr);
});

Deno.test("a build that a test leaves and that fails, fails deno test", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/leaving_test.ts`;
    await Deno.writeTextFile(
      path,
      `import { DockerClient } from ${
        JSON.stringify(new URL("../../mod.ts", import.meta.url).href)
      };
Deno.test("leaves a build", async () => {
  const docker = await DockerClient.fromDockerHost("unix:///nowhere.sock");
  await docker.imageBuild("/no/such/folder");
  await new Promise((resolve) => setTimeout(resolve, 50));
});
`,
    );
    const { code, stdout, stderr } = await ended("", {
      command: ["test", path],
    });
    assert(code !== 0, stdout);
    assertStringIncludes(stdout + stderr, "await its wait()");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
