// Caches in folders: the same ones as buildx's, read by davit and by buildx, on
// engines that begin with nothing.

import {
  DockerClient,
  type ImageBuildOptions,
  LayoutError,
} from "../../mod.ts";
import { davitHere } from "../cli/in_process.ts";
import { canMount, mount, mountTmpfs } from "../exporter/mount.ts";
import { names } from "../exporter/scratch.ts";
import { type ReadLayout, readLayout } from "../layout/read_layout.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  containerdTest,
  engineKindTest,
  engineOf,
  engineTest,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerCommand } from "./docker_client.ts";

/** A context whose steps no build before had, on an image of that name. */
async function writeContext(path: string, base: string): Promise<void> {
  const salt = crypto.randomUUID();
  await writeTree(path, {
    Dockerfile: [
      `FROM ${base} AS made`,
      `RUN --mount=type=secret,id=token test -s /run/secrets/token && echo ${salt} > /made`,
      `FROM ${base}`,
      "COPY given /given",
      "COPY --from=made /made /made",
      "RUN cat /given /made > /both",
      "",
    ].join("\n"),
    given: `given ${salt}\n`,
    token: crypto.randomUUID(),
    salt,
  });
}

/** The options of a build of such a context, with a secret of its own. */
function options(more: ImageBuildOptions): ImageBuildOptions {
  return {
    networkmode: "none",
    secrets: { token: { value: crypto.randomUUID() } },
    outputs: { type: "cacheonly" },
    ...more,
  };
}

/** The words for buildx of a build of such a context. */
function buildxWords(context: string, output = "type=cacheonly"): string[] {
  return [
    ...["buildx", "build", "--progress=plain", "--network=none"],
    ...["--secret", `id=token,src=${context}/token`],
    ...["--output", output],
  ];
}

/**
 * Gives the base image of one engine to another, so that both have the same one.
 * It is removed from both in the end.
 */
async function sharedBase(
  from: DockerClient,
  to: DockerClient,
): Promise<{ name: string } & AsyncDisposable> {
  const tag = crypto.randomUUID();
  const name = `davit-test/shared:${tag}`;
  await from.imageTag("davit-test/base", "davit-test/shared", tag);
  await to.imageLoad(await from.imageSave([name]));
  return {
    name,
    async [Symbol.asyncDispose]() {
      for (const docker of [from, to]) await docker.imageRemove(name);
    },
  };
}

/** What the last step of such a build writes. */
async function bothOf(context: string): Promise<string> {
  const salt = await Deno.readTextFile(`${context}/salt`);
  return `given ${salt}\n${salt}\n`;
}

/** A layout, to be compared. */
function comparable({ names, index, blobs }: ReadLayout) {
  return { names, index, blobs: [...blobs.keys()].sort() };
}

/** Which steps of a build's instructions came from a cache. */
async function stepsOf(
  docker: DockerClient,
  context: string,
  given: ImageBuildOptions,
): Promise<{ steps: [name: string, cached: boolean][]; codes: unknown[] }> {
  await using build = docker.imageBuild(context, given);
  const { steps, warnings } = await build.result();
  return {
    steps: steps.filter(({ name }) => /\] (?:RUN|COPY)/.test(name))
      .map(({ name, cached }) => [name, cached]),
    codes: warnings.map(({ code }) => code),
  };
}

containerdTest(
  "a cache in a folder has the bytes that buildx's has, in each form",
  async (engine) => {
    await using docker = await dockerCommand(engine);
    await withTempFolder(async (folder) => {
      const context = `${folder}/context`;
      await writeContext(context, "davit-test/base");
      // The cache of a build that runs its steps has more records than that of
      // one that finds them.
      await stepsOf(engine.docker, context, options({ api: "buildkit" }));
      const forms: [words: string, given: object][] = [
        ["mode=max", { mode: "max" }],
        ["mode=min,tag=v1", { tag: "v1" }],
        ["image-manifest=false", { imageManifest: false }],
        [
          "mode=max,image-manifest=false,oci-mediatypes=false",
          { mode: "max", imageManifest: false, ociMediatypes: false },
        ],
        [
          "mode=max,compression=zstd,compression-level=3,force-compression=true",
          {
            mode: "max",
            compression: "zstd",
            compressionLevel: 3,
            forceCompression: true,
          },
        ],
      ];
      for (const [index, [words, given]] of forms.entries()) {
        const [ours, theirs] = [`${folder}/d${index}`, `${folder}/b${index}`];
        const { codes } = await stepsOf(
          engine.docker,
          context,
          options({
            cacheto: { type: "local", dest: ours, ...given } as never,
          }),
        );
        assertEquals(codes, []);
        await docker.run([
          ...buildxWords(context),
          ...["--cache-to", `type=local,dest=${theirs},${words}`, context],
        ]);
        const read = await readLayout(ours);
        assertEquals(
          comparable(read),
          comparable(await readLayout(theirs)),
          words,
        );
        assertEquals(read.names, [
          "blobs",
          "index.json",
          "ingest",
          "oci-layout",
        ]);
      }
    });
  },
);

// Of one generation: BuildKit of engine 26 does not find all steps by the keys of
// 28's, for buildx neither.
for (const generation of ["28", "26"] as const) {
  engineKindTest(
    { generation, containerdStore: true },
    "every step comes from the cache of another engine, with another secret, for davit and for buildx",
    async (engine) => {
      const other = await engineOf({ generation, containerdStore: false });
      await using reader = await DockerClient.fromDockerHost(other.host);
      // From the one with graph drivers: what containerd's store saves of an
      // image that was imported has another key in BuildKit's cache.
      await using base = await sharedBase(reader, engine.docker);
      await using ours = await dockerCommand(engine);
      await using theirs = await dockerCommand(other);
      await withTempFolder(async (folder) => {
        for (const writer of ["davit", "buildx"] as const) {
          const at = `${folder}/${writer}`;
          const [context, cache] = [`${at}/context`, `${at}/cache`];
          await writeContext(context, base.name);
          const words = `type=local,dest=${cache},mode=max`;
          if (writer === "davit") {
            const { steps } = await stepsOf(
              engine.docker,
              context,
              options({ cacheto: words }),
            );
            assertEquals(steps.map(([, cached]) => cached), [
              false,
              false,
              false,
              false,
            ]);
          } else {
            await ours.run([
              ...buildxWords(context),
              ...["--cache-to", words, context],
            ]);
          }
          await readLayout(cache);
          // Each reads what the other has written.
          const out = `${at}/out`;
          if (writer === "buildx") {
            const { steps, codes } = await stepsOf(
              reader,
              context,
              options({
                cachefrom: { type: "local", src: cache },
                outputs: { type: "local", dest: out },
              }),
            );
            assertEquals([steps.length, codes], [4, []]);
            for (const [name, cached] of steps) assert(cached, name);
          } else {
            await Deno.writeTextFile(`${context}/token`, crypto.randomUUID());
            const log = await theirs.log([
              ...buildxWords(context, `type=local,dest=${out}`),
              ...["--cache-from", `type=local,src=${cache}`, context],
            ]);
            const steps = [...log.matchAll(/^#(\d+) \[.*\] (?:RUN|COPY)/gm)];
            assertEquals(steps.length, 4, log);
            for (const [, number] of steps) {
              assertStringIncludes(log, `\n#${number} CACHED\n`);
            }
          }
          assertEquals(
            await Deno.readTextFile(`${out}/both`),
            await bothOf(context),
          );
        }
      });
    },
  );
}

engineTest(
  "an engine of the 20.10 line reads a cache in a folder, as far as it knows the keys",
  async ({ docker }) => {
    const newer = await engineOf({ generation: "28", containerdStore: true });
    await using writer = await DockerClient.fromDockerHost(newer.host);
    await withTempFolder(async (folder) => {
      const [context, cache] = [`${folder}/context`, `${folder}/cache`];
      await writeContext(context, "davit-test/base");
      await stepsOf(
        writer,
        context,
        options({
          cacheto: { type: "local", dest: cache, imageManifest: false },
        }),
      );
      await using build = docker.imageBuild(
        context,
        options({ cachefrom: { type: "local", src: cache } }),
      );
      const { caches, warnings } = await build.result();
      assertEquals(warnings, []);
      assertEquals(
        caches.map((
          { action, kind, place, state },
        ) => [action, kind, place, state]),
        [["import", "local", cache, "done"]],
      );
    });
  },
  ({ generation }) => generation === "20",
);

containerdTest(
  "the command takes buildx's words for folders, and an image beside one is built from the cache",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const context = `${folder}/context`;
      await writeContext(context, "davit-test/base");
      const name = `davit-test/beside:${crypto.randomUUID()}`;
      const davit = async (...words: string[]) => {
        const run = await davitHere([
          ...["build", "-H", engine.host, "--network=none", "--progress=plain"],
          ...["--secret", `id=token,src=${context}/token`, ...words, "context"],
        ], { cwd: folder });
        assertEquals(run.code, 0, run.stderr);
        return run.stderr;
      };
      try {
        await davit(
          ...["--cache-to", "type=local,dest=cache,mode=max,tag=v1"],
          ...["-o", "type=oci,tar=false,dest=image", "-t", name, "--load"],
        );
        await engine.docker.imageInspect(name);
        const { manifests } = await readLayout(`${folder}/image`);
        assertEquals(
          manifests.map(({ annotations }) =>
            annotations!["io.containerd.image.name"]
          ),
          [`docker.io/${name}`],
        );
      } finally {
        await engine.docker.imageRemove(name);
      }
      await readLayout(`${folder}/cache`);
      const log = await davit(
        ...["--cache-from", "type=local,src=cache,tag=v1"],
        ...["--cache-from", "type=local,src=none", "-o", "out"],
      );
      assertStringIncludes(log, "the cache local none could not be read");
      assertEquals(
        await Deno.readTextFile(`${folder}/out/both`),
        await bothOf(context),
      );
    });
  },
);

containerdTest(
  "a cache has a tag, and what no tag leads to is removed when that is asked for",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const cache = `${folder}/cache`;
      const [one, two] = [`${folder}/one`, `${folder}/two`];
      await writeContext(one, "davit-test/base");
      await writeContext(two, "davit-test/base");
      const to = { type: "local", mode: "max", dest: cache } as const;
      await stepsOf(docker, one, options({ cacheto: { ...to, tag: "a" } }));
      const first = await readLayout(cache);
      await stepsOf(docker, two, options({ cacheto: { ...to, tag: "a" } }));
      const both = await readLayout(cache);
      assertEquals(both.manifests.length, 1);
      for (const digest of first.blobs.keys()) assert(both.blobs.has(digest));
      const { codes } = await stepsOf(
        docker,
        two,
        options({
          cachefrom: { type: "local", src: cache, tag: "a" },
          cacheto: { ...to, tag: "a", prune: true },
        }),
      );
      assertEquals(codes, []);
      const pruned = await readLayout(cache);
      assertEquals(pruned.manifests.length, 1);
      const [old] = first.manifests;
      assert(!pruned.blobs.has(old!.digest));
      assert(pruned.blobs.size < both.blobs.size);
      // By the digest alone, and by a tag that is not there.
      const byDigest = await stepsOf(
        docker,
        two,
        options({
          cachefrom: {
            type: "local",
            src: cache,
            digest: pruned.manifests[0]!.digest,
            tag: "none",
          },
        }),
      );
      assertEquals(byDigest.codes, []);
      await using build = docker.imageBuild(
        two,
        options({ cachefrom: { type: "local", src: cache } }),
      );
      const { warnings } = await build.result();
      assertEquals(warnings.map(({ code, short }) => [code, short]), [[
        "cache-import-failed",
        `the cache local ${cache} could not be read, and is not used: its index.json has no tag "latest", but "a"`,
      ]]);
    });
  },
);

containerdTest(
  "several builds write to one folder at once, and none loses its cache",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const cache = `${folder}/cache`;
      const tags = ["a", "b", "c"];
      const results = await Promise.all(tags.map(async (tag) => {
        const context = `${folder}/${tag}`;
        await writeContext(context, "davit-test/base");
        return await stepsOf(
          docker,
          context,
          options({
            cacheto: {
              type: "local",
              dest: cache,
              mode: "max",
              tag,
              prune: true,
            },
          }),
        );
      }));
      const { manifests, names } = await readLayout(cache);
      assertEquals(
        manifests.map(({ annotations }) =>
          annotations!["org.opencontainers.image.ref.name"]
        ).sort(),
        tags,
      );
      assertEquals(names, ["blobs", "index.json", "ingest", "oci-layout"]);
      for (const { codes } of results) {
        assert(codes.every((code) => code === "cache-not-pruned"), `${codes}`);
      }
    });
  },
);

if (canMount) {
  containerdTest(
    "a cache that can't be written fails the build, unless that is to be ignored",
    async ({ docker }) => {
      await withTempFolder(async (folder) => {
        const context = `${folder}/context`;
        await writeContext(context, "davit-test/base");
        const full = `${folder}/full`;
        await Deno.mkdir(full);
        await using _disk = await mountTmpfs(full, "size=300k");
        const shut = `${folder}/shut`;
        await Deno.mkdir(shut);
        await using _bound = await mount("--bind", shut, shut);
        await mount("-o", "remount,bind,ro", shut);
        for (
          const [dest, words] of [
            [full, "a blob: no space is left there"],
            [shut, "its file system can only be read"],
          ] as const
        ) {
          const cacheto = { type: "local", mode: "max", dest } as const;
          const error = await assertRejects(
            () => stepsOf(docker, context, options({ cacheto })),
            LayoutError,
          );
          assertStringIncludes(
            error.message,
            `Cannot write the OCI layout ${JSON.stringify(dest)}: ${words}`,
          );
          await using build = docker.imageBuild(
            context,
            options({ cacheto: { ...cacheto, ignoreError: true } }),
          );
          const { caches, warnings } = await build.result();
          assertEquals(warnings.map(({ code }) => code), [
            "cache-export-failed",
          ]);
          assertEquals(
            caches.map((
              { action, kind, place, state },
            ) => [action, kind, place, state]),
            [["export", "local", dest, "failed"]],
          );
          const { short } = warnings[0]!;
          assertStringIncludes(
            short,
            `the cache local ${dest} could not be written: `,
          );
          assertStringIncludes(short, words);
          const left = await names(dest);
          assert(!left.includes("index.json"), `${left}`);
        }
      });
    },
  );
}

containerdTest(
  "a cache that can't be read is a warning, and the build goes on",
  async (engine) => {
    const { docker } = engine;
    await withTempFolder(async (folder) => {
      const [context, cache] = [`${folder}/context`, `${folder}/cache`];
      await writeContext(context, "davit-test/base");
      await stepsOf(
        docker,
        context,
        options({ cacheto: { type: "local", mode: "max", dest: cache } }),
      );
      const from = (src: string) =>
        options({ cachefrom: { type: "local", src } });
      const none = await stepsOf(docker, context, from(`${folder}/none`));
      assertEquals(none.codes, ["cache-import-failed"]);
      const { manifests } = await readLayout(cache);
      const lost = manifests[0]!.digest;
      await Deno.remove(`${cache}/blobs/sha256/${lost.slice(7)}`);
      await using build = docker.imageBuild(context, from(cache));
      const { warnings, caches } = await build.result();
      assertEquals(warnings.map(({ code, short }) => [code, short]), [[
        "cache-import-failed",
        `the cache local ${cache} could not be read, and is not used: it is not whole: ${lost} is missing`,
      ]]);
      assertEquals(caches.map(({ action, state }) => [action, state]), [
        ["import", "failed"],
      ]);
      await Deno.writeTextFile(`${cache}/index.json`, "{");
      const broken = await stepsOf(docker, context, from(cache));
      assertEquals(broken.codes, ["cache-import-failed"]);
    });
  },
);

engineTest(
  "an engine with graph drivers writes no cache to a folder, and says so before anything is sent",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeContext(`${folder}/context`, "davit-test/base");
      const dest = `${folder}/cache`;
      await using build = docker.imageBuild(
        `${folder}/context`,
        options({ cacheto: { type: "local", dest } }),
      );
      const error = await assertRejects(() => build.wait(), Error);
      assertStringIncludes(
        error.message,
        "whose builder writes no cache of type local; take type inline, or an engine with the containerd image store",
      );
      assertEquals(await names(folder), ["context"]);
    });
  },
  ({ containerdStore }) => !containerdStore,
);
