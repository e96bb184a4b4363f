import { parseWords } from "../../lib/cli/flag.ts";
import { ENGINE_FLAGS } from "../../lib/cli/engine_flags.ts";
import { builderName, solveMetadata } from "../../lib/cli/solve_metadata.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
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
    { builder: "ctx", pushed },
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
      "e": "/w==", // a byte that is no text
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
      "e": "/w==",
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
