// Caches in a registry, beside those that buildx writes of the same steps; and
// each reads the other's.

import { DockerClient } from "../../mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { containerdTest, engineOf } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { LOGIN, LOGIN_BASE64, startRegistry } from "../support/registry.ts";
import { type DockerCommand, dockerCommand } from "./docker_client.ts";

/** What is asked of each cache, by its tag, and the media type that it gets. */
const CACHES: Readonly<Record<string, readonly [words: string, type: string]>> =
  {
    plain: ["", "application/vnd.oci.image.manifest.v1+json"],
    min: ["mode=min", "application/vnd.oci.image.manifest.v1+json"],
    max: ["mode=max", "application/vnd.oci.image.manifest.v1+json"],
    image: [
      "mode=max,image-manifest=true,oci-mediatypes=true",
      "application/vnd.oci.image.manifest.v1+json",
    ],
    index: [
      "mode=max,image-manifest=false",
      "application/vnd.oci.image.index.v1+json",
    ],
    docker: [
      "image-manifest=false,oci-mediatypes=false",
      "application/vnd.docker.distribution.manifest.list.v2+json",
    ],
    zstd: [
      "mode=max,compression=zstd,compression-level=3,force-compression=true",
      "application/vnd.oci.image.manifest.v1+json",
    ],
  };

/**
 * The words for all of them, each in a repository of its own: BuildKit writes
 * them at the same time, and a blob that two need would be missing for one.
 */
function cachesOf(repository: string): string[] {
  return Object.entries(CACHES).map(([tag, [words]]) =>
    ["type=registry", `ref=${repository}-${tag}:1`, words].filter(Boolean)
      .join()
  );
}

containerdTest(
  "caches in a registry are byte for byte those of buildx, and each reads the other's",
  async (engine) => {
    await using registry = await startRegistry({ auth: "basic" });
    const other = await engineOf({ generation: "28", containerdStore: false });
    await using second = await DockerClient.fromDockerHost(other.host);
    await using command = await dockerCommand(engine, [registry.host]);
    await using otherCommand = await dockerCommand(other, [registry.host]);
    const { docker } = engine;
    const credentials = { [registry.host]: LOGIN };
    const base = `${registry.host}/base:1`;
    await docker.imageTag("davit-test/base", `${registry.host}/base`, "1");
    await docker.imagePush(base, { credentials }).wait();
    await docker.imageRemove(base);
    // What the steps write is of chance: the same twice is from a cache.
    const dockerfile = () => {
      const step =
        `RUN --mount=type=secret,id=s test -s /run/secrets/s && echo ${crypto.randomUUID()} && cat /proc/sys/kernel/random/uuid`;
      return [
        `FROM ${base} AS first`,
        `${step} > /first`,
        `FROM ${base} AS second`,
        "COPY --from=first /first /",
        `${step} > /second`,
        "FROM scratch",
        "COPY --from=second /first /second /",
        "",
      ].join("\n");
    };
    await withTempFolder(async (folder) => {
      let last = 0;
      const texts = async (dest: string) =>
        await Promise.all(
          ["first", "second"].map((name) =>
            Deno.readTextFile(`${dest}/${name}`)
          ),
        );
      const davit = async (
        client: DockerClient,
        text: string,
        options: { cachefrom?: string; cacheto?: readonly string[] } = {},
      ) => {
        const dest = `${folder}/${++last}`;
        const { caches } = await client.imageBuild({
          files: { Dockerfile: text },
        }, {
          networkmode: "none",
          credentials,
          secrets: { s: "of davit" },
          outputs: { type: "local", dest },
          ...options,
        }).result();
        return { caches, texts: await texts(dest) };
      };
      const buildx = async (
        command: DockerCommand,
        text: string,
        words: readonly string[],
      ) => {
        const dest = `${folder}/${++last}`;
        await writeTree(folder, { "context/Dockerfile": text });
        await command.run(
          [
            ...["buildx", "build", "--network=none", "-o", dest],
            ...["--secret", "id=s,env=S", ...words, "context"],
          ],
          folder,
          { S: "of buildx" },
        );
        return await texts(dest);
      };

      // What BuildKit writes depends on which layers were packed before: both
      // clients find the same.
      const shared = dockerfile();
      const built = await davit(docker, shared, {
        cacheto: cachesOf(`${registry.host}/before`),
      });
      const theirs = await buildx(
        command,
        shared,
        cachesOf(`${registry.host}/buildx`)
          .flatMap((words) => ["--cache-to", words]),
      );
      const ours = await davit(docker, shared, {
        cacheto: cachesOf(`${registry.host}/davit`),
      });
      assertEquals([theirs, ours.texts], [built.texts, built.texts]);
      const told = new Map(
        ours.caches.map(({ place, digest }) => [place, digest]),
      );
      for (const [tag, [, type]] of Object.entries(CACHES)) {
        const own = await manifestOf(registry.host, "davit", tag);
        assertEquals(own, await manifestOf(registry.host, "buildx", tag), tag);
        assertEquals(own.type, type, tag);
        assertEquals(told.get(`${registry.host}/davit-${tag}:1`), own.digest);
      }
      for (const mediaType of await layersOf(registry.host, "davit", "zstd")) {
        assertMatch(mediaType, /\+zstd$/);
      }
      const cachefrom = `${registry.host}/buildx-index:1`;
      const read = await davit(second, shared, { cachefrom });
      assertEquals(read.texts, built.texts);

      const own = dockerfile();
      const written = await davit(docker, own, {
        cacheto: ["min", "max"].map((mode) =>
          `type=registry,ref=${registry.host}/own-${mode}:1,mode=${mode}`
        ),
      });
      const [min, max] = await Promise.all(
        ["min", "max"].map((tag) => layersOf(registry.host, "own", tag)),
      );
      assert(min!.length < max!.length, `${min!.length} ${max!.length}`);
      const words = ["--cache-from", `${registry.host}/own-max:1`];
      assertEquals(await buildx(otherCommand, own, words), written.texts);
    });
  },
);

/** The media types of a cache's layers. */
async function layersOf(
  host: string,
  repository: string,
  tag: string,
): Promise<string[]> {
  const { text } = await manifestOf(host, repository, tag);
  return JSON.parse(text).layers.map(({ mediaType }: { mediaType: string }) =>
    mediaType
  );
}

/** A manifest in a registry, with its own digest and media type. */
async function manifestOf(host: string, repository: string, tag: string) {
  const response = await fetch(
    `http://${host}/v2/${repository}-${tag}/manifests/1`,
    {
      headers: {
        authorization: `Basic ${LOGIN_BASE64}`,
        accept: [...new Set(Object.values(CACHES).map(([, type]) => type))]
          .join(),
      },
    },
  );
  const text = await response.text();
  assertEquals(response.status, 200, text);
  return {
    text,
    type: response.headers.get("content-type"),
    digest: response.headers.get("docker-content-digest"),
  };
}
