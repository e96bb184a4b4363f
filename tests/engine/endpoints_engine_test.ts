import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { cacheIdsOf } from "../support/build_cache.ts";
import { engineTest } from "../support/engines.ts";
import { dockerfileTar, tarOf } from "../support/tar.ts";
import { DockerClient, EngineError } from "../../mod.ts";

/** A name that no other run on this engine has. */
function ownName(what: string): string {
  return `davit-test/${what}-${crypto.randomUUID().slice(0, 8)}`;
}

engineTest(
  "ping(), version(), info() and apiVersion() agree",
  async ({ docker, name }) => {
    const ping = await docker.ping();
    const version = await docker.version();
    assertEquals(version.Version.split("+")[0], name.split("+")[0]);
    assertEquals(version.ApiVersion, ping.apiVersion);
    assertEquals(ping.osType, "linux");
    assertEquals((await docker.info()).ServerVersion, version.Version);
    assert(/^1\.\d+$/.test(await docker.apiVersion()));
  },
);

engineTest(
  "a wrong apiVersion is refused in the engine's words",
  async ({ host }) => {
    await using named = await DockerClient.fromDockerHost(host);
    const version = await named.apiVersion();
    Deno.env.set("DOCKER_API_VERSION", "1.99");
    try {
      await using docker = await DockerClient.fromDockerHost(host);
      const error = await assertRejects(
        () => docker.info(),
        EngineError,
        "too new",
      );
      assertEquals(error.status, 400);
      assert(version !== "1.99");
    } finally {
      Deno.env.delete("DOCKER_API_VERSION");
    }
  },
);

engineTest(
  "options reach the image, as strings and as plain values",
  async ({ docker }) => {
    const context = () =>
      dockerfileTar(
        "FROM davit-test/base AS first",
        "ARG A",
        "ARG B",
        "LABEL args=$A-$B",
        "RUN grep -q 10.1.2.3 /etc/hosts",
        "FROM first AS second",
        "ENV LATER=1",
      );
    const tags = [`${ownName("options")}:a`, `${ownName("options")}:b`];
    for (
      const options of [
        {
          buildargs: { A: "1 ü", B: "x=y&z" },
          labels: { "my.label": "vä lue" },
          extrahosts: { somewhere: "10.1.2.3" },
        },
        {
          buildargs: '{"A":"1 ü","B":"x=y&z"}',
          labels: '{"my.label":"vä lue"}',
          extrahosts: "somewhere:10.1.2.3",
        },
      ]
    ) {
      const build = docker.imageBuild(context(), {
        ...options,
        tag: tags,
        target: "first",
        networkmode: "host",
        nocache: true,
      });
      const id = await build.wait();
      for (const tag of tags) {
        const image = await docker.imageInspect(tag);
        assertEquals(image.Id, id);
        assertEquals(image.Config?.Labels?.args, "1 ü-x=y&z");
        assertEquals(image.Config?.Labels?.["my.label"], "vä lue");
        assertFalse(image.Config?.Env?.includes("LATER=1"));
      }
    }
    for (const tag of tags) await docker.imageRemove(tag, { force: true });
    await assertRejects(
      () => docker.imageInspect(tags[0]!),
      EngineError,
      "No such image",
    );
  },
);

engineTest(
  "quiet gives the id alone, with both builders",
  async ({ docker }) => {
    for (const version of ["1", "2"] as const) {
      const id = await docker.imageBuild(
        dockerfileTar("FROM davit-test/base", "LABEL q=1"),
        { version, quiet: true },
      ).wait();
      assertEquals((await docker.imageInspect(id)).Id, id);
    }
  },
);

engineTest(
  "a dockerfile with another name, compressed contexts and a plain text body are built",
  async ({ docker }) => {
    const id = await docker.imageBuild(
      tarOf({ "sub/My.Dockerfile": "FROM davit-test/base\nLABEL odd=1\n" })
        .pipeThrough(
          new CompressionStream("gzip") as ReadableWritablePair<
            Uint8Array,
            Uint8Array
          >,
        ),
      { dockerfile: "sub/My.Dockerfile" },
    ).wait();
    assertEquals((await docker.imageInspect(id)).Config?.Labels?.odd, "1");
    const text = ReadableStream.from([
      new TextEncoder().encode("FROM davit-test/base\nLABEL plain=1\n"),
    ]);
    assert((await docker.imageBuild(text).wait()).startsWith("sha256:"));
  },
);

engineTest(
  "an image is tagged, saved, removed, loaded, imported and told of",
  async ({ docker }) => {
    const name = ownName("travel");
    const tags = [`${name}:1`, `${name}:2`];
    const importedName = ownName("imported");
    const id = await docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "LABEL travels=1"),
      { tag: tags[0]! },
    ).wait();
    await docker.imageTag(id, name, "2");
    const history = await docker.imageHistory(tags[1]!);
    assertStringIncludes(history[0]!.CreatedBy, "LABEL travels=1");
    const saved = await new Response(
      await docker.imageSave(tags) as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).bytes();
    for (const tag of tags) await docker.imageRemove(tag);
    await assertRejects(
      () => docker.imageInspect(tags[0]!),
      EngineError,
    );
    const loaded = await docker.imageLoad(ReadableStream.from([saved]));
    assertEquals(loaded.names.sort(), tags);
    assertEquals((await docker.imageInspect(tags[0]!)).Id, id);
    const forms = [saved, new Blob([saved]), Readable.from([saved])];
    for (const form of forms) {
      assertEquals((await docker.imageLoad(form)).names.sort(), tags);
    }
    const missing = await assertRejects(
      () => docker.imageLoad(createReadStream("/nonexistent.tar")),
      Error,
    );
    assertStringIncludes(missing.message, "ENOENT");
    const text = Readable.from(["text"]) as AsyncIterable<never>;
    await assertRejects(
      () => docker.imageLoad(text),
      TypeError,
      "gave text, and not bytes",
    );
    const imported = await docker.imageImport(tarOf({ hello: "world" }), {
      repo: importedName,
      changes: ["ENV A=1"],
    });
    assertEquals(
      (await docker.imageInspect(`${importedName}:latest`)).Id,
      imported,
    );
    assertEquals((await docker.imageInspect(imported)).Config?.Env, ["A=1"]);
    await assertRejects(() =>
      docker.imageLoad(
        ReadableStream.from([new TextEncoder().encode("not a tar at all")]),
      ), EngineError);
    for (const name of [...tags, importedName]) await docker.imageRemove(name);
  },
);

engineTest(
  "buildPrune() frees a place in the cache",
  async ({ docker, host }) => {
    const word = crypto.randomUUID();
    await docker.imageBuild(
      dockerfileTar("FROM davit-test/base", `RUN echo ${word} > /x`),
      { networkmode: "none" },
    ).wait();
    const [id] = await cacheIdsOf(host, word);
    const { CachesDeleted, SpaceReclaimed } = await docker.buildPrune({
      all: true,
      filters: { id: [id!] },
    });
    assertEquals(CachesDeleted, [id]);
    assert(SpaceReclaimed! > 0);
    assertEquals(await cacheIdsOf(host, word), []);
    await assertRejects(
      () => docker.buildPrune({ filters: { nonsense: ["1"] } }),
      EngineError,
    );
  },
);

engineTest(
  "an image name can not reach another endpoint",
  async ({ docker }) => {
    for (const name of ["../containers/x", "a//b", "", "./a", "a/.."]) {
      await assertRejects(() => docker.imageInspect(name), TypeError);
    }
    await assertRejects(
      () => docker.imageInspect("no such/image?x#y"),
      EngineError,
    );
  },
);
