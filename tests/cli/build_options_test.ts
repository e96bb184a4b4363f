import { assertEquals, assertThrows } from "../support/assert.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { buildOptions } from "../../lib/cli/build_options.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { progressMode } from "../../lib/cli/progress_mode.ts";
import { refuseFlags } from "../../lib/cli/refused_flags.ts";

function read(words: readonly string[]) {
  const parsed = parseWords(words, BUILD_FLAGS);
  refuseFlags(parsed);
  return buildOptions(parsed);
}

const BARE: ImageBuildOptions = { tag: [], nocache: false };

/** What each flag makes of the build's options. */
const OPTIONS: readonly (readonly [string[], ImageBuildOptions])[] = [
  [[], {}],
  [["-t", "a", "--tag=b:1"], { tag: ["a", "b:1"] }],
  [["--target", "x"], { target: "x" }],
  [["--target", ""], {}],
  [["--build-arg", "A=1=2", "--build-arg", "B="], {
    buildargs: { A: "1=2", B: "" },
  }],
  [["--build-arg", "DAVIT_TEST_SET", "--build-arg", "DAVIT_TEST_UNSET"], {
    buildargs: { DAVIT_TEST_SET: "of the environment" },
  }],
  [["--build-arg", "DAVIT_TEST_UNSET"], {}],
  [["--label", "a=b=c", "--label", "d"], { labels: { a: "b=c", d: "" } }],
  [["--secret", "id=a,src=/a", "--secret", "id=b,env=DAVIT_TEST_SET"], {
    secrets: { a: { file: "/a" }, b: { env: "DAVIT_TEST_SET" } },
  }],
  [["--secret", "id=b,env=DAVIT_TEST_UNSET"], {
    secrets: { b: { value: "" } },
  }],
  [["--ssh", "default", "--ssh=k=/k"], { ssh: ["default", "k=/k"] }],
  [["--verify"], { verify: { keepTags: false, strict: false } }],
  [["--verify-keep-tags"], { verify: { keepTags: true, strict: false } }],
  [["--verify-strict"], { verify: { keepTags: false, strict: true } }],
  [["--no-cache"], { nocache: true }],
  [["--pull"], { pull: true }],
  [["--pull=0"], {}],
  [["--platform", "linux/arm64/v8"], { platform: "linux/arm64/v8" }],
  [["--network", "none"], { networkmode: "none" }],
  [["--network=host", "--allow=network.host"], { networkmode: "host" }],
  [["--add-host", "a:1.2.3.4,b=::1", "--add-host", "c:[fe80::1]"], {
    extrahosts: ["a:1.2.3.4", "b:::1", "c:fe80::1"],
  }],
  [["--add-host", '"a:1.2.3.4","b=::1"', "--add-host", "a:1.2.3.5, c:::2"], {
    extrahosts: ["a:1.2.3.4", "b:::1", "a:1.2.3.5", "c:::2"],
  }],
  [["--add-host", "a=host-gateway"], { extrahosts: ["a:host-gateway"] }],
  [["--shm-size", "64m"], { shmsize: 64 * 2 ** 20 }],
  [["--shm-size", "0"], {}],
  [["--ulimit", "nofile=9", "--ulimit", "nofile=1:2", "--ulimit=core=-1"], {
    ulimits: [
      { name: "nofile", soft: 1, hard: 2 },
      { name: "core", soft: -1, hard: -1 },
    ],
  }],
  [["--cache-from", "a:1", "--cache-from", "type=registry,ref=b:2"], {
    cachefrom: ["a:1", "b:2"],
  }],
  [["-o", "out"], { outputs: { type: "local", dest: "out", attrs: {} } }],
  [["-o", "dest=x"], { outputs: { type: "local", dest: "dest=x", attrs: {} } }],
  [["-o", ""], {}],
  [["-o", "type=tar, dest=a.tar, Compression=x"], {
    outputs: { type: "tar", dest: "a.tar", attrs: { compression: "x" } },
  }],
  [["-o", " type=local,dest= out"], {
    outputs: { type: "local", dest: " out", attrs: {} },
  }],
  [["-o", "type=local,dest=out,platform-split=false"], {
    outputs: {
      type: "local",
      dest: "out",
      attrs: { "platform-split": "false" },
    },
  }],
  [["-o", 'type=tar,"dest=a,b.tar"'], {
    outputs: { type: "tar", dest: "a,b.tar", attrs: {} },
  }],
  [["-o", "type=oci,dest=a.tar,compression=zstd"], {
    outputs: { type: "oci", dest: "a.tar", attrs: { compression: "zstd" } },
  }],
  [["-o", "type=docker,destination=a.tar,name=a"], {
    tag: ["a"],
    outputs: { type: "docker", dest: "a.tar", attrs: {} },
  }],
  [["-o", "type=cacheonly"], { outputs: { type: "cacheonly" } }],
  [["-o", "type=docker"], {}],
  [["-o", "type=docker,name=a"], { tag: ["a"] }],
  [["-o", 'type=image,"name=a:1,b:2"'], { tag: ["a:1", "b:2"] }],
  [["-t", "t", "-o", "type=image,name=a"], { tag: ["t"] }],
  [["-t", "t", "--load", "-o", "type=image"], { tag: ["t"] }],
  [["-o", "type=image,name=a,compression=zstd"], {
    tag: ["a"],
    outputs: { type: "moby", attrs: { compression: "zstd" } },
  }],
  // What is done anyway.
  [["--load"], {}],
  [["--builder=default", "--builder", "default"], {}],
  [["--call=build", "--call="], {}],
  [["-o", "type=registry,name=a,push=false"], { tag: ["a"] }],
  // What a build argument asks an engine for.
  [["--cache-to=type=inline"], { buildargs: { BUILDKIT_INLINE_CACHE: "1" } }],
  [
    [
      ...["--cache-to", "type=inline,mode=min", "--build-arg", "A=b"],
      ...["--build-arg", "BUILDKIT_INLINE_CACHE=0"],
    ],
    { buildargs: { A: "b", BUILDKIT_INLINE_CACHE: "1" } },
  ],
  [["--provenance=0", "--sbom=F", "--provenance", "disabled=true"], {}],
  [["--attest", "type=provenance,disabled=true"], {}],
  [["--allow=", "--check=0", "--compress=false"], {}],
];

Deno.test("buildOptions: every flag, and what it makes of the options", () => {
  Deno.env.set("DAVIT_TEST_SET", "of the environment");
  try {
    for (const [words, options] of OPTIONS) {
      const { options: actual, plan } = read(words);
      assertEquals(actual, { ...BARE, ...options }, words.join(" "));
      assertEquals(plan.push, false, words.join(" "));
    }
  } finally {
    Deno.env.delete("DAVIT_TEST_SET");
  }
});

Deno.test("buildOptions: an image beside another output", () => {
  for (
    const [words, alsoImage, push] of [
      [["-o", "out"], false, false],
      [["-o", "out", "--load"], true, false],
      [["-o", "out", "--push", "-t", "a"], true, true],
      [["-o", "out", "--load", "--cache-to=type=inline"], true, false],
      [["-o", "type=docker,dest=a.tar", "--load"], true, false],
      [["-o", "type=image", "--load"], false, false],
      [["--load"], false, false],
    ] as const
  ) {
    const { plan } = read(words);
    assertEquals(
      [plan.alsoImage, plan.push],
      [alsoImage, push],
      words.join(" "),
    );
  }
});

Deno.test("buildOptions: what is pushed", () => {
  for (
    const [words, tag] of [
      [["--push", "-t", "a"], ["a"]],
      [["-o", "type=registry,name=r/a"], ["r/a"]],
      [["-o", "type=image,name=r/a,push=true"], ["r/a"]],
      [["-o", "type=image,name=r/a,push=1"], ["r/a"]],
      [["-t", "a", "-o", "type=image,push=T"], ["a"]],
      [["-t", "a", "--push", "-o", "type=image"], ["a"]],
    ] as const
  ) {
    const { options, plan } = read(words);
    assertEquals([plan.push, options.tag], [true, tag], words.join(" "));
    assertEquals(options.outputs, undefined);
  }
});

Deno.test("buildOptions refuses what does not fit together", () => {
  for (
    const words of [
      ["--push"],
      ["-o", "type=registry"],
      ["-o", "type=image,push=true"],
      ["-o", "type=image,name=a,push=maybe"],
      ["-o", "type=image,dest=a"],
      ["-o", "type=image,name=a,push-by-digest=true"],
      ["-o", "type=constructor"],
      ["-o", "a,b"],
      ["-o", "type=tar,a"],
      ["-o", "type=local,dest=-"],
      ["--load", "-o", "type=cacheonly"],
      ["--push", "-o", "out"],
      ["-o", "type=local,dest=a,push=true"],
      ["-o", "type=tar,dest=a,push=true"],
      ["-o", "type =tar,dest=a, dest =b,type= tar"],
      ["--cache-to", "type=inline", "-o", "out"],
      ["--cache-to", "type=inline", "-o", "type=tar,dest=a"],
      ["--cache-to", "type=inline,mode=max"],
      ["--cache-to", "type=registry,ref=a"],
      ["--cache-to", "inline"],
      ["--cache-to", "type=inline,more=a"],
      ["--cache-from", "type=registry"],
      ["--cache-from", "type=gha,ref=a"],
      ["--cache-from", "type=registry,ref=a,more=b"],
      ["--add-host", '"a:1.2.3.4'],
      ["--add-host", "a:1.2.3.4,"],
      ["--allow", "network.host"],
      ["--allow", "security.insecure", "--network", "host"],
      ["--provenance=1"],
      ["--provenance=mode=max"],
      ["--attest=type=sbom"],
      ["--sbom=true"],
      ["--add-host", "a"],
      ["--add-host", "a:"],
      ["--add-host", "a:1.2.3"],
      ["--add-host", "a:1.2.3.256"],
      ["--add-host", "a:1.2.3.4."],
      ["--add-host", "a:nope,b:1.2.3.4"],
      ["--add-host", "a:1.2.3.4,b"],
      ["--add-host", "a:[1::2::3]"],
      ["--secret", " id =a,src=b"],
      ["--secret", "id=a,constructor=b"],
    ]
  ) {
    assertThrows(() => read(words), UsageError, undefined, words.join(" "));
  }
});

Deno.test("progressMode: the flags, then BUILDKIT_PROGRESS, then auto", () => {
  const mode = (...words: string[]) =>
    progressMode(parseWords(words, BUILD_FLAGS));
  assertEquals(mode(), "auto");
  assertEquals(mode("--progress="), "auto");
  assertEquals(mode("-q"), "quiet");
  assertEquals(mode("-q", "--progress=auto"), "quiet");
  assertEquals(mode("-q", "--progress=quiet"), "quiet");
  for (const other of ["plain", "tty", "rawjson", "none"]) {
    assertThrows(() => mode("-q", `--progress=${other}`), UsageError);
  }
  Deno.env.set("BUILDKIT_PROGRESS", "plain");
  try {
    assertEquals(mode(), "plain");
    assertEquals(mode("-q"), "quiet");
    assertEquals(mode("--progress=rawjson"), "rawjson");
    Deno.env.set("BUILDKIT_PROGRESS", "loud");
    assertThrows(() => mode(), UsageError);
    assertEquals(mode("--progress=none"), "none");
  } finally {
    Deno.env.delete("BUILDKIT_PROGRESS");
  }
});

Deno.test({
  name: "progressMode needs no permission for the variable",
  permissions: { env: false },
  fn: () => assertEquals(progressMode(parseWords([], BUILD_FLAGS)), "auto"),
});
