import { engineHost } from "../../lib/imagebuild/host.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { ENGINE_FLAGS } from "../../lib/cli/engine_flags.ts";
import { builderName, solveMetadata } from "../../lib/cli/solve_metadata.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
import { keepSolved } from "../../lib/imagebuild/solved.ts";
import { readContentResponse } from "../../lib/proto/content.ts";
import { historyEvent, historyRecord } from "../../lib/proto/history.ts";
import { answer, ScriptedEngine } from "../buildkit/scripted_engine.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

const ID = `sha256:${"a".repeat(64)}`;
const { signal } = new AbortController();

/** What is written of a build whose exporters answered this. */
function written(
  answer: Record<string, string>,
  { imageId = ID, names = ["a:1", "b"], pushed }: {
    imageId?: string;
    names?: string[];
    pushed?: string;
  } = {},
) {
  return solveMetadata(
    { imageId, names } as unknown as BuildResult,
    { ref: "r", answer: new Map(Object.entries(answer)) },
    { builder: "ctx/ctx", pushed },
    signal,
  );
}

Deno.test("metadata of a store with graph drivers: the id is the configuration's digest", async () => {
  const metadata = await written({ "containerimage.digest": ID });
  assertEquals(metadata, {
    "buildx.build.ref": "ctx/ctx/r",
    "containerimage.config.digest": ID,
    "containerimage.digest": ID,
    "image.name": "docker.io/library/a:1,docker.io/library/b",
  });
  assertEquals(Object.keys(metadata), Object.keys(metadata).toSorted());
  assertEquals(
    (await written({}, { names: ["a:1"] }))["image.name"],
    "docker.io/library/a:1",
  );
  const pushed = await written({}, { pushed: "sha256:p", names: [] });
  assertEquals(pushed, {
    "buildx.build.ref": "ctx/ctx/r",
    "containerimage.config.digest": ID,
    "containerimage.digest": "sha256:p",
  });
});

Deno.test("metadata of containerd's store: descriptors are JSON, all else is text", async () => {
  const descriptor = { mediaType: "é", digest: ID, size: 5 };
  const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
  assertEquals(
    await written({
      "containerimage.descriptor": base64(JSON.stringify(descriptor)),
      "containerimage.config.digest": "sha256:c",
      "containerimage.digest": "sha256:other",
      "image.name": "other",
      "a": base64("text"),
      "b": base64("5"),
      "c": base64("null"),
      "d": "{}",
      "e": "eyJhIjoi/yJ9", // {"a":"…"} with a byte that is no text
      "f": base64("[1]"),
    }),
    {
      "a": base64("text"),
      "b": base64("5"),
      "buildx.build.ref": "ctx/ctx/r",
      "c": base64("null"),
      "containerimage.config.digest": "sha256:c",
      "containerimage.descriptor": descriptor,
      "containerimage.digest": ID,
      "d": "{}",
      "e": "eyJhIjoi/yJ9",
      "f": [1],
      "image.name": "docker.io/library/a:1,docker.io/library/b:latest",
    },
  );
});

Deno.test("metadata of an export has the build's id alone", async () => {
  assertEquals(await written({}, { imageId: "" }), {
    "buildx.build.ref": "ctx/ctx/r",
  });
});

/** An engine whose history has a provenance of the build, for these platforms. */
function historyOf(...platforms: string[]): ScriptedEngine {
  const attestations = [{
    mediaType: "application/vnd.in-toto+json",
    digest: "sha256:1",
    size: 2,
    annotations: new Map([[
      "in-toto.io/predicate-type",
      "https://slsa.dev/provenance/v0.2",
    ]]),
  }];
  const results = platforms.map((name) =>
    [
      name,
      { only: undefined, attestations, results: [] },
    ] as const
  );
  return new ScriptedEngine({
    ListenBuildHistory: answer(historyEvent.encode({
      record: {
        ...historyRecord.zero(),
        ref: "r",
        result: new Map(results).get(""),
        results: new Map(results.filter(([name]) => name !== "")),
      },
    })),
    Read: answer(
      readContentResponse.encode({
        data: new TextEncoder().encode(
          '{"metadata":1,"materials":2,"buildConfig":3}',
        ),
      }),
    ),
  });
}

Deno.test("metadata have the provenance of each platform, as much as the variable says", async () => {
  const name = "BUILDX_METADATA_PROVENANCE";
  const before = Deno.env.get(name);
  const min = { materials: 2 };
  const max = { metadata: 1, materials: 2, buildConfig: 3 };
  try {
    for (
      const [mode, provenance] of [
        [undefined, min],
        ["", min],
        ["min", min],
        ["true", min],
        ["x", min],
        ["max", max],
        ["disabled", undefined],
        ["0", undefined],
        ["F", undefined],
        ["false", undefined],
        ["xfalse", min],
        ["falsex", min],
      ] as const
    ) {
      if (mode === undefined) Deno.env.delete(name);
      else Deno.env.set(name, mode);
      for (const platforms of [[""], ["linux/amd64", "linux/arm64"]]) {
        await using scripted = historyOf(...platforms);
        const result = { imageId: "", names: [] } as unknown as BuildResult;
        const solved = { ref: "r", answer: new Map() };
        keepSolved(result, engineHost(scripted.engine), solved);
        const { "buildx.build.ref": _, ...metadata } = await solveMetadata(
          result,
          solved,
          { builder: "a", pushed: undefined },
          signal,
        );
        const keys = platforms.map((platform) =>
          platform === ""
            ? "buildx.build.provenance"
            : `buildx.build.provenance/${platform}`
        );
        assertEquals(
          metadata,
          provenance === undefined
            ? {}
            : Object.fromEntries(keys.map((key) => [key, provenance])),
          mode,
        );
      }
    }
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
});

Deno.test("a build has the name that buildx gives its builder: that of the context", async () => {
  const given = (...words: string[]) =>
    builderName(parseWords(words, ENGINE_FLAGS));
  const before = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"].map((
    name,
  ) => [name, Deno.env.get(name)] as const);
  try {
    await withTempFolder(async (folder) => {
      for (const [name] of before) Deno.env.delete(name);
      Deno.env.set("DOCKER_CONFIG", folder);
      assertEquals(await given(), "default");
      assertEquals(await given("-c", "mine"), "mine");
      assertEquals(await given("-c", "default"), "default");
      Deno.env.set("DOCKER_CONTEXT", "other");
      assertEquals(await given(), "other");
      assertEquals(await given("-H", "unix:///x"), "default");
      assertEquals(await given("-c", "mine"), "mine");
      Deno.env.set("DOCKER_HOST", "unix:///x");
      assertEquals(await given(), "default");
      Deno.env.delete("DOCKER_HOST");
      Deno.env.delete("DOCKER_CONTEXT");
      await Deno.writeTextFile(
        `${folder}/config.json`,
        '{"currentContext":"third"}',
      );
      assertEquals(await given(), "third");
    });
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
});
