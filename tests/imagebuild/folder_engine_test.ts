import {
  BuildError,
  ContextError,
  type FolderContext,
  type ImageBuildOptions,
} from "../../mod.ts";
import { isDenoBefore } from "../../lib/deno_version.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { randomBytes } from "../support/digest.ts";
import {
  bothWaysTest,
  daemonWaysTest,
  everyWayTest,
  type Way,
} from "../support/ways.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerfileTar, tarBytes } from "../support/tar.ts";
import { nextSecond, until } from "../support/until.ts";

/** A cached step prints nothing. */
const NONE: ImageBuildOptions = { networkmode: "none", nocache: true };

/** What a step of the build prints. */
async function printed(
  docker: Way["docker"],
  context: string | URL | FolderContext,
  options: ImageBuildOptions = {},
): Promise<string> {
  const build = docker.imageBuild(context, { ...NONE, ...options });
  const text = await new Response(build.logs()).text();
  await build.wait();
  return text;
}

/** A Dockerfile whose last step prints a file of the context. */
function show(path: string): string {
  return `FROM davit-test/base\n${SALT}\nCOPY . /c\nRUN cat '/c/${path}'\n`;
}

everyWayTest(
  "a folder is sent once, and then what changed of it",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile: show("a.txt"),
        "a.txt": "one\n",
        "big.bin": randomBytes(3_000_000),
        "d/b.txt": "b",
      });
      const context = async () => {
        const build = docker.imageBuild(root, NONE);
        const text = await new Response(build.logs()).text();
        return { text, ...(await build.result()).context };
      };
      const dockerfile = show("a.txt").length;
      const bytesOffered = 3_000_000 + 4 + 1 + dockerfile;
      assertEquals(await context(), {
        text: "one\n",
        files: 4,
        filesReused: 0,
        bytesOffered,
        bytesSent: bytesOffered,
      });
      assertEquals(await context(), {
        text: "one\n",
        files: 4,
        filesReused: 4,
        bytesOffered,
        bytesSent: 0,
      });
      await Deno.writeTextFile(`${root}/a.txt`, "two\n");
      await Deno.remove(`${root}/d`, { recursive: true });
      assertEquals(await context(), {
        text: "two\n",
        files: 3,
        filesReused: 2,
        bytesOffered: bytesOffered - 1,
        bytesSent: 4,
      });
    });
  },
);

everyWayTest(
  "no file is stale: same length and time, restored or swapped",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile: show("a"),
        a: "one",
        b: "two",
      });
      // Without parts of a second, docker's own rule holds: length and time.
      const time = new Date(1_600_000_000_250);
      const restore = async () => {
        for (const name of ["a", "b"]) {
          await Deno.utime(`${root}/${name}`, time, time);
        }
      };
      await restore();
      assertEquals(await printed(docker, root), "one");
      await nextSecond();
      await Deno.writeTextFile(`${root}/a`, "six");
      await restore();
      assertEquals(await printed(docker, root), "six");
      await nextSecond();
      await Deno.rename(`${root}/a`, `${root}/c`);
      await Deno.rename(`${root}/b`, `${root}/a`);
      await Deno.rename(`${root}/c`, `${root}/b`);
      assertEquals(await printed(docker, root), "two");
    });
  },
);

everyWayTest(
  "no Dockerfile is stale: same length and time",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      const time = new Date(1_600_000_000_000);
      for (const word of ["one", "two", "one"]) {
        await Deno.writeTextFile(
          `${root}/Dockerfile`,
          `FROM davit-test/base\nRUN echo ${word}\n`,
        );
        await Deno.utime(`${root}/Dockerfile`, time, time);
        assertEquals(
          await printed(docker, root),
          `${word}\n`,
        );
        assertEquals(
          await printed(docker, {
            dockerfile: {
              text: `FROM davit-test/base\nRUN echo ${word}\n`,
            },
          }),
          `${word}\n`,
        );
      }
    });
  },
);

bothWaysTest(
  "a folder's transfer is reused by no other folder, and by any process",
  async ({ docker, host, daemon }) => {
    await withTempFolder(async (root) => {
      const time = new Date(1_600_000_000_000);
      for (const name of ["x", "y"]) {
        await writeTree(root, { [`${name}/Dockerfile`]: show("a") });
        await writeTree(root, { [`${name}/a`]: name });
        await Deno.utime(`${root}/${name}/a`, time, time);
      }
      assertEquals(await printed(docker, `${root}/x`), "x");
      assertEquals(await printed(docker, `${root}/y`), "y");
      const opening = daemon === undefined
        ? `DockerClient.fromDockerHost("${host}")`
        : `Builder.fromAddress("${daemon.address}", ${
          JSON.stringify({ tls: daemon.tls })
        })`;
      const script = `import { Builder, DockerClient } from "${new URL(
        "../../mod.ts",
        import.meta.url,
      )}";
        await using docker = await ${opening};
        const { context } = await docker.imageBuild("${root}/x", { networkmode: "none" }).result();
        console.log(context.bytesSent);`;
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", script],
        cwd: new URL("../..", import.meta.url),
      }).output();
      assertEquals(
        new TextDecoder().decode(stdout),
        "0\n",
        new TextDecoder().decode(stderr),
      );
      // Through a link it is the same folder.
      await Deno.symlink("x", `${root}/link`);
      const { context } = await docker.imageBuild(`${root}/link`, NONE)
        .result();
      assertEquals(context.bytesSent, 0);
    });
  },
);

everyWayTest("a Dockerfile from anywhere", async ({ docker }) => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "app/a": "in app",
      "app/lower/dockerfile": `FROM davit-test/base\n${SALT}\nRUN echo lower\n`,
      "app/sub/Other.Dockerfile": show("a"),
      "elsewhere/My.Dockerfile": show("a"),
      "elsewhere/My.Dockerfile.dockerignore": "secret\n",
      "app/secret": "",
    });
    const context = `${root}/app`;
    const cases: [FolderContext | string, ImageBuildOptions?][] = [
      [context, { dockerfile: "sub/Other.Dockerfile" }],
      [context, { dockerfile: "/sub/../sub/./Other.Dockerfile" }],
      [{ context }, { dockerfile: "sub/Other.Dockerfile" }],
      [{ context, dockerfile: `${root}/app/sub/Other.Dockerfile` }],
      [{ context, dockerfile: `${root}/elsewhere/My.Dockerfile` }],
      [{
        context: new URL(`file://${context}/`),
        dockerfile: new URL(`file://${root}/elsewhere/My.Dockerfile`),
      }],
      [{ context, dockerfile: { text: show("a") } }],
      [{
        context,
        dockerfile: ReadableStream.from([new TextEncoder().encode(show("a"))]),
      }],
    ];
    for (const [given, options] of cases) {
      assertEquals(await printed(docker, given, options), "in app");
    }
    assertEquals(await printed(docker, `${context}/lower`), "lower\n");
    // The ignore file beside it counts, and one that is given counts more.
    const list = `FROM davit-test/base\n${SALT}\nCOPY . /c\nRUN ls /c\n`;
    await Deno.writeTextFile(`${root}/elsewhere/My.Dockerfile`, list);
    const dockerfile = `${root}/elsewhere/My.Dockerfile`;
    assertEquals(
      await printed(docker, { context, dockerfile }),
      "a\nlower\nsub\n",
    );
    assertEquals(
      await printed(docker, { context, dockerfile, ignore: ["*", "!a"] }),
      "a\n",
    );
    assertEquals(
      await printed(docker, { context, dockerfile, ignore: [] }),
      "a\nlower\nsecret\nsub\n",
    );
    assertEquals(
      await printed(docker, {
        context,
        dockerfile: { text: list },
        ignore: ["**/*ockerfile"],
      }),
      "a\nlower\nsecret\nsub\n",
    );
  });
});

everyWayTest(
  "ignored files are not sent, exceptions are",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile:
          `FROM davit-test/base\n${SALT}\nCOPY . /c\nRUN cd /c && find . | sort\n`,
        ".dockerignore":
          "# comment\nnode_modules\n*.log\n!keep.log\nDockerfile\n.dockerignore\n",
        "node_modules/x/y": "",
        "a.log": "",
        "keep.log": "",
        "src/b.log": "",
      });
      assertEquals(
        await printed(docker, root),
        ".\n./keep.log\n./src\n./src/b.log\n",
      );
    });
  },
);

everyWayTest(
  "an empty context, a Dockerfile alone, and a file that is not there",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      const text = `FROM davit-test/base\n${SALT}\nCOPY . /c\nRUN ls -A /c\n`;
      assertEquals(await printed(docker, { dockerfile: { text } }), "");
      await Deno.writeTextFile(`${root}/F`, text);
      assertEquals(await printed(docker, { dockerfile: `${root}/F` }), "");
      const error = await assertRejects(
        () =>
          docker.imageBuild({
            dockerfile: { text: "FROM scratch\nCOPY nothing /\n" },
          }).wait(),
        BuildError,
      );
      assert(error.message.includes("nothing"), error.message);
      assertEquals(error.source?.startLine, 2);
    });
  },
);

everyWayTest(
  "wrong folders and Dockerfiles are refused before anything is sent",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, { "empty/": "", "d/Dockerfile/": "", file: "" });
      const refused = async (
        given: unknown,
        words: RegExp,
        options?: ImageBuildOptions,
      ) => {
        const error = await docker.imageBuild(given as string, options)
          .wait().then(() => undefined, (error) => error);
        const kind = error instanceof ContextError ||
          error instanceof TypeError;
        assert(kind && words.test(error.message), `${error}`);
      };
      await refused(`${root}/nowhere`, /there is no folder/);
      await refused(`${root}/file`, /is no folder/);
      await refused(`${root}/empty`, /there is no Dockerfile/);
      await refused(`${root}/d`, /can't be read/);
      await refused(root, /outside of the context/, { dockerfile: "../F" });
      await refused("", /empty text/);
      await refused({}, /neither a folder, nor files, nor a Dockerfile/);
      await refused({ path: root }, /has no "path"/);
      await refused(
        { context: root, dockerfile: { txt: "" } },
        /a Dockerfile is/,
      );
      await refused({ context: root, ignore: ["a\nb"] }, /one line each/);
      await refused(
        { context: root, dockerfile: { text: "" } },
        /named twice/,
        { dockerfile: "x" },
      );
      await refused(root, /named twice/, { remote: "https://x.example" });
      await refused(new URL("data:,x"), /can't be a data: URL/);
      await refused(
        { context: "https://x.example/r.git", dockerfile: { text: "" } },
        /give the URL alone/,
      );
      await refused(null, /the path of a folder/);
    });
  },
);

everyWayTest("a context that the engine fetches", async ({ docker }) => {
  const tar = await tarBytes({
    Dockerfile: `FROM davit-test/base\n${SALT}\nCOPY a /\nRUN cat /a\n`,
    a: "from a URL\n",
  });
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(tar),
  );
  const url = `http://127.0.0.1:${server.addr.port}/context.tar`;
  assertEquals(await printed(docker, url), "from a URL\n");
  assertEquals(
    await printed(docker, new URL(url)),
    "from a URL\n",
  );
});

everyWayTest(
  "a context that can't be read says so, in its own words",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, { Dockerfile: show("a"), a: "a" });
      await new Deno.Command("bash", {
        args: ["-c", `touch "$(printf '${root}/caf\\351')"`],
      }).output();
      // Older versions don't show such a name at all.
      if (!isDenoBefore("2.8.3")) {
        const error = await assertRejects(
          () => docker.imageBuild(root, NONE).wait(),
          ContextError,
        );
        assert(/not UTF-8/.test(error.message), error.message);
      }
      await Deno.writeTextFile(`${root}/.dockerignore`, "caf*\n");
      await docker.imageBuild(root, NONE).wait();
      await Deno.writeTextFile(`${root}/.dockerignore`, "[\n");
      const pattern = await docker.imageBuild(root, NONE)
        .wait().catch((error) => error);
      assert(/syntax error in pattern/.test(pattern.message), `${pattern}`);
    });
  },
);

bothWaysTest(
  "cancelled in the middle of 4 GB: every file is closed",
  async ({ docker }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, {
        Dockerfile: "FROM scratch\nCOPY . /\n",
        big: "",
      });
      await Deno.truncate(`${root}/big`, 4 * 1024 ** 3);
      await docker.ping();
      const open = () =>
        [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
          try {
            const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
            return path === `${root}/big`; // and not what is read before it
          } catch {
            return false; // closed meanwhile
          }
        }).length;
      const abort = new AbortController();
      const build = docker.imageBuild(root, { signal: abort.signal });
      await until(() => open() > 0, "the large file is open");
      const reason = new Error("enough");
      abort.abort(reason);
      assertEquals(await build.wait().catch((error) => error), reason);
      await until(() => open() === 0, "the file is closed");
    });
  },
);

bothWaysTest(
  "a tar stream is told by its bytes alone",
  async ({ docker }) => {
    const { context } = await docker.imageBuild(
      dockerfileTar("FROM scratch", "LABEL a=b"),
    ).result();
    assertEquals(context, {
      files: undefined,
      filesReused: 0,
      bytesOffered: context.bytesSent,
      bytesSent: context.bytesSent,
    });
    assert(context.bytesSent >= 1536);
  },
);

daemonWaysTest("folders as contexts");
