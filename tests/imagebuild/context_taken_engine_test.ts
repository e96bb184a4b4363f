import { tarDirectory } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import {
  buildersOf,
  daemonWaysTest,
  everyWayTest,
  type Way,
} from "../support/ways.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** What was taken of a context, and what a step printed. */
async function taken(docker: Way["docker"], root: string) {
  const build = docker.imageBuild(root, { networkmode: "none", nocache: true });
  let events = 0;
  const counting = (async () => {
    for await (const { type } of build.events()) {
      if (type === "context") events++;
    }
  })();
  const text = await new Response(build.logs()).text();
  const { context } = await build.result();
  await counting;
  return { context, events, text };
}

everyWayTest(
  "a build without COPY takes nothing of its context, whatever it asked for its rules",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile: "FROM davit-test/base\nRUN true\n",
        ".dockerignore": "x\n",
        a: "1",
      });
      assertEquals(await taken(docker, root), {
        context: { files: 0, filesReused: 0, bytesOffered: 0, bytesSent: 0 },
        events: 0,
        text: "",
      });
    });
  },
);

everyWayTest(
  "of a folder only what is copied is listed, by names of any letters",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile:
          `FROM davit-test/base\n${SALT}\nCOPY ["a", "d é+%41", "/c/"]\nRUN cd /c; find . -type f | sort\n`,
        ".dockerignore": "**/é+ %41\n**/x[0-9]*\n",
        a: "1",
        b: "not copied",
        "d é+%41/b": "22",
        "d é+%41/é+ %41": "ignored",
        "d é+%41/x1": "ignored",
        "d é+%41/日": "333",
      });
      const { context, events, text } = await taken(docker, root);
      assertEquals(text, "./a\n./b\n./日\n");
      assertEquals(events, 1);
      assertEquals(context, {
        files: 3,
        filesReused: 0,
        bytesOffered: 6,
        bytesSent: 6,
      });
    });
  },
);

everyWayTest(
  "of a tar that goes on behind its end what was taken is told, whenever the answer comes",
  async ({ docker, api }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile: "FROM davit-test/base\nCOPY . /c\n",
      });
      const tar = await new Response(tarDirectory(root)).bytes();
      for (
        const version of buildersOf(api)
      ) {
        const answered = Promise.withResolvers<void>();
        const build = docker.imageBuild(
          (async function* () {
            yield tar;
            // The classic builder answers without what is behind the tar's end.
            if (version === "1") await answered.promise;
            yield new Uint8Array(512);
          })(),
          { version },
        );
        const bytes = version === "1" ? tar.length : tar.length + 512;
        const events = [];
        for await (const event of build.events()) {
          if (event.type === "context") events.push(event.bytesSent);
        }
        answered.resolve();
        const { context } = await build.result();
        assertEquals({ ...context, files: undefined }, {
          files: undefined,
          filesReused: 0,
          bytesOffered: bytes,
          bytesSent: bytes,
        });
        assertEquals(events, [bytes]);
      }
    });
  },
);

daemonWaysTest("what a build takes of its context");
