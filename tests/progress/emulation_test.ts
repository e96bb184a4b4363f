import { emulationHint } from "../../lib/progress/emulation.ts";
import { assert, assertEquals } from "../support/assert.ts";

const LOG = ["exec /bin/sh: exec format error"];
const SCRIPT =
  "the engine's machine can't run this program (exec format error): it is made for another processor, or it is a script whose first line names no interpreter (#!)";

/** The platform that a hint names. */
function platform(
  name: string | undefined,
  platforms: readonly string[],
): string | undefined {
  const hint = emulationHint({ name, log: LOG }, "exit code: 1", platforms);
  return /steps for (\S+) need emulation/.exec(hint!)?.[1];
}

Deno.test("a step that fails for another reason gets no hint", () => {
  assertEquals(emulationHint({}, "exit code: 1", ["linux/arm64"]), undefined);
  assertEquals(
    emulationHint({ name: "[2/2] RUN x", log: ["no"] }, "", ["linux/arm64"]),
    undefined,
  );
});

Deno.test("the words are found in the step's log and in the engine's error, in any case", () => {
  for (
    const [log, detail] of [
      [["one", ...LOG], "exit code: 255"],
      [[...LOG, "two"], ""],
      [["/bin/sh: 1: ./x: Exec format error"], ""],
      [[], "runc: exec format error: unknown"],
      [undefined, "EXEC FORMAT ERROR"],
    ] as const
  ) {
    assertEquals(emulationHint({ log }, detail, []), SCRIPT);
  }
});

Deno.test("the hint names the platform that the step runs on", () => {
  assertEquals(platform("[2/2] RUN x", ["linux/arm64"]), "linux/arm64");
  assertEquals(platform(undefined, ["linux/arm64"]), "linux/arm64");
  const two = ["linux/amd64", "linux/arm/v7"];
  for (
    const [name, named] of [
      ["[linux/arm/v7 2/2] RUN x", "linux/arm/v7"],
      ["[linux/arm64 build 2/3] RUN x", "linux/arm64"],
      // It runs on the first, for the second.
      ["[linux/s390x->arm64 build 2/3] RUN x", "linux/s390x"],
      ["[linux/s390x->windows/amd64 build 2/3] RUN x", "linux/s390x"],
      ["[2/2] RUN x", undefined],
      ["[build 2/2] RUN [linux/arm64 2/2]", undefined],
      ["[linux/arm64]", undefined],
      [undefined, undefined],
    ] as const
  ) assertEquals(platform(name, two), named, name);
  assertEquals(
    emulationHint({ name: "[linux/arm/v7 1/1] RUN", log: LOG }, "", two),
    "the engine's machine can't run this program (exec format error): " +
      "steps for linux/arm/v7 need emulation there (QEMU in binfmt_misc) unless that is its own platform; " +
      'install it with "docker run --privileged --rm tonistiigi/binfmt --install arm", ' +
      'build on a machine of that platform, or compile for it in a stage "FROM --platform=$BUILDPLATFORM"',
  );
  assert(emulationHint({ log: LOG }, "", two) === SCRIPT);
});
