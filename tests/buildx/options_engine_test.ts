// Options that only BuildKit's own API knows: what they make of an image is what
// buildx's flags make of it, byte for byte.

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { tarEntries } from "../context/image_listing.ts";
import { containerdTest, type EngineContext } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarOf } from "../support/tar.ts";
import type { ImageBuildOptions } from "../../mod.ts";
import type { ArchivedImage } from "./archived_image.ts";
import { bothArchives } from "./both_archives.ts";
import { dockerCommand } from "./docker_client.ts";

const FROM = "FROM davit-test/base";

/** Steps that no build before had. */
function salt(): string {
  return `ENV DAVIT_TEST_SALT=${crypto.randomUUID()}`;
}

function file(...lines: string[]): string {
  return `${lines.join("\n")}\n`;
}

/** The text of a file in the image of this machine's platform. */
async function textOf(image: ArchivedImage, path: string): Promise<string> {
  const { manifest } = image.platforms["linux/amd64"]!;
  let found: string | undefined;
  for (const { digest } of manifest.layers) {
    const packed = new Blob([image.blobs.get(digest)!]).stream();
    const tar = await new Response(
      packed.pipeThrough(new DecompressionStream("gzip")),
    ).bytes();
    for (const entry of tarEntries(tar)) {
      if (entry.path !== path) continue;
      found = new TextDecoder().decode(entry.content);
    }
  }
  assert(found !== undefined, `${path} is not in the image`);
  return found;
}

containerdTest(
  "annotations of every part of an image of two platforms: the same index as buildx's",
  async (engine) => {
    const { buildx, davit } = await bothArchives(engine, {
      files: { Dockerfile: file("FROM scratch", "COPY a /"), a: "a" },
      words: [
        ...["--platform", "linux/amd64,linux/arm64"],
        ...["--annotation", "plain=of each"],
        ...["--annotation", "index:all=of the index, with a comma"],
        ...["--annotation", "manifest[linux/arm64]:one=of one"],
        ...["--annotation", "manifest-descriptor:told=in the index"],
        ...["--annotation", "index-descriptor:top=in the archive"],
      ],
      options: {
        platform: ["linux/amd64", "linux/arm64"],
        annotations: {
          plain: "of each",
          "index:all": "of the index, with a comma",
          "manifest[linux/arm64]:one": "of one",
          "manifest-descriptor:told": "in the index",
          "index-descriptor:top": "in the archive",
        },
      },
    });
    const { index, platforms, named } = davit;
    const [amd64, arm64] = ["linux/amd64", "linux/arm64"].map((name) =>
      platforms[name]!
    );
    assertEquals(amd64!.manifest.annotations, { plain: "of each" });
    assertEquals(arm64!.manifest.annotations, {
      plain: "of each",
      one: "of one",
    });
    assertEquals(index.annotations, { all: "of the index, with a comma" });
    assertEquals(arm64!.descriptor!.annotations, { told: "in the index" });
    assertEquals(named.annotations?.top, "in the archive");
    assertEquals(named.digest, buildx.named.digest);
  },
);

containerdTest(
  "limits, /dev/shm, hosts and the control group of the steps: the same layers as buildx's",
  async (engine) => {
    // Below the engine's own, which is removed with it.
    const own = /\/(davit-[^/]+)\//.exec(engine.host)?.[1];
    const parent = `/${own ?? "docker"}/of-a-test`;
    const { buildx, davit } = await bothArchives(engine, {
      files: {
        Dockerfile: file(
          FROM,
          salt(),
          "RUN ulimit -n > /n && ulimit -Hn >> /n && df -k /dev/shm > /shm",
          "RUN grep some /etc/hosts | tr -s ' \\t' ' ' | sort > /hosts",
          "RUN cat /proc/self/cgroup > /cgroup",
        ),
      },
      words: [
        ...["--network", "none", "--ulimit", "nofile=123:456"],
        ...["--shm-size", "12m", "--cgroup-parent", parent],
        ...["--add-host", "some.host:10.1.2.3"],
        ...["--add-host", "some.other:fd00::1"],
      ],
      options: {
        api: "buildkit",
        networkmode: "none",
        ulimits: [{ name: "nofile", soft: 123, hard: 456 }],
        shmsize: 12 * 1024 * 1024,
        cgroupparent: parent,
        extrahosts: { "some.host": "10.1.2.3", "some.other": "fd00::1" },
      },
    });
    assertEquals(await textOf(davit, "n"), "123\n456\n");
    assertStringIncludes(await textOf(davit, "shm"), " 12288 ");
    assertStringIncludes(await textOf(davit, "cgroup"), `:${parent}/`);
    assertEquals(
      await textOf(davit, "hosts"),
      "10.1.2.3 some.host\nfd00::1 some.other\n",
    );
    assertEquals(davit.named.digest, buildx.named.digest);
  },
);

/** Names of the network interfaces of this machine. */
async function interfaces(): Promise<string[]> {
  const names = await Array.fromAsync(
    Deno.readDir("/sys/class/net"),
    ({ name }) => name,
  );
  return names.sort();
}

containerdTest(
  "allow: network.host lets steps have this machine's network, and without it the build says so",
  async (engine) => {
    for (
      const [step, words, options] of [
        ["RUN", ["--network", "host"], { networkmode: "host" }],
        ["RUN --network=host", [], {}],
      ] as const
    ) {
      const files = {
        Dockerfile: file(FROM, salt(), `${step} ls -1 /sys/class/net > /net`),
      };
      const { buildx, davit } = await bothArchives(engine, {
        files,
        words: [...words, "--allow", "network.host"],
        options: { ...options, allow: ["network.host"] },
      });
      assertEquals(
        (await textOf(davit, "net")).trim().split("\n"),
        await interfaces(),
      );
      assertEquals(davit.named.digest, buildx.named.digest);
    }
    const error = await assertRejects(() =>
      engine.docker.imageBuild(
        tarOf({ Dockerfile: file(FROM, salt(), "RUN --network=host true") }),
        { api: "buildkit" },
      ).wait()
    );
    assertStringIncludes(`${error}`, "network.host is not allowed");
  },
);

containerdTest(
  "nocachefilter runs the steps of one stage again, as buildx's flag, and those of no other",
  async (engine) => {
    const Dockerfile = file(
      `${FROM} AS kept`,
      salt(),
      "RUN head -c 16 /dev/urandom | od -An -tx1 > /kept",
      `${FROM} AS again`,
      salt(),
      "RUN head -c 16 /dev/urandom | od -An -tx1 > /again",
      "FROM scratch",
      "COPY --from=kept /kept /",
      "COPY --from=again /again /",
    );
    const build = async (options: ImageBuildOptions) => {
      let found: string[] = [];
      await withTempFolder(async (dest) => {
        await engine.docker.imageBuild(tarOf({ Dockerfile }), {
          ...options,
          networkmode: "none",
          outputs: { type: "local", dest },
        }).wait();
        found = [
          await Deno.readTextFile(`${dest}/kept`),
          await Deno.readTextFile(`${dest}/again`),
        ];
      });
      return found;
    };
    const first = await build({ api: "buildkit" });
    assertEquals(await build({ api: "buildkit" }), first);
    const filtered = await build({ nocachefilter: ["again"] });
    assertEquals(filtered[0], first[0]);
    assertNotEquals(filtered[1], first[1]);
    // What buildx then finds in the cache is what davit put there.
    await withTempFolder(async (folder) => {
      await writeTree(folder, { Dockerfile });
      await using docker = await dockerCommand(engine);
      const words = ["buildx", "build", "--network=none", "-o", "out"];
      await docker.run([...words, "."], folder);
      assertEquals(
        await Deno.readTextFile(`${folder}/out/again`),
        filtered[1],
      );
      await docker.run([...words, "--no-cache-filter=again", "."], folder);
      assertEquals(await Deno.readTextFile(`${folder}/out/kept`), first[0]);
      assertNotEquals(
        await Deno.readTextFile(`${folder}/out/again`),
        filtered[1],
      );
    });
  },
);

containerdTest(
  "sourceDateEpoch with rewriteTimestamp: three builds without the cache, two of davit and one of buildx, are one image",
  async (engine) => {
    const Dockerfile = file(
      FROM,
      salt(),
      "RUN mkdir /d && echo x > /d/x",
      "COPY a /a",
    );
    const seconds = 1_700_000_000;
    const archives = () =>
      bothArchives(engine, {
        files: { Dockerfile, a: "a" },
        words: ["--no-cache", "--network=none"],
        outputWords: ",rewrite-timestamp=true",
        env: { SOURCE_DATE_EPOCH: `${seconds}` },
        options: {
          api: "buildkit",
          nocache: true,
          networkmode: "none",
          sourceDateEpoch: new Date(seconds * 1000),
        },
        output: { rewriteTimestamp: true },
      });
    const one = await archives();
    const two = await archives();
    assertEquals(one.davit.named.digest, two.davit.named.digest);
    assertEquals(one.davit.named.digest, one.buildx.named.digest);
    const { config } = one.davit.platforms["linux/amd64"]!;
    assertEquals(config.created, "2023-11-14T22:13:20Z");
  },
);

/** The error of a build by buildx, and of the same by davit. */
async function bothFailures(
  engine: EngineContext,
  dockerfile: string,
  policy: unknown,
): Promise<{ buildx: string; davit: string }> {
  let buildx = "";
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "context/Dockerfile": dockerfile,
      "policy.json": JSON.stringify(policy),
    });
    await using docker = await dockerCommand(engine);
    buildx = await docker.run(
      ["buildx", "build", "--network=none", "."],
      `${folder}/context`,
      { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: `${folder}/policy.json` },
    ).then(() => "", (error) => error.message);
  });
  const davit = await engine.docker.imageBuild(
    tarOf({ Dockerfile: dockerfile }),
    { networkmode: "none", sourcePolicy: JSON.stringify(policy) },
  ).wait().then(() => "", (error) => error.message);
  return { buildx, davit };
}

containerdTest(
  "a source policy denies an image, and puts another in its place: as with buildx",
  async (engine) => {
    const base = "docker-image://docker.io/davit-test/base:latest";
    const denied = await bothFailures(engine, file(FROM, "RUN true"), {
      rules: [{ action: "DENY", selector: { identifier: base } }],
    });
    const words = `source "${base}" denied by policy`;
    assertStringIncludes(denied.buildx, words);
    assertStringIncludes(denied.davit, words);

    const other = `davit-test/converted:${crypto.randomUUID()}`;
    await engine.docker.imageBuild(
      tarOf({ Dockerfile: file(FROM, "RUN echo converted > /which") }),
      { tag: other, networkmode: "none" },
    ).wait();
    const policy = {
      rules: [{
        action: "CONVERT" as const,
        selector: { identifier: "docker-image://docker.io/davit-test/other:*" },
        updates: { identifier: `docker-image://docker.io/${other}` },
      }],
    };
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/policy`, JSON.stringify(policy));
      const { buildx, davit } = await bothArchives(engine, {
        files: {
          Dockerfile: file("FROM davit-test/other:1", salt(), "RUN true"),
        },
        words: ["--network=none"],
        env: { EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: `${folder}/policy` },
        options: { networkmode: "none", sourcePolicy: policy },
      });
      assertEquals(await textOf(davit, "which"), "converted\n");
      assertEquals(davit.named.digest, buildx.named.digest);
    });
    await engine.docker.imageRemove(other);
  },
);
