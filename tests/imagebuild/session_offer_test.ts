import { openBuildSession } from "../../lib/imagebuild/session.ts";
import { sourceOf } from "../../lib/imagebuild/context/source.ts";
import { assertEquals } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerfileTar } from "../support/tar.ts";
import { readyBuild } from "./ready_build.ts";

Deno.test("openBuildSession() offers the files of a folder, and of no other context", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { Dockerfile: "FROM scratch\n" });
    for (
      const [context, isOffered] of [
        [folder, true],
        [dockerfileTar("FROM scratch"), false],
      ] as const
    ) {
      const { build } = await readyBuild({}, { source: sourceOf(context) });
      let told = "";
      const session = await openBuildSession(
        {
          session: (headers) => {
            told = JSON.stringify(headers);
            return Promise.resolve(duplexPair()[0]);
          },
          warnings: [],
          unread: [],
        },
        build,
        () => {},
      );
      await session!.close();
      assertEquals(told.includes("FileSync"), isOffered, told);
    }
  });
});
