import { SecretStore } from "../../lib/secrets/store.ts";
import { secretsService } from "../../lib/session/secrets.ts";
import { Session } from "../../lib/session/session.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { bothWaysTest } from "../support/ways.ts";

bothWaysTest(
  "a session of the caller's own serves its secrets to the build of a folder",
  async ({ docker, openBuildkit, api, generation }) => {
    const value = crypto.randomUUID();
    await using buildkit = await openBuildkit();
    const { signal } = new AbortController();
    const store = await SecretStore.open({ t: value }, signal);
    const session = new Session(
      secretsService(store, { maxBytes: 1000, strict: false, onError() {} }),
    );
    const served = session.serve(
      await buildkit.dialSession(session.headers("own"), signal),
    );
    try {
      await withTempFolder(async (root) => {
        await writeTree(root, {
          Dockerfile:
            "FROM davit-test/base\nCOPY file /\nRUN --mount=type=secret,id=t cat /file /run/secrets/t\n",
          file: "from the folder\n",
        });
        const build = docker.imageBuild(root, {
          session: session.id,
          networkmode: "none",
          nocache: true,
        });
        if (api === "buildkit" && generation === "20") {
          const error = await build.wait().catch((error) => error);
          assertStringIncludes(`${error}`, "this engine can not take");
          return;
        }
        assertEquals(
          await new Response(build.logs()).text(),
          `from the folder\n${value}`,
        );
        await build.wait();
      });
    } finally {
      session.close();
      await served;
    }
  },
);
