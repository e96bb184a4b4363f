import { followPaths } from "../../lib/context/follow_paths.ts";
import { withoutPauses } from "../../lib/context/pauses.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

Deno.test("followPaths() names what paths mean, link by link", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "real/file": "",
      "real/deep/x.go": "",
      "other/y.go": "",
      plain: "",
    });
    const links: Record<string, string> = {
      link: "real/file",
      chain: "link",
      folder: "real",
      "real/up": "../other",
      absolute: "/real/file",
      out: "../../etc/passwd",
      loop: "loop",
      ping: "pong",
      pong: "ping/x",
      "a.go": "other/y.go",
      dangling: "nowhere/at/all",
    };
    for (const [name, target] of Object.entries(links)) {
      await Deno.symlink(target, `${root}/${name}`);
    }
    const follow = (...given: string[]) =>
      withoutPauses(followPaths(`${root}/`, given));
    assertEquals(follow("plain"), ["plain"]);
    assertEquals(follow("/plain", "./plain", "x/../plain"), ["plain"]);
    assertEquals(follow("missing/x"), ["missing/x"]);
    assertEquals(follow("link"), ["link", "real/file"]);
    assertEquals(follow("chain"), ["chain", "link", "real/file"]);
    assertEquals(follow("folder/file"), ["folder", "real/file"]);
    assertEquals(follow("folder/up/y.go"), [
      "folder",
      "other/y.go",
      "real/up",
    ]);
    // Two paths through one link.
    assertEquals(follow("folder/file", "folder/deep"), [
      "folder",
      "real/deep",
      "real/file",
    ]);
    assertEquals(follow("absolute"), ["absolute", "real/file"]);
    assertEquals(follow("dangling"), ["dangling", "nowhere/at/all"]);
    // Nothing leads out.
    assertEquals(follow("out"), ["etc/passwd", "out"]);
    assertEquals(follow("../../plain"), ["plain"]);
    assertEquals(follow("loop"), ["loop"]);
    assert(follow("ping")!.includes("ping"));
    // Patterns: the links that they match are followed.
    assertEquals(follow("*.go"), ["*.go", "other/y.go"]);
    assertEquals(follow("real/*/y.go"), ["other/y.go", "real/*"]);
    assertEquals(follow("other/*.go"), ["other/*.go"]);
    // The root means everything.
    assertEquals(follow("."), undefined);
    assertEquals(follow("plain", "/"), undefined);
  });
});
