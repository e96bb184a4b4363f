import {
  type BuildOutput,
  type DockerClient,
  ExportError,
  type ImageBuildOptions,
  SecretLeakError,
  UnsupportedError,
} from "../../mod.ts";
import { connectEngine } from "../engines/engine_api.ts";
import type { EngineDescription } from "../engines/environment.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
} from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { tarOf } from "../support/tar.ts";
import { buildkitTest } from "../support/ways.ts";

const TWO = ["linux/amd64", "linux/arm64"];
const NAME_REGEXP = /^davit-several:[0-9a-f-]+$/;

/** Files for both platforms, without a step that would need emulation. */
const FILES = `FROM scratch
ARG TARGETARCH
ARG SHOWN
LABEL arch=$TARGETARCH
COPY file /for-$TARGETARCH
`;

/** Whether an engine has several outputs in one build. */
function hasSeveral({ generation }: EngineDescription): boolean {
  return Number(generation) >= 26;
}

function newName(): string {
  return `davit-several:${crypto.randomUUID()}`;
}

function build(
  { docker }: { docker: DockerClient },
  options: ImageBuildOptions,
  Dockerfile: string = FILES,
) {
  const context = tarOf({ Dockerfile, file: "content" });
  return docker.imageBuild(context, { networkmode: "none", ...options });
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

/** The paths in a tar. */
async function entries(tar: string): Promise<string[]> {
  const { stdout, success } = await new Deno.Command("tar", {
    args: ["tf", tar],
  }).output();
  assert(success);
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean).sort();
}

async function hasImage(
  { docker }: EngineContext,
  name: string,
): Promise<boolean> {
  assert(NAME_REGEXP.test(name));
  return await docker.imageInspect(name).then(() => true, () => false);
}

/** Every kind of output that this engine has, below this folder. */
function outputsAt(
  folder: string,
  { containerdStore }: EngineDescription,
): BuildOutput[] {
  return [
    { type: "local", dest: `${folder}/new/local` },
    { type: "image" },
    { type: "tar", dest: `${folder}/new/files.tar` },
    ...(containerdStore
      ? [
        { type: "oci", dest: `${folder}/new/image.oci` },
        { type: "docker", dest: `${folder}/image.docker` },
      ] as const
      : []),
  ];
}

async function allAtOnce(engine: EngineContext): Promise<void> {
  await withTempFolder(async (folder) => {
    const tag = newName();
    const outputs = outputsAt(folder, engine);
    const building = build(engine, { tag, outputs });
    const told: unknown[] = [];
    for await (const event of building.events()) {
      if (event.type === "export") told.push(event);
    }
    const { imageId, names: given, exports, image } = await building.result();
    assertEquals(given, [tag]);
    assertEquals(
      exports.map(({ dest }) => dest),
      outputs.flatMap((output) => "dest" in output ? [`${output.dest}`] : []),
    );
    assertEquals(told, exports.map((each) => ({ type: "export", ...each })));
    const file = `for-${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
    assertEquals(await names(`${folder}/new/local`), [file]);
    assertEquals(
      await Deno.readTextFile(`${folder}/new/local/${file}`),
      "content",
    );
    assertEquals(await entries(`${folder}/new/files.tar`), [file]);
    const inspected = await engine.docker.imageInspect(tag);
    assertEquals(inspected.Id, imageId);
    assert(inspected.RepoTags?.includes(tag));
    assertEquals(image?.digest, engine.containerdStore ? imageId : undefined);
    if (engine.containerdStore) {
      for (const archive of ["new/image.oci", "image.docker"]) {
        const paths = await entries(`${folder}/${archive}`);
        assert(paths.includes("oci-layout"));
      }
    }
    // Nothing beside the results, such as a private folder of an export.
    assertEquals(
      await names(folder),
      engine.containerdStore ? ["image.docker", "new"] : ["new"],
    );
    assertEquals(
      await names(`${folder}/new`),
      engine.containerdStore
        ? ["files.tar", "image.oci", "local"]
        : ["files.tar", "local"],
    );
    await engine.docker.imageRemove(tag);
  });
}

engineTest(
  "one build has an image, a folder and an archive at once",
  allAtOnce,
  hasSeveral,
);
containerdTest(
  "one build has an image, a folder and archives of each kind at once",
  allAtOnce,
);

engineTest(
  "an engine with one output for a build refuses several, and nothing is made",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const error = await assertRejects(
        () =>
          build(engine, {
            outputs: [
              { type: "image" },
              { type: "local", dest: `${folder}/a/b` },
            ],
          }).wait(),
        UnsupportedError,
      );
      assertEquals(error.feature, "several outputs");
      assertEquals(await names(folder), []);
    });
  },
  (engine) => !hasSeveral(engine),
);

buildkitTest(
  "two platforms come as files from any engine, each in a folder of its own",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const outputs: BuildOutput[] = [
        { type: "local", dest: `${folder}/local` },
        { type: "tar", dest: `${folder}/files.tar` },
      ];
      const several = hasSeveral(engine) ? [outputs] : outputs;
      for (const given of several) {
        const { imageId, exports } = await build(engine, {
          platform: TWO,
          outputs: given,
        }).result();
        assertEquals(imageId, "");
        assertEquals(exports.length, [given].flat().length);
      }
      assertEquals(await names(`${folder}/local`), [
        "linux_amd64",
        "linux_arm64",
      ]);
      for (const arch of ["amd64", "arm64"]) {
        assertEquals(await names(`${folder}/local/linux_${arch}`), [
          `for-${arch}`,
        ]);
      }
      assertEquals(
        (await entries(`${folder}/files.tar`)).filter((path) =>
          !path.endsWith("/")
        ),
        ["linux_amd64/for-amd64", "linux_arm64/for-arm64"],
      );
    });
  },
);

engineTest(
  "what graph drivers would drop without a word is refused before anything is sent",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const local = { type: "local", dest: `${folder}/a/b` } as const;
      for (
        const [options, feature] of [
          [{ platform: TWO }, "several platforms"],
          [
            { platform: TWO, outputs: [local, { type: "image" }] },
            "several platforms",
          ],
          [{ outputs: { type: "image", push: true } }, "push"],
          [
            { outputs: { type: "image", compression: "zstd" } },
            'the attribute "compression"',
          ],
          [{ attest: { provenance: "max" } }, "attest"],
          [{ annotations: { a: "b" } }, "annotations"],
          [{ outputs: { type: "oci", dest: `${folder}/o` } }, 'output "oci"'],
        ] as [ImageBuildOptions, string][]
      ) {
        const error = await assertRejects(
          () => build(engine, { tag: newName(), ...options }).wait(),
          UnsupportedError,
        );
        assertEquals(error.feature, feature);
      }
      assertEquals(await names(folder), []);
    });
  },
  ({ containerdStore }) => !containerdStore,
);

containerdTest(
  "an image of two platforms has a digest of its own and one for each",
  async (engine) => {
    const tag = newName();
    const { imageId, image } = await build(engine, { tag, platform: TWO })
      .result();
    assertEquals(image?.digest, imageId);
    assertEquals(image?.platforms.map(({ platform }) => platform), TWO);
    using api = connectEngine(engine.socketPath);
    const response = await api.request(`/images/${tag}/json?manifests=1`);
    const { Id, Manifests } = await response.json();
    assertEquals(Id, imageId);
    assertEquals(
      image?.platforms.map(({ digest }) => digest),
      // deno-lint-ignore no-explicit-any -- the engine's answer as it is
      Manifests.map((manifest: any) => manifest.Descriptor.digest),
    );
    // With attestations the index has more manifests, and the same platforms.
    const attested = await build(engine, {
      tag,
      platform: TWO,
      attest: { provenance: "max" },
    }).result();
    assert(attested.imageId !== imageId);
    assertEquals(
      attested.image?.platforms.map(({ platform }) => platform),
      TWO,
    );
    await engine.docker.imageRemove(tag);
  },
);

containerdTest(
  "how an image is written is as its output says",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const mediaTypes = async (output: object) => {
        await build(engine, {
          sourceDateEpoch: 1_000_000_000,
          nocache: true,
          outputs: {
            type: "oci",
            dest: `${folder}/image.oci`,
            attrs: { tar: "true" },
            ...output,
          },
        }, `FROM davit-test/base\n${SALT}\nRUN date >/made\n`).wait();
        const unpacked = await Deno.makeTempDir({ dir: folder });
        const { success } = await new Deno.Command("tar", {
          args: ["xf", `${folder}/image.oci`, "-C", unpacked],
        }).output();
        assert(success);
        const blob = async (digest: string) =>
          JSON.parse(
            await Deno.readTextFile(
              `${unpacked}/blobs/sha256/${digest.slice("sha256:".length)}`,
            ),
          );
        const index = JSON.parse(
          await Deno.readTextFile(`${unpacked}/index.json`),
        );
        const manifest = await blob(index.manifests[0].digest);
        const layer = manifest.layers.at(-1);
        const { stdout } = await new Deno.Command("tar", {
          args: [
            "tvf",
            `${unpacked}/blobs/sha256/${layer.digest.slice("sha256:".length)}`,
          ],
          env: { TZ: "UTC" },
        }).output();
        return [
          manifest.mediaType,
          layer.mediaType,
          /2001-09-09/.test(new TextDecoder().decode(stdout)),
        ];
      };
      const oci = "application/vnd.oci.image";
      assertEquals(await mediaTypes({}), [
        `${oci}.manifest.v1+json`,
        `${oci}.layer.v1.tar+gzip`,
        false,
      ]);
      assertEquals(
        await mediaTypes({ rewriteTimestamp: true }),
        [`${oci}.manifest.v1+json`, `${oci}.layer.v1.tar+gzip`, true],
      );
      assertEquals(
        await mediaTypes({
          compression: "uncompressed",
          forceCompression: true,
        }),
        [`${oci}.manifest.v1+json`, `${oci}.layer.v1.tar`, false],
      );
      assertEquals(
        (await mediaTypes({ ociMediatypes: false }))[0],
        "application/vnd.docker.distribution.manifest.v2+json",
      );
      // In the engine's store, where the exporter moby would refuse it.
      const tag = newName();
      const { imageId } = await build(engine, {
        tag,
        sourceDateEpoch: 1_000_000_000,
        outputs: { type: "image", rewriteTimestamp: true },
      }).result();
      const inspected = await engine.docker.imageInspect(tag);
      assertEquals(inspected.Id, imageId);
      assert(inspected.RepoTags?.includes(tag));
      await engine.docker.imageRemove(tag);
    });
  },
);

async function leakInOne(engine: EngineContext): Promise<void> {
  await withTempFolder(async (folder) => {
    const tag = newName();
    const t = crypto.randomUUID();
    const error = await assertRejects(
      () =>
        build(
          engine,
          {
            tag,
            outputs: outputsAt(folder, engine),
            secrets: { t },
            verify: true,
            nocache: true, // a cached step holds the value of an earlier build
          },
          `FROM davit-test/base\n${SALT}\n` +
            "RUN --mount=type=secret,id=t cat /run/secrets/t >/etc/leaked\n",
        ).wait(),
      SecretLeakError,
    );
    const outputs = new Set(error.finds.map(({ output }) => output));
    assertEquals([...outputs], [
      "the image",
      ...outputsAt(folder, engine).flatMap((output) =>
        "dest" in output
          ? [`${output.type} ${JSON.stringify(output.dest)}`]
          : []
      ),
    ]);
    assertEquals(error.removed, [tag]);
    assertStringIncludes(error.message, "nothing was exported; ");
    assertStringIncludes(error.message, '"t" in the image, ');
    assertFalse(error.message.includes(t));
    assertFalse(await hasImage(engine, tag));
    assertEquals(await names(folder), []);
  });
}

engineTest(
  "verify looks through every output before any of them is in its place",
  leakInOne,
  hasSeveral,
);
containerdTest(
  "verify looks through every output before any of them is in its place",
  leakInOne,
);

/** Outputs that hold provenance: where a secret in it is found. */
async function leakInProvenance(
  engine: EngineContext,
  outputs: BuildOutput[],
  expected: readonly (readonly [part: string, path: string])[],
): Promise<void> {
  const t = crypto.randomUUID();
  const tag = newName();
  const options: ImageBuildOptions = {
    tag,
    platform: TWO,
    outputs,
    attest: { provenance: "max" },
    buildargs: { SHOWN: t },
    // Nobody asks for it, and so the arguments are not searched for its value.
    secrets: { t: () => t },
    verify: true,
  };
  const error = await assertRejects(
    () => build(engine, options).wait(),
    SecretLeakError,
  );
  const found = new Set(
    error.finds.map(({ part, path }) =>
      JSON.stringify([part, path.replace(/[0-9a-f]{64}/, "…")])
    ),
  );
  for (const place of expected) {
    assert(found.has(JSON.stringify(place)), [...found].join("\n"));
  }
  assertFalse(await hasImage(engine, tag));
  const clean = await build(engine, {
    ...options,
    outputs,
    buildargs: { SHOWN: "visible" },
  }).result();
  assertEquals(clean.verification?.finds, []);
  if (clean.imageId !== "") await engine.docker.imageRemove(tag);
}

buildkitTest(
  "verify looks through the provenance in files of each platform",
  async (engine) => {
    await withTempFolder(async (folder) => {
      await leakInProvenance(engine, [
        { type: "local", dest: `${folder}/local` },
        { type: "tar", dest: `${folder}/files.tar` },
      ], [
        ["file", "linux_amd64/provenance.json"],
        ["file", "linux_arm64/provenance.json"],
      ]);
    });
  },
  hasSeveral,
);
containerdTest(
  "verify looks through the attestations of an image, in the store and in an archive",
  async (engine) => {
    await withTempFolder(async (folder) => {
      await leakInProvenance(engine, [
        { type: "image" },
        { type: "oci", dest: `${folder}/image.oci` },
      ], [[
        "attestation",
        "predicate.invocation.parameters.args.build-arg:SHOWN",
      ]]);
    });
  },
);

engineTest(
  "where an export can't be put in its place, the error says what is there already",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const tag = newName();
      const building = build(engine, {
        tag,
        outputs: outputsAt(folder, engine),
      });
      const error = await assertRejects(async () => {
        for await (const event of building.events()) {
          if (event.type !== "image") continue;
          // The build is over, and the results are in private folders yet.
          await Deno.mkdir(`${folder}/new/files.tar`);
        }
      }, ExportError);
      const at = (name: string) => JSON.stringify(`${folder}/new/${name}`);
      assert(
        error.message.startsWith(`Cannot export to ${at("files.tar")}: `),
      );
      assertStringIncludes(
        error.message,
        `; already in place: image ${tag}, local ${at("local")}`,
      );
      assertEquals(await names(`${folder}/new`), ["files.tar", "local"]);
      assert(await hasImage(engine, tag));
      await engine.docker.imageRemove(tag);
    });
  },
  hasSeveral,
);

engineTest(
  "a build that is stopped before its results are looked through leaves no name at an image",
  async (engine) => {
    await withTempFolder(async (folder) => {
      // The engine may have named the image or not when it is stopped.
      for (let turn = 0; turn < 6; turn++) {
        const tag = newName();
        const stop = new AbortController();
        const building = build(engine, {
          tag,
          signal: stop.signal,
          verify: true,
          secrets: { token: "a value that is secret" },
          outputs: outputsAt(`${folder}/${turn}`, engine),
        }, `FROM scratch\n${SALT}\nCOPY file /\n`);
        const reason = new Error("enough");
        const error = await assertRejects(async () => {
          for await (const event of building.events()) {
            if (event.type !== "status") continue;
            if (/^(?:naming to|unpacking to) /.test(event.id)) {
              stop.abort(reason);
            }
          }
          await building.wait();
        });
        assertEquals(error, reason);
        assertFalse(await hasImage(engine, tag));
      }
    });
  },
  hasSeveral,
);

async function cancelled(engine: EngineContext): Promise<void> {
  const Dockerfile = `FROM davit-test/base
${SALT}
RUN i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/urandom > /f$i; i=$((i+1)); done
`;
  const options = (folder: string, tag: string): ImageBuildOptions => ({
    tag,
    nocache: true,
    outputs: outputsAt(folder, engine).slice(0, 4),
  });
  const random = new Random(17);
  let events = 0;
  await withTempFolder(async (folder) => {
    const tag = newName();
    const whole = build(engine, options(folder, tag), Dockerfile);
    for await (const _ of whole.events()) events++;
    await whole.wait();
    await engine.docker.imageRemove(tag);
  });
  for (let turn = 0; turn < 10; turn++) {
    await withTempFolder(async (folder) => {
      const tag = newName();
      const controller = new AbortController();
      const reason = new Error("enough");
      const building = build(engine, {
        ...options(folder, tag),
        signal: controller.signal,
      }, Dockerfile);
      let left = turn === 0 ? 0 : random.below(events);
      try {
        for await (const _ of building.events()) {
          if (left-- === 0) controller.abort(reason);
        }
        await building.wait();
        // It was over before it was cancelled: then all is in its place.
        assert((await names(`${folder}/new`)).length >= 2);
      } catch (error) {
        assertEquals(error, reason);
        assertEquals(await names(folder), []);
      }
      await engine.docker.imageRemove(tag).catch(() => {}); // mostly there is none
    });
  }
}

engineTest(
  "a build with several outputs that is cancelled at any moment leaves nothing behind",
  cancelled,
  hasSeveral,
);
containerdTest(
  "a build with four outputs that is cancelled at any moment leaves nothing behind",
  cancelled,
);
