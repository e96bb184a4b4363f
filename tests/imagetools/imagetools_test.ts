import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { ProtocolError } from "../../lib/errors.ts";
import {
  imagetoolsCreate,
  imagetoolsInspect,
} from "../../lib/imagetools/imagetools.ts";
import type { ImagetoolsProgress } from "../../lib/imagetools/options.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { memoryRegistry } from "../registry/memory_registry.ts";
import { putForm } from "./images.ts";

Deno.test("imagetoolsCreate() tells what it does, writes names last, and says what it made", async () => {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const from = `${registry.host}/from`;
  const repository = await registries.repository(from);
  const amd64 = await putForm(repository, "amd64", { architecture: "amd64" });
  const arm64 = await putForm(repository, "arm64", {
    architecture: "arm64",
    attested: true,
  });
  const before = registry.requests.length;
  const made = await imagetoolsCreate([`${from}:amd64`, arm64.digest], {
    dryRun: true,
    platform: "linux/amd64,linux/arm64",
  });
  assertEquals(
    registry.requests.slice(before).some(({ method }) =>
      method !== "GET" && method !== "HEAD"
    ),
    false,
  );
  assertEquals([made.names, made.descriptor.mediaType], [[], OCI_INDEX]);
  assertEquals(digestOf(made.bytes), made.descriptor.digest);
  assertEquals(
    made.index?.manifests.map(({ platform }) => platform!.architecture),
    [
      "amd64",
      "arm64",
      "unknown",
    ],
  );
  const told: ImagetoolsProgress[] = [];
  const to = `${registry.host}/to`;
  const tag = [`${to}:1`, `${to}:2`, `${from}:both`];
  const whole = await imagetoolsCreate([`${from}:amd64`, arm64.digest], {
    tag,
    onProgress: (progress) => told.push(progress),
  }).catch((error) => error);
  // Two repositories: the digest alone does not say which one.
  assertStringIncludes(whole.message, "in several repositories");
  const created = await imagetoolsCreate(
    [`${from}:amd64`, `${from}@${arm64.digest}`],
    { tag, onProgress: (progress) => told.push(progress) },
  );
  assertEquals(created.names, tag);
  assertEquals(created.descriptor, made.descriptor);
  const { digest } = made.descriptor;
  assertEquals(told, [
    ...made.index!.manifests.map(({ digest }) => ({
      action: "copy" as const,
      digest,
      from,
      to,
    })),
    ...tag.map((to) => ({
      action: "push" as const,
      digest,
      from: undefined,
      to,
    })),
  ]);
  const inspected = await imagetoolsInspect(`${to}:2`, { images: true });
  assertEquals(inspected.descriptor, made.descriptor);
  assertEquals(inspected.images.map(({ platform }) => platform), [
    "linux/amd64",
    "linux/arm64",
  ]);
  assertEquals(inspected.images[0]!.descriptor.digest, amd64.digest);
  assertEquals(inspected.images[0]!.config.os, "linux");
  assertEquals(inspected.images[0]!.manifest.layers.length, 1);
  const lone = await imagetoolsInspect(`${from}:amd64`);
  assertEquals([lone.index, lone.images], [undefined, []]);
  assertEquals(lone.manifest?.config, inspected.images[0]!.manifest.config);
  // A single manifest that stays one.
  const copy = await imagetoolsCreate([`${from}:amd64`], {
    tag: `${to}:same`,
    preferIndex: false,
  });
  assertEquals([copy.descriptor, copy.index], [amd64, undefined]);
  assertEquals((await imagetoolsInspect(`${to}:same`)).descriptor, amd64);
  // Otherwise it becomes an index.
  const listed = await imagetoolsCreate([`${from}:amd64`], { dryRun: true });
  assertEquals(listed.index?.manifests.map(({ digest }) => digest), [
    amd64.digest,
  ]);
  // What is there under the first name is appended to; others may be new.
  const appended = await imagetoolsCreate([`${from}@${arm64.digest}`], {
    append: true,
    tag: [`${to}:same`, `${to}:new`],
  });
  assertEquals(appended.descriptor, made.descriptor);
  assertEquals(
    (await imagetoolsInspect(`${to}:new`)).descriptor,
    made.descriptor,
  );
});

Deno.test("imagetoolsCreate() refuses what would be half an image, and writes nothing", async () => {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const name = `${registry.host}/app`;
  const repository = await registries.repository(name);
  const image = await putForm(repository, "docker", {
    architecture: "amd64",
    docker: true,
  });
  const before = registry.requests.length;
  for (
    const [kind, words, sources, options] of [
      [TypeError, "no sources", [], { dryRun: true }],
      [TypeError, "needs a tag", [name], {}],
      [TypeError, "a digest can't be given", [name], {
        tag: `${name}@${image.digest}`,
      }],
      [TypeError, 'no option "tags"', [name], { tags: name }],
      [TypeError, "the sources are a list", name, { dryRun: true }],
      [TypeError, 'expected "index:"', [name], {
        dryRun: true,
        annotations: { a: "b" },
      }],
      [TypeError, "docker's form, whose list has no annotations", [
        `${name}:docker`,
      ], {
        dryRun: true,
        annotations: { "index:a": "b" },
      }],
      [RegistryError, "it has", [{ digest: image.digest, size: 1 }], {
        tag: `${name}:1`,
      }],
      [RegistryError, "does not have it", [`${name}:docker`], {
        append: true,
        tag: `${name}:1`,
      }],
    ] as const
  ) {
    await assertRejects(
      () => imagetoolsCreate(sources as never, options as never),
      kind,
      words,
    );
  }
  await assertRejects(
    () => imagetoolsInspect(name, { image: true } as Record<string, unknown>),
    TypeError,
    'no option "image"',
  );
  assertEquals(
    registry.requests.slice(before).filter(({ method }) => method !== "GET"),
    [],
  );
  // What is no image.
  const { digest } = await putForm(repository, "fine", {
    architecture: "amd64",
  });
  const said = { digest, mediaType: "application/x-other", size: 1 };
  await assertRejects(
    () =>
      imagetoolsCreate(
        [{ ...said, size: undefined } as never, `${name}:fine`],
        {
          dryRun: true,
        },
      ),
    ProtocolError,
    'neither an index nor a manifest, but "application/x-other"',
  );
  await assertRejects(
    () =>
      imagetoolsCreate([{ digest, mediaType: OCI_INDEX }, `${name}:fine`], {
        dryRun: true,
      }),
    ProtocolError,
    "it has no list of manifests",
  );
});

Deno.test("imagetoolsInspect() finds the platforms in indexes of indexes, and leaves out what is no image", async () => {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const name = `${registry.host}/app`;
  const repository = await registries.repository(name);
  const put = async (mediaType: string, value: unknown, tag?: string) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const digest = digestOf(bytes);
    const descriptor = { mediaType, digest, size: bytes.length };
    await repository.putManifest(tag ?? digest, { descriptor, bytes });
    return descriptor;
  };
  const index = (...manifests: unknown[]) => ({ schemaVersion: 2, manifests });
  const amd64 = await putForm(repository, "amd64", { architecture: "amd64" });
  const arm = await putForm(repository, "arm", { architecture: "arm" });
  const inner = await put(OCI_INDEX, index(arm));
  const other = await put("application/x-other", { a: 1 });
  await put(
    OCI_INDEX,
    index(
      { ...amd64, platform: { os: "linux", architecture: "x86_64" } },
      { ...amd64, annotations: { "com.docker.reference.digest": arm.digest } },
      { ...amd64, annotations: { "vnd.docker.reference.digest": arm.digest } },
      other,
      inner,
    ),
    "latest",
  );
  const { name: full, images, index: found, manifest } =
    await imagetoolsInspect(name, { images: true });
  assertEquals(full, `${name}:latest`);
  assertEquals(images.map(({ platform }) => platform), [
    "linux/amd64",
    "linux/arm/v7",
  ]);
  assertEquals(images[1]!.descriptor, arm);
  assertEquals([found!.manifests.length, manifest], [5, undefined]);
  // Others than indexes and manifests have nothing to show but their bytes.
  const odd = await imagetoolsInspect(`${name}@${other.digest}`, {
    images: true,
  });
  assertEquals([odd.index, odd.manifest, odd.images], [
    undefined,
    undefined,
    [],
  ]);
  // Indexes that lie in each other without end are followed to the fourth.
  let nested = await put(OCI_INDEX, index(amd64));
  for (let i = 0; i < 4; i++) nested = await put(OCI_INDEX, index(nested));
  const deep = (digest: string) =>
    imagetoolsInspect(`${name}@${digest}`, { images: true });
  assertEquals((await deep(nested.digest)).images.length, 1);
  nested = await put(OCI_INDEX, index(nested));
  assertEquals((await deep(nested.digest)).images.length, 0);
  // A configuration that is none.
  for (
    const [text, words] of [
      ["{", "its configuration is no JSON object"],
      ["null", "its configuration is no JSON object"],
      ['{"os":5}', "its configuration has a platform that is no text"],
    ] as const
  ) {
    const bytes = new TextEncoder().encode(text);
    const digest = digestOf(bytes);
    const config = { mediaType: "x", digest, size: bytes.length };
    await repository.putBlob(config, () => Promise.resolve(bytes));
    const broken = await put(OCI_MANIFEST, {
      schemaVersion: 2,
      config,
      layers: [],
    });
    await assertRejects(() => deep(broken.digest), ProtocolError, words);
    await assertRejects(
      () => imagetoolsCreate([`${name}@${broken.digest}`], { dryRun: true }),
      ProtocolError,
      words,
    );
  }
  // An index whose platforms are none.
  for (const platform of ["linux/amd64", { os: 5 }, { variant: {} }]) {
    const { digest } = await put(OCI_INDEX, index({ ...amd64, platform }));
    await assertRejects(() => deep(digest), ProtocolError, "no list of man");
  }
  await assertRejects(
    () => put(OCI_INDEX, {}).then(({ digest }) => deep(digest)),
    ProtocolError,
    `Cannot use ${name}@`,
  );
});

Deno.test("imagetoolsCreate() ends with its signal", async () => {
  await using registry = memoryRegistry();
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => imagetoolsInspect(`${registry.host}/app`, { signal }),
    Error,
    "enough",
  );
});
