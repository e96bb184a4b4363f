import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { buildOptions } from "../../lib/cli/build_options.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { progressMode } from "../../lib/cli/progress_mode.ts";
import { refuseFlags } from "../../lib/cli/refused_flags.ts";

async function read(words: readonly string[]) {
  const parsed = parseWords(words, BUILD_FLAGS);
  refuseFlags(parsed);
  const { options, plan } = await buildOptions(parsed);
  // The outputs are in the plan: the command chooses how they are built.
  const { outputs } = plan;
  return {
    options: outputs.length === 0 ? options : { ...options, outputs },
    plan,
  };
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
  [["--platform", "linux/arm64/v8"], { platform: ["linux/arm64/v8"] }],
  [["--network", "none"], { networkmode: "none" }],
  [["--platform", "a,b", "--platform=c"], { platform: ["a,b", "c"] }],
  [["--network=host", "--allow=network.host"], {
    networkmode: "host",
    allow: ["network.host"],
  }],
  [["--allow=a", "--allow=b", "--allow=a"], { allow: ["a", "b"] }],
  [["--no-cache-filter", "a,b", "--no-cache-filter=b"], {
    nocachefilter: ["a", "b"],
  }],
  [["--cgroup-parent=/a"], { cgroupparent: "/a", api: "buildkit" }],
  [["--cgroup-parent=/a", "--api=engine"], {
    cgroupparent: "/a",
    api: "engine",
  }],
  [["--cgroup-parent="], {}],
  [["--api=buildkit"], { api: "buildkit" }],
  [["--annotation", "a=b=c", "--annotation=index:a=", "--annotation=a=d"], {
    annotations: { a: "d", "index:a": "" },
  }],
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
  [[
    "--build-context",
    "deps=./a=b",
    "--build-context",
    "docker.io/library/busybox:latest=docker-image://a",
    "--build-context=busybox=docker-image://b:1",
    "--build-context",
    "Bad=x",
  ], {
    contexts: { deps: "./a=b", busybox: "docker-image://b:1", Bad: "x" },
  }],
  [["--cache-from", "a:1", "--cache-from", "type=registry,ref=b:2"], {
    cachefrom: ["a:1", "b:2"],
  }],
  [
    [
      ...["--cache-from", "type=local,src=./a,tag=t"],
      ...["--cache-to", "type=local,dest=./a,mode=max,prune=true"],
    ],
    {
      cachefrom: [{ type: "local", attrs: { src: "./a", tag: "t" } }] as never,
      cacheto: [{
        type: "local",
        attrs: { dest: "./a", mode: "max", prune: "true" },
      }] as never,
    },
  ],
  [["-o", "type=oci,tar=false,dest=dir"], {
    outputs: [{ type: "oci", dest: "dir", attrs: { tar: "false" } }],
  }],
  [["-o", "out"], { outputs: [{ type: "local", dest: "out", attrs: {} }] }],
  [["-o", "dest=x"], {
    outputs: [{ type: "local", dest: "dest=x", attrs: {} }],
  }],
  [["-o", ""], {}],
  [["-o", "type=tar, dest=a.tar, Compression=x"], {
    outputs: [{ type: "tar", dest: "a.tar", attrs: { compression: "x" } }],
  }],
  [["-o", " type=local,dest= out"], {
    outputs: [{ type: "local", dest: " out", attrs: {} }],
  }],
  [["-o", "type=local,dest=out,platform-split=false"], {
    outputs: [{
      type: "local",
      dest: "out",
      attrs: { "platform-split": "false" },
    }],
  }],
  [["-o", 'type=tar,"dest=a,b.tar"'], {
    outputs: [{ type: "tar", dest: "a,b.tar", attrs: {} }],
  }],
  [["-o", "type=oci,dest=a.tar,compression=zstd"], {
    outputs: [{ type: "oci", dest: "a.tar", attrs: { compression: "zstd" } }],
  }],
  [["-o", "type=docker,destination=a.tar,name=a"], {
    tag: ["a"],
    outputs: [{ type: "docker", dest: "a.tar", attrs: {} }],
  }],
  [["-o", "type=cacheonly"], { outputs: [{ type: "cacheonly" }] }],
  [["-o", "type=docker"], {}],
  [["-o", "type=docker,name=a"], { tag: ["a"] }],
  [["-o", 'type=image,"name=a:1,,b:2,"'], { tag: ["a:1", "b:2"] }],
  [["-t", "t", "-o", "type=image,name=a"], { tag: ["t"] }],
  [["-t", "t", "--load", "-o", "type=image"], { tag: ["t"] }],
  [["-o", "type=image,name=a,compression=zstd"], {
    tag: ["a"],
    outputs: [{ type: "moby", attrs: { compression: "zstd" } }],
  }],
  // What is done anyway.
  [["--load"], {}],
  [["--builder=default", "--builder", "default"], {}],
  [["--call=build", "--call="], {}],
  [["-o", "type=registry,name=a,push=false"], { tag: ["a"] }],
  // What a build argument asks an engine for.
  [["--cache-to=type=inline"], { cacheto: [{ type: "inline", attrs: {} }] }],
  [
    [
      ...["--cache-to", "type=inline,mode=min", "--build-arg", "A=b"],
      ...["--build-arg", "BUILDKIT_INLINE_CACHE=0"],
    ],
    {
      buildargs: { A: "b", BUILDKIT_INLINE_CACHE: "0" },
      cacheto: [{ type: "inline", attrs: { mode: "min" } }],
    },
  ],
  [["--provenance=0", "--sbom=F", "--provenance", "disabled=true"], {
    attest: { provenance: false, sbom: false },
  }],
  [["--attest", "type=provenance,disabled=true"], {
    attest: { provenance: false },
  }],
  // As much as BuildKit records where no mode is given.
  [["--provenance=true"], { attest: { provenance: { mode: "max" } } }],
  [["--provenance=disabled=0"], { attest: { provenance: { mode: "max" } } }],
  [["--provenance=mode=full"], { attest: { provenance: { mode: "max" } } }],
  [
    [
      "--attest",
      'type=provenance,mode=min,"builder-id=a,b",filename=p,inline-only=1,reproducible=F,version=v1',
      ...["--sbom", "1"],
    ],
    {
      attest: {
        provenance: {
          mode: "min",
          builderId: "a,b",
          filename: "p",
          inlineOnly: true,
          reproducible: false,
          version: "v1",
        },
        sbom: true,
      },
    },
  ],
  [["--sbom", "generator=a/b:1,X=2"], {
    attest: { sbom: { generator: "a/b:1", parameters: { x: "2" } } },
  }],
  [["--attest=type=sbom"], { attest: { sbom: true } }],
  [["--attest=type=sbom,generator=a"], {
    attest: { sbom: { generator: "a" } },
  }],
  [["--provenance=", "--sbom=", "--attest="], {}],
  [["--allow=", "--check=0", "--compress=false"], {}],
  [
    ["-o", "a", "-o", "type=tar,dest=b,name=c", "-o", "type=oci,dest=d,name=e"],
    {
      tag: ["c", "e"],
      outputs: [
        { type: "local", dest: "a", attrs: {} },
        { type: "tar", dest: "b", attrs: {} },
        { type: "oci", dest: "d", attrs: {} },
      ],
    },
  ],
  [["-o", "type=image,name=a", "-o", "type=docker,name=b"], {
    tag: ["a", "b"],
  }],
  [["-o", "a", "-o", "type=image,name=b,compression=zstd", "--load"], {
    tag: ["b"],
    outputs: [
      { type: "moby", attrs: { compression: "zstd" } },
      { type: "local", dest: "a", attrs: {} },
    ],
  }],
];

Deno.test("buildOptions: every flag, and what it makes of the options", async () => {
  Deno.env.set("DAVIT_TEST_SET", "of the environment");
  try {
    for (const [words, options] of OPTIONS) {
      const { options: actual, plan } = await read(words);
      assertEquals(actual, { ...BARE, ...options }, words.join(" "));
      assertEquals(plan.push, false, words.join(" "));
    }
  } finally {
    Deno.env.delete("DAVIT_TEST_SET");
  }
});

Deno.test("buildOptions: an image beside another output", async () => {
  for (
    const [words, alsoImage, push] of [
      [["-o", "out"], false, false],
      [["-o", "out", "--load"], true, false],
      [["-o", "out", "--push", "-t", "a"], true, true],
      [["-o", "out", "--load", "--cache-to=type=inline"], true, false],
      [["-o", "type=docker,dest=a.tar", "--load"], true, false],
      [["-o", "type=image", "--load"], false, false],
      [["-o", "a", "-o", "b"], false, false],
      [["-o", "a", "-o", "type=image"], true, false],
      [["-o", "a", "-o", "type=image,x=y"], false, false],
      [["-o", "a", "-o", "b", "--load"], true, false],
      [["-o", "a", "-o", "type=registry,name=b"], true, true],
      [["--load"], false, false],
    ] as const
  ) {
    const { plan } = await read(words);
    assertEquals(
      [plan.alsoImage, plan.push],
      [alsoImage, push],
      words.join(" "),
    );
  }
});

Deno.test("buildOptions: the places that the outputs are written to", async () => {
  for (
    const [words, paths] of [
      [[], []],
      [["-o", "type=image,name=a", "--load"], []],
      [["-o", "type=cacheonly"], []],
      [["-o", "out"], ["out"]],
      [["-o", "b", "-o", "type=image", "-o", "type=tar,dest=a"], ["b", "a"]],
      [["-o", "-"], ["-"]],
      [["-o", "type=oci", "-o", "a"], ["-", "a"]],
    ] as const
  ) assertEquals((await read(words)).plan.paths, paths, words.join(" "));
});

Deno.test("buildOptions: what is pushed", async () => {
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
    const { options, plan } = await read(words);
    assertEquals([plan.push, options.tag], [true, tag], words.join(" "));
    assertEquals(options.outputs, undefined);
  }
});

Deno.test("buildOptions refuses what does not fit together", async () => {
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
      ["--cache-to", "type=inline,mode=max"],
      ["--cache-to", "type=registry"],
      ["--cache-to", "inline"],
      ["--cache-to", "type=inline,more=a"],
      ["--cache-from", "type=registry"],
      ["--cache-from", "type=gha,ref=a"],
      ["--cache-from", "type=registry,ref=a,more=b"],
      ["--add-host", '"a:1.2.3.4'],
      ["--add-host", "a:1.2.3.4,"],
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
    await assertRejects(
      () => read(words),
      UsageError,
      undefined,
      words.join(" "),
    );
  }
});

Deno.test("buildOptions says what is wrong with attestations, annotations, outputs and the interface", async () => {
  const fields = "expected fields as key=value with commas between";
  const known =
    "expected one of mode, builder-id, filename, inline-only, reproducible, version";
  for (
    const [words, message] of [
      [["--attest=provenance"], `--attest: ${fields}`],
      [
        ["--attest=mode=max"],
        '--attest has type "": expected provenance or sbom, as type=provenance,mode=max',
      ],
      [
        ["--attest=type=Sbom"],
        '--attest has type "Sbom": expected provenance or sbom, as type=provenance,mode=max',
      ],
      [["--provenance=max"], `--provenance: ${fields}`],
      [["--sbom=maybe"], `--sbom: ${fields}`],
      [
        ["--provenance=mode=max,builder=a"],
        `--provenance has no field "builder" for a provenance: ${known}`,
      ],
      [
        ["--attest=type=provenance,constructor=a"],
        `--attest has no field "constructor" for a provenance: ${known}`,
      ],
      [
        ["--provenance=inline-only=maybe"],
        'invalid argument "maybe" for "--provenance inline-only": expected true or false',
      ],
      [
        ["--attest=type=provenance,reproducible=maybe"],
        'invalid argument "maybe" for "--attest reproducible": expected true or false',
      ],
      [
        ["--sbom=disabled=maybe"],
        'invalid argument "maybe" for "--sbom disabled": expected true or false',
      ],
      [
        ["--sbom=generator="],
        "--sbom generator needs the name of an image",
      ],
      [
        ["--attest=type=provenance", "--provenance=false"],
        "--provenance: provenance is given twice; buildx obeys the first alone",
      ],
      [
        ["--attest=type=sbom", "--attest=type=sbom,disabled=true"],
        "--attest: sbom is given twice; buildx obeys the first alone",
      ],
      ...["a", "=a", "index:a"].map((word) => [
        ["--annotation", word],
        `--annotation ${
          JSON.stringify(word)
        }: expected KEY=VALUE, or PART:KEY=VALUE as in index:KEY=VALUE`,
      ]),
      ...["solve", "BuildKit"].map((word) => [
        [`--api=${word}`],
        `--api "${word}": expected engine or buildkit`,
      ]),
      ...["type=oci,tar=false", "type=oci,tar=false,dest=-"].map((word) => [
        ["-o", word],
        "--output type=oci,tar=false needs a folder as dest",
      ]),
      [
        ["-o", "type=docker,tar=false,dest=-"],
        "--output type=docker,tar=false needs a folder as dest",
      ],
      [
        ["-o", "a", "-o", "type=tar,dest=a"],
        'two --output go to "a"; give each its own dest',
      ],
      [
        ["-o", "-", "-o", "type=oci"],
        "two --output go to standard output; give each its own dest",
      ],
      ...[
        ["type=image", "type=image,x=y"],
        ["type=image,x=y", "type=docker,x=z"],
      ].map(([a, b]) => [
        ["-o", a, "-o", b],
        "two --output ask for an image with different fields: an engine stores one; give the fields once, and its names by --tag",
      ]),
      ...[["--push", "-t", "a"], ["--load"], ["-o", "a"]].map((words) => [
        ["-o", "type=cacheonly", ...words],
        `${
          words[0] === "-o" ? "another --output" : words[0]
        } and --output type=cacheonly name two outputs; give one`,
      ]),
    ] as [string[], string][]
  ) {
    const error = await assertRejects(() => read(words), UsageError);
    assertEquals(error.message, message, words.join(" "));
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
