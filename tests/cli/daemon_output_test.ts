import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { planDaemonOutput } from "../../lib/cli/output_flag.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

function plan(words: readonly string[], loads = false) {
  const { outputs, names, paths, push, load, alsoImage } = planDaemonOutput(
    parseWords(words, BUILD_FLAGS),
    loads,
  );
  assertEquals(alsoImage, false);
  return {
    outputs: outputs.map((output) => ({ ...output })),
    ...(names.length === 0 ? {} : { names }),
    ...(paths.length === 0 ? {} : { paths }),
    ...(push ? { push } : {}),
    ...(load ? { load } : {}),
  };
}

Deno.test("what a daemon does with its result follows from --output, --push and --load", () => {
  const image = (push: boolean, attrs = {}) => ({ type: "image", push, attrs });
  for (
    const [words, expected] of [
      [[], { outputs: [] }],
      [["--load"], { outputs: [], load: true }],
      [["--push"], { outputs: [{ type: "registry" }], push: true }],
      [["--push", "--load"], {
        outputs: [{ type: "registry" }],
        push: true,
        load: true,
      }],
      [["-o", "type=docker"], { outputs: [], load: true }],
      [["-o", "type=docker,name=a"], { outputs: [], names: ["a"], load: true }],
      [["-o", "type=docker,dest=x"], {
        outputs: [{ type: "docker", dest: "x", attrs: {} }],
        paths: ["x"],
      }],
      [["-o", "type=image,name=a"], { outputs: [image(false)], names: ["a"] }],
      [["-o", "type=image,push=true"], { outputs: [image(true)], push: true }],
      [["-o", "type=image,push-by-digest=true,push=true"], {
        outputs: [image(true, { "push-by-digest": "true" })],
        push: true,
      }],
      [["-o", "type=registry"], { outputs: [image(true)], push: true }],
      [["-o", "type=registry,push=false"], { outputs: [image(false)] }],
      [["-o", "type=image", "--push"], { outputs: [image(true)], push: true }],
      [["-o", "type=registry", "--push"], {
        outputs: [image(true)],
        push: true,
      }],
      [["-o", "out", "--push"], {
        outputs: [
          { type: "local", dest: "out", attrs: {} },
          { type: "registry" },
        ],
        paths: ["out"],
        push: true,
      }],
      [["-o", "out", "--load"], {
        outputs: [{ type: "local", dest: "out", attrs: {} }],
        paths: ["out"],
        load: true,
      }],
      [["-o", "type=oci,dest=x"], {
        outputs: [{ type: "oci", dest: "x", attrs: {} }],
        paths: ["x"],
      }],
      [["-o", "type=cacheonly"], { outputs: [{ type: "cacheonly" }] }],
    ] as const
  ) {
    assertEquals([words, plan(words)], [words, expected] as never);
  }
});

Deno.test("a builder that loads by itself does so where nothing else is asked for", () => {
  assertEquals(plan([], true), { outputs: [], load: true });
  assertEquals(plan(["--push"], true).load, undefined);
  assertEquals(plan(["-o", "out"], true).load, undefined);
  assertEquals(plan(["-o", "type=cacheonly"], true).load, undefined);
});

Deno.test("outputs of a daemon that do not fit together are refused", () => {
  for (
    const [words, why] of [
      [["-o", "type=cacheonly", "--load"], "name two outputs"],
      [["-o", "a", "-o", "a"], "two --output go to"],
      [["-o", "type=image,dest=x"], "--output type=image has no dest"],
      [["-o", "type=registry,dest=x"], "--output type=registry has no dest"],
      [["-o", "type=docker,push=true"], "push is for one with a dest"],
      [["-o", "type=docker,compression=zstd"], "compression is for one"],
      [["-o", "type=nope"], 'has type "nope": expected one of local, tar'],
    ] as const
  ) {
    assertThrows(() => plan(words), UsageError, why);
  }
});
