import type { ExportSet } from "../../lib/exporter/export_set.ts";
import { verifyResult } from "../../lib/imagebuild/verify.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { SecretLeakError, VerifyError } from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { type Ready, readyBuild } from "./ready_build.ts";

const VALUE = "value-of-a-secret";
const DAMAGED = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff);
const ID = `sha256:${"c".repeat(64)}`;

/** A build whose exports are these folders, by what they are called. */
async function exportedBuild(
  options: ImageBuildOptions,
  folders: Readonly<Record<string, string>>,
): Promise<Ready> {
  const ready = await readyBuild({
    secrets: { s: VALUE },
    verify: true,
    ...options,
  }, {
    script: ({ method }) =>
      method === "DELETE"
        ? Response.json([])
        : Response.json({ message: "broken" }, { status: 500 }),
  });
  const exports = {
    staged: () =>
      Promise.resolve(
        Object.entries(folders).map(([label, path]) => ({ label, path })),
      ),
  } as unknown as ExportSet;
  return { ...ready, build: { ...ready.build, exports } };
}

const LOCAL: ImageBuildOptions = { outputs: { type: "local", dest: "never" } };

Deno.test("what is found in several outputs is told together, each with its output", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "a/leaked": `x${VALUE}`,
      "a/z.gz": DAMAGED,
      "b/clean": "clean",
      "c/leaked": VALUE,
      "c/more": `${VALUE}${VALUE}`,
    });
    const folders = {
      one: `${folder}/a`,
      two: `${folder}/b`,
      three: `${folder}/c`,
    };
    const asked: unknown[] = [];
    const leaking = await exportedBuild({
      ...LOCAL,
      verify: {
        ignore: ({ output, path }) => {
          asked.push([output, path]);
          return false;
        },
      },
    }, folders);
    const error = await assertRejects(
      () => verifyResult(leaking.build, ""),
      SecretLeakError,
    );
    const places = [["one", "leaked"], ["three", "leaked"], ["three", "more"]];
    assertEquals(
      error.finds.map(({ output, path }) => [output, path]).sort(),
      places,
    );
    assertEquals(asked.sort(), places);
    assertEquals([error.findsLost, error.imageId, error.removed], [0, "", []]);
    assert(error.message.includes('- "s" in one, file leaked, at byte 1\n'));
    assert(error.message.includes("\nNothing was exported; "));
    // An export has no names, and the engine is asked for none.
    assertEquals(leaking.asked, []);

    const ignoring = await exportedBuild(
      { ...LOCAL, verify: { ignore: () => true } },
      folders,
    );
    const { bytes, unreadable, unreadableLost, searched } = await verifyResult(
      ignoring.build,
      "",
    );
    assertEquals(searched, ["s"]);
    assertEquals(unreadable, ["one: z.gz"]);
    assertEquals(unreadableLost, 0);
    const alone = async (path: string) => {
      const { build } = await exportedBuild(
        { ...LOCAL, verify: { ignore: () => true } },
        { only: path },
      );
      const { finds, unreadable, bytes } = await verifyResult(build, "");
      assertEquals(finds, []);
      return { unreadable, bytes };
    };
    const [a, b, c] = await Promise.all(Object.values(folders).map(alone));
    assertEquals(a!.unreadable, ["z.gz"]); // of one output it goes without saying
    assertEquals(bytes, a!.bytes + b!.bytes + c!.bytes);
    assert(a!.bytes > 0 && b!.bytes > 0 && c!.bytes > 0);
  });
});

Deno.test("a single output is not named in a find", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { leaked: VALUE });
    const { build } = await exportedBuild(LOCAL, { only: folder });
    const error = await assertRejects(
      () => verifyResult(build, ""),
      SecretLeakError,
    );
    assertEquals(error.finds.map(({ output }) => output), [undefined]);
    assert(error.message.includes('- "s" in file leaked, '));
  });
});

Deno.test("what can't be looked through is named where there are several, and the image loses its names", async () => {
  await withTempFolder(async (folder) => {
    const outputs = [{ type: "moby" }, LOCAL.outputs] as never;
    const { build, asked } = await exportedBuild(
      { outputs, tag: "a:1" },
      { local: folder },
    );
    const error = await assertRejects(
      () => verifyResult(build, ID),
      VerifyError,
    );
    assert(
      error.message.startsWith(
        "The image was built, but could not be looked through for secrets: the image: ",
      ),
      error.message,
    );
    assert(error.message.includes("; nothing was exported; a:1 was removed; "));
    assertEquals([error.imageId, error.removed], [ID, ["a:1"]]);
    assert(asked.some(({ method }) => method === "DELETE"));
    // The image alone is not named, and nothing was to be exported.
    const only = await readyBuild({
      secrets: { s: VALUE },
      verify: true,
      tag: "a:1",
    }, { script: () => Response.json({ message: "broken" }, { status: 500 }) });
    const bare = await assertRejects(
      () => verifyResult(only.build, ID),
      VerifyError,
    );
    assert(bare.message.includes("broken"), bare.message);
    assert(!bare.message.includes("the image: "), bare.message);
    assert(!bare.message.includes("nothing was exported"), bare.message);
    // The second of two folders.
    const missing = await exportedBuild(LOCAL, {
      here: folder,
      gone: `${folder}/gone`,
    });
    const gone = await assertRejects(
      () => verifyResult(missing.build, ""),
      VerifyError,
    );
    assert(gone.message.includes("for secrets: gone: "), gone.message);
  });
});
