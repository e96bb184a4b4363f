import { DockerClient, EngineError, SecretError } from "../../mod.ts";
import { assertEquals, assertFalse, assertRejects } from "../support/assert.ts";
import { collect, warnings } from "../support/builds.ts";
import { engineTest } from "../support/engines.ts";
import { startFakeEngine } from "../support/fake_engine.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarChunks } from "../support/tar.ts";

const VALUE = "value+of/the?leak";
const ENCODED = [VALUE, btoa(VALUE), encodeURIComponent(VALUE)];

Deno.test("a secret's value in an argument, a label or the Dockerfile is refused before a build is asked for", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const secrets = { token: VALUE };
  for (const value of ENCODED) {
    for (
      const [what, options, text] of [
        ["build argument", { buildargs: { A: `x${value}` } }, ""],
        ["build argument", { buildargs: JSON.stringify({ A: value }) }, ""],
        ["build argument", { buildargs: { [`a${value}`]: value } }, ""],
        ["label", { labels: { a: value } }, ""],
        ["label", { labels: JSON.stringify({ a: value }) }, ""],
        ["label", { labels: { [value]: "a" } }, ""],
        ["Dockerfile", {}, `LABEL a=${value}\n`],
      ] as const
    ) {
      const error = await assertRejects(
        () =>
          docker.imageBuild(
            { dockerfile: { text: `FROM scratch\n${text}` } },
            { secrets, ...options },
          ).wait(),
        SecretError,
        what,
      );
      assertEquals(error.id, "token");
      assertFalse(Deno.inspect(error).includes(value));
    }
  }
  assertEquals(
    engine.requests.filter(({ target }) => !target.includes("_ping")),
    [],
  );
});

engineTest(
  "a secret's value in the Dockerfile of a tar ends the build on its way, before a step runs",
  async ({ docker }) => {
    for (const value of ENCODED) {
      const tag = `davit-leak:${crypto.randomUUID()}`;
      let cancelled: unknown;
      const files = {
        Dockerfile: `FROM davit-test/base\nLABEL a=${value}\n`,
        large: new Uint8Array(4 * 1024 * 1024),
      };
      const chunks = tarChunks(files);
      const tar = new ReadableStream<Uint8Array>({
        pull(controller) {
          const { done, value } = chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => void (cancelled = reason),
      }, { highWaterMark: 0 });
      const build = docker.imageBuild(tar, { tag, secrets: { token: VALUE } });
      const error = await assertRejects(
        () => build.wait(),
        SecretError,
        "the Dockerfile holds the value",
      );
      assertEquals(error.id, "token");
      assertEquals(cancelled, error);
      assertFalse(Deno.inspect(error, { depth: 9 }).includes(value));
      const { messages } = await collect(build);
      assertEquals(messages.filter(({ id }) => !id?.startsWith("davit.")), []);
      await assertRejects(() => docker.imageInspect(tag), EngineError);
    }
  },
);

engineTest(
  "a secret's file in the context gets a warning, unless it is ignored",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, {
        Dockerfile: "FROM scratch\nLABEL a=b\n",
        "keys/token": VALUE,
      });
      const said = async () => {
        const { messages, error } = await collect(
          docker.imageBuild(folder, {
            secrets: { t: { file: `${folder}/keys/token` } },
          }),
        );
        assertEquals(error, undefined);
        return warnings(messages).filter((text) => text.includes("COPY"));
      };
      assertEquals(await said(), [
        'the file of secret "t" lies in the context as "keys/token", and COPY can take it into the image: name it in .dockerignore',
      ]);
      await Deno.writeTextFile(`${folder}/.dockerignore`, "keys\n");
      assertEquals(await said(), []);
    });
  },
);
