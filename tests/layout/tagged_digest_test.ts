import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { LayoutError } from "../../lib/layout/layout_error.ts";
import { DEFAULT_TAG, taggedDigest } from "../../lib/layout/tagged_digest.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** The digest of a tag in a layout whose entries have these tags. */
async function digestOf(
  tags: readonly (string | undefined)[] | undefined,
  tag: string,
  options?: { alone: boolean },
): Promise<string> {
  let found = "";
  await withTempFolder(async (folder) => {
    const manifests = tags?.map((tag, at) => ({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: `sha256:${at}`,
      size: 2,
      annotations: tag === undefined
        ? {}
        : { "org.opencontainers.image.ref.name": tag },
    }));
    await writeTree(folder, {
      ...(manifests === undefined
        ? {}
        : { "index.json": JSON.stringify({ manifests }) }),
    });
    await using layout = await LayoutFolder.open(folder, "read");
    found = await taggedDigest(layout, tag, options);
  });
  return found;
}

Deno.test("taggedDigest() finds what has a tag, or what is alone if that is enough", async () => {
  const alone = { alone: true };
  assertEquals(DEFAULT_TAG, "latest");
  assertEquals(await digestOf(["a", "b"], "b"), "sha256:1");
  assertEquals(await digestOf(["a", undefined], "a", alone), "sha256:0");
  assertEquals(await digestOf([undefined], "a", alone), "sha256:0");
  assertEquals(await digestOf([undefined, "a"], "a", alone), "sha256:1");
  for (
    const [tags, options, words] of [
      [undefined, undefined, 'its index.json has no tag "x"'],
      [undefined, alone, 'its index.json has no tag "x"'],
      [[], alone, 'its index.json has no tag "x"'],
      [[undefined], undefined, 'its index.json has no tag "x"'],
      [[undefined], { alone: false }, 'its index.json has no tag "x"'],
      [[undefined, undefined], alone, 'its index.json has no tag "x"'],
      [["a"], alone, 'its index.json has no tag "x", but "a"'],
      [["a", "b", "a"], alone, 'its index.json has no tag "x", but "a", "b"'],
    ] as const
  ) {
    const error = await assertRejects(
      () => digestOf(tags, "x", options),
      LayoutError,
    );
    assertEquals(error.message, words);
  }
});
