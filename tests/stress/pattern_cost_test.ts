// The replaced function is the one that the code under test calls.
// deno-lint-ignore-file no-sync-fn-in-async-fn
import { ContextFilter } from "../../lib/context/filter.ts";
import { followPaths } from "../../lib/context/follow_paths.ts";
import { parseIgnoreFile } from "../../lib/context/ignore_file.ts";
import { walkContext } from "../../lib/context/walk.ts";
import { ContextError } from "../../lib/errors.ts";
import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { tarDirectory } from "../../mod.ts";
import { framed } from "../grpc/framed.ts";
import { assert, assertRejects, assertThrows } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** Lines that cost more for each path than any that people write. */
const COSTLY: Readonly<Record<string, string>> = {
  "numbers in braces": `a${"?{0,1000}".repeat(130)}b*`,
  "as many stars as a line has room for": "?*".repeat(32_000) + "b",
  "a hundred thousand lines": "a*b*c\n".repeat(50_000) +
    "!a?b*c\n".repeat(50_000),
};

/** Hundreds of files with long names, none of which is wanted. */
async function withLongNames(
  use: (root: string) => Promise<void> | void,
): Promise<void> {
  await withTempFolder(async (root) => {
    const files: Record<string, string> = {};
    for (let count = 0; count < 500; count++) {
      files["a".repeat(240) + count] = "";
    }
    await writeTree(root, files);
    await use(root);
  });
}

for (const [what, ignore] of Object.entries(COSTLY)) {
  const line = what.startsWith("a hundred") ? ignore : `*\n!${ignore}`;

  Deno.test(`tarDirectory() obeys its signal while it matches ${what}`, async () => {
    await withLongNames(async (root) => {
      await Deno.writeTextFile(`${root}/.dockerignore`, `${line}\n`);
      const abort = new AbortController();
      const tar = tarDirectory(root, { signal: abort.signal });
      const reason = new Error("enough");
      let timer: ReturnType<typeof setTimeout> | undefined;
      // The folder is listed when the first path is about to be matched.
      const { readDirSync } = Deno;
      Deno.readDirSync = (path) => {
        timer = setTimeout(() => abort.abort(reason), 1);
        return readDirSync(path);
      };
      try {
        const error = await assertRejects(() => new Response(tar).bytes());
        assert(error === reason, String(error));
      } finally {
        Deno.readDirSync = readDirSync;
        clearTimeout(timer);
      }
    });
  });

  Deno.test(`sendLocal() hears the engine while it matches ${what}`, async () => {
    await withLongNames(async (root) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const gone = new Error("the connection is gone");
      const stream = framed({
        signal: new AbortController().signal,
        read: () =>
          new Promise<null>((_, reject) => {
            timer = setTimeout(() => reject(gone), 1);
          }),
        write: () => undefined,
      });
      const exclude = parseIgnoreFile(line);
      const request = { include: [], exclude, follow: [] };
      const error = await assertRejects(() =>
        sendLocal(stream, new FolderLocal(root), request)
      );
      clearTimeout(timer);
      assert(error === gone, String(error));
    });
  });
}

Deno.test("walkContext() makes pauses among many files that are not wanted", async () => {
  await withLongNames((root) => {
    const walk = walkContext(root, new ContextFilter({ exclude: ["*"] }));
    const given = [...walk];
    assert(given.length > 5 && given.length < 100, `${given.length} pauses`);
    assert(given.every((entry) => entry === undefined));
  });
});

Deno.test("followPaths() makes pauses while it matches links", async () => {
  await withTempFolder(async (root) => {
    for (let count = 0; count < 20; count++) {
      await Deno.symlink("x", `${root}/${"a".repeat(240)}${count}`);
    }
    const { value, done } = followPaths(`${root}/`, [
      COSTLY["numbers in braces"]!,
    ]).next();
    assert(!done && value === undefined);
  });
});

Deno.test("what repeats too much is refused, in few words", () => {
  const filter = new ContextFilter({ exclude: ["?{0,1000}".repeat(132)] });
  const error = assertThrows(() => filter.step("a", filter.root), ContextError);
  assert(/repeats more than 262144 characters/.test(error.message));
  assert(error.message.length < 500, error.message);
});

Deno.test("an ignore file of more than 1 MiB is refused", () => {
  parseIgnoreFile("#".repeat(1024) + "\n");
  const error = assertThrows(
    () => parseIgnoreFile("a\n".repeat(600_000)),
    ContextError,
  );
  assert(/1200000 bytes/.test(error.message), error.message);
});
