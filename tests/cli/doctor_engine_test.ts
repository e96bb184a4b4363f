import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import {
  type CommandOptions,
  DAVIT,
  davitAllowed,
  runProgram,
} from "./command.ts";

/** Runs doctor, with these flags of Deno's in the place of `-A`. */
async function doctor(
  options: CommandOptions,
  permissions?: readonly string[],
  words: readonly string[] = [],
): Promise<{ code: number; lines: string[] }> {
  const { code, stdout, stderr } = await runProgram([
    ...permissions === undefined ? DAVIT : davitAllowed(permissions),
    ...words,
    "doctor",
  ], options);
  assertEquals(stderr, "");
  return {
    code,
    lines: new TextDecoder().decode(stdout).trimEnd().split("\n"),
  };
}

engineTest(
  "doctor tells the engine, and a tick for each",
  async ({ host, name }) => {
    for (
      const [env, words, why] of [
        [{ DOCKER_HOST: host }, [], "by DOCKER_HOST"],
        [{}, ["-H", host], "by --host"],
      ] as const
    ) {
      const { code, lines } = await doctor({ env }, undefined, words);
      const text = lines.join("\n");
      assertEquals(code, 0, text);
      assert(lines.every((line) => line.startsWith("✓ ")), text);
      for (const part of [`${host}, ${why}`, `Docker ${name}`]) {
        assertStringIncludes(text, part);
      }
      assertMatch(text, /BuildKit: .* an export of [1-9]\d* bytes/);
    }
  },
);

engineTest(
  "doctor names the socket that it found, the file that led there, and goes on behind a failure",
  async ({ host, socketPath, name }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, { "run/": "", "config/": "" });
      const env = {
        DOCKER_HOST: "",
        DOCKER_CONTEXT: "",
        XDG_RUNTIME_DIR: `${folder}/run`,
        DOCKER_CONFIG: `${folder}/config`,
      };
      await Deno.symlink(socketPath, `${folder}/run/docker.sock`);
      // The machine's own engine, if it has one, comes first.
      const own = await Deno.stat("/var/run/docker.sock")
        .then(() => true, () => false);
      const found = await doctor({ env });
      if (!own) {
        const text = found.lines.join("\n");
        assertEquals(found.code, 0, text);
        assertStringIncludes(
          text,
          `unix://${folder}/run/docker.sock, the first`,
        );
        assertStringIncludes(text, `Docker ${name}`);
      }
      await Deno.writeTextFile(
        `${folder}/config/config.json`,
        '{"currentContext": "none-such"}',
      );
      const broken = await doctor({ env });
      assertEquals(broken.code, 1);
      assertMatch(broken.lines[1]!, /^✗ .*"none-such"/);
      assertMatch(broken.lines[2]!, /^✓ permissions/);
      // With few permissions: all that are missing at once, and what to add.
      const few = await doctor(
        { env: { DOCKER_HOST: host }, cwd: folder },
        ["--allow-env=DOCKER_HOST", `--allow-read=${socketPath}`],
      );
      assertEquals(few.code, 1);
      assertEquals(
        few.lines.find((line) => line.startsWith("✗ permissions")),
        `✗ permissions are missing for a build of this folder: add --allow-read=. --allow-net=unix:${socketPath},localhost:80 --allow-write=${socketPath}`,
      );
      const told = await doctor(
        { env: { DOCKER_HOST: host }, cwd: folder },
        [
          "--allow-env=DOCKER_HOST",
          `--allow-read=.,${socketPath}`,
          `--allow-net=unix:${socketPath},localhost:80`,
          `--allow-write=${socketPath}`,
        ],
      );
      assertEquals(
        [told.code, told.lines.length],
        [0, 5],
        told.lines.join("\n"),
      );
      const none = await doctor({ cwd: folder }, []);
      assertEquals(none.code, 1);
      assertStringIncludes(
        none.lines.join("\n"),
        "  add --allow-env=DOCKER_HOST",
      );
    });
  },
);

engineTest(
  "a build needs no permission for variables that may be missing",
  async ({ host, socketPath }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nLABEL a=b\n" });
      const { code, stderr } = await runProgram([
        ...davitAllowed([
          `--allow-read=.,${socketPath}`,
          `--allow-net=unix:${socketPath},localhost:80`,
          `--allow-write=${socketPath}`,
        ]),
        ...["-H", host, "build", "--progress=plain", "."],
      ], { cwd });
      assertEquals(code, 0, stderr);
    });
  },
);
