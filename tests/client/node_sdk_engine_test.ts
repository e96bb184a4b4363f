import { Readable } from "node:stream";
import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { tarOf } from "../support/tar.ts";
import {
  DockerClient,
  type ImageBuildOptions,
  type JsonMessage,
} from "../../mod.ts";

// What examples/moving promises to those who come from @docker/node-sdk: their
// calls, as they write them, check under `strict` and do what they did.

engineTest(
  "a build as @docker/node-sdk's own test makes it",
  async ({ host }) => {
    Deno.env.set("DOCKER_HOST", host);
    const client = await DockerClient.fromDockerConfig();
    const name = `davit-test/node-sdk-${crypto.randomUUID()}`;
    try {
      const tar = await Array.fromAsync(tarOf({
        Dockerfile: "FROM scratch\nCOPY test.txt /test.txt\n",
        "test.txt": "text of a file",
      }));
      const id = await client.imageBuild(
        Readable.toWeb(Readable.from(tar), {
          strategy: { highWaterMark: 16384 },
        }),
        { tag: `${name}:latest`, rm: true, forcerm: true },
      ).wait();
      const image = await client.imageInspect(id || "");
      assert(image.RepoTags?.includes(`${name}:latest`));
      assert(image.Size >= 14); // with the image's own documents in some stores
      const [listed] = await client.imageList({
        filters: { reference: [name] },
      });
      assertEquals(listed?.Id, id);
    } finally {
      const gone = await client.imageDelete(`${name}:latest`, { force: true });
      assert(gone.length > 0);
      await client.close();
      Deno.env.delete("DOCKER_HOST");
    }
  },
);

engineTest(
  "a build with @docker/node-sdk's options in their string forms, and its messages",
  async ({ host }) => {
    const client = await DockerClient.fromDockerHost(host);
    const name = `davit-test/node-sdk-${crypto.randomUUID()}`;
    const options: ImageBuildOptions = {
      dockerfile: "Dockerfile",
      tag: name,
      extrahosts: "one:10.0.0.1",
      quiet: false,
      nocache: true,
      cachefrom: JSON.stringify(["davit-test/base"]),
      rm: true,
      buildargs: JSON.stringify({ A: "1" }),
      labels: JSON.stringify({ made: "here" }),
      networkmode: "none",
      credentials: { "registry.example": { username: "u", password: "p" } },
      platform: "linux/amd64",
      version: "2",
    };
    const build = client.imageBuild(
      ReadableStream.from(
        tarOf({ Dockerfile: "FROM scratch\nARG A\nLABEL a=$A\n" }),
      ),
      options,
    );
    const messages: JsonMessage[] = [];
    for await (const message of build.messages()) messages.push(message);
    const id = await build.wait();
    const told = messages.find((message) => message.id === "moby.image.id");
    assertEquals((told?.aux as { ID?: string }).ID, id);
    assertFalse(messages.some(({ errorDetail }) => errorDetail !== undefined));
    await client.imageTag(name, name, "other");
    const { Config } = await client.imageInspect(`${name}:other`);
    assertEquals(Config?.Labels, { a: "1", made: "here" });
    assert((await client.imageHistory(name)).length > 0);
    await client.imageDelete(name);
    await client.imageDelete(`${name}:other`, { noprune: true });
    await client.close();
  },
);
