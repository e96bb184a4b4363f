import { assertEquals, assertRejects } from "../support/assert.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { indexAnnotations } from "../../lib/imagetools/annotation.ts";
import {
  combineImages,
  type FoundSource,
} from "../../lib/imagetools/combine.ts";
import { imagetoolsInspect } from "../../lib/imagetools/imagetools.ts";
import { parsePlatform } from "../../lib/platforms/platform.ts";
import { type Descriptor, parseIndex } from "../../lib/registry/descriptor.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import type { Repository } from "../../lib/registry/repository.ts";
import { memoryRegistry } from "../registry/memory_registry.ts";
import { type ImageForm, putForm } from "./images.ts";

/** Sources in a repository of their own, and what becomes of them. */
async function withImages(
  use: (given: {
    repository: Repository;
    put(form: ImageForm): Promise<FoundSource>;
    combine(
      sources: readonly FoundSource[],
      options?: {
        annotations?: Record<string, string>;
        preferIndex?: boolean;
        platforms?: string;
      },
    ): Promise<
      & Awaited<ReturnType<typeof combineImages>>
      & { readonly descriptors: readonly Descriptor[] }
    >;
  }) => Promise<void>,
) {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/app`);
  let count = 0;
  await use({
    repository,
    async put(form) {
      const tag = `t${count++}`;
      await putForm(repository, tag, form);
      return { ...await repository.getManifest(tag), repository };
    },
    async combine(sources, options = {}) {
      const { annotations = {}, preferIndex = true, platforms } = options;
      const image = await combineImages(sources, {
        annotations: indexAnnotations(annotations),
        preferIndex,
        platforms: platforms?.split(",").map(parsePlatform) ?? [],
      });
      assertEquals(digestOf(image.bytes), image.descriptor.digest);
      assertEquals(image.bytes.length, image.descriptor.size);
      const descriptors =
        [OCI_INDEX, DOCKER_LIST].includes(image.descriptor.mediaType)
          ? parseIndex(image.bytes).manifests
          : [];
      return { ...image, descriptors };
    },
  });
}

const platformsOf = (descriptors: readonly Descriptor[]) =>
  descriptors.map(({ platform }) =>
    platform && [platform.os, platform.architecture, platform.variant].join("/")
  );

Deno.test("a single index stays as it is, and a single manifest where that is wanted", async () => {
  await withImages(async ({ put, combine }) => {
    const index = await put({ architecture: "amd64", attested: true });
    for (const preferIndex of [true, false]) {
      const same = await combine([index], { preferIndex });
      assertEquals(same.bytes, index.bytes);
      assertEquals(same.manifests.map(({ descriptor }) => descriptor), [
        ...parseIndex(index.bytes).manifests,
      ]);
    }
    const one = await put({ architecture: "arm64" });
    const alone = await combine([one], { preferIndex: false });
    assertEquals([alone.bytes, alone.descriptor], [one.bytes, one.descriptor]);
    assertEquals(alone.manifests.length, 1);
    const indexed = await combine([one]);
    assertEquals(indexed.descriptor.mediaType, OCI_INDEX);
    assertEquals(platformsOf(indexed.descriptors), ["linux/arm64/"]);
    // Annotations and a second source make an index of it.
    const annotated = await combine([one], {
      preferIndex: false,
      annotations: { "index:a": "b" },
    });
    assertEquals(parseIndex(annotated.bytes).annotations, { a: "b" });
    const two = await combine([one, index], { preferIndex: false });
    assertEquals(two.descriptors.length, 3);
  });
});

Deno.test("indexes are taken apart, and what comes twice stands where it came first, with what both say", async () => {
  await withImages(async ({ put, combine }) => {
    const amd64 = await put({ architecture: "amd64", attested: true });
    const arm = await put({ architecture: "arm", variant: "v7", docker: true });
    const plain = await put({ architecture: "s390x" });
    const both = await combine([plain, amd64, arm, {
      ...plain,
      descriptor: {
        ...plain.descriptor,
        annotations: { a: "b" },
        platform: { os: "linux", architecture: "s390x", variant: "z" },
      },
    }]);
    assertEquals(both.descriptor.mediaType, OCI_INDEX);
    assertEquals(platformsOf(both.descriptors), [
      "linux/s390x/z",
      "linux/amd64/",
      "unknown/unknown/",
      "linux/arm/v7",
    ]);
    assertEquals(both.descriptors[0]!.annotations, { a: "b" });
    const docker = await combine([arm]);
    assertEquals(docker.descriptor.mediaType, DOCKER_LIST);
    assertEquals(docker.descriptors[0]!.mediaType, DOCKER_MANIFEST);
    await assertRejects(
      () => combine([arm], { annotations: { "index:a": "b" } }),
      TypeError,
      "whose list has no annotations",
    );
  });
});

Deno.test("annotations go to the descriptors that they are for", async () => {
  await withImages(async ({ put, combine }) => {
    const sources = [
      await put({ architecture: "amd64" }),
      await put({ architecture: "arm64" }),
    ];
    const { descriptors, bytes } = await combine(sources, {
      annotations: {
        "manifest-descriptor[linux/arm64]:one": "1",
        "manifest-descriptor:both": "2",
        "index:whole": "3",
      },
    });
    assertEquals(descriptors.map(({ annotations }) => annotations), [
      { both: "2" },
      { both: "2", one: "1" },
    ]);
    assertEquals(parseIndex(bytes).annotations, { whole: "3" });
    const none = await combine(sources);
    assertEquals(none.descriptors.map(({ annotations }) => annotations), [
      undefined,
      undefined,
    ]);
  });
});

Deno.test("platforms are kept with what is attested about them", async () => {
  await withImages(async ({ put, combine }) => {
    const sources = [
      await put({ architecture: "amd64", attested: true }),
      await put({ architecture: "arm64", attested: true }),
      await put({ architecture: "arm", variant: "v7" }),
    ];
    const keep = async (platforms: string, given = sources) =>
      platformsOf((await combine(given, { platforms })).descriptors);
    assertEquals(await keep("linux/arm64/v8"), [
      "linux/arm64/",
      "unknown/unknown/",
    ]);
    assertEquals(await keep("linux/arm,linux/amd64"), [
      "linux/amd64/",
      "unknown/unknown/",
      "linux/arm/v7",
    ]);
    const all = await combine(sources);
    const kept = await combine(sources, {
      platforms: "linux/amd64,linux/arm64,linux/arm/v7",
    });
    assertEquals(kept.bytes, all.bytes);
    // Of an index that stays: the bytes are its own, or made again.
    const [index] = sources;
    assertEquals(
      (await combine([index!], { platforms: "linux/amd64" })).bytes,
      index!.bytes,
    );
    for (const given of [sources, [index!]]) {
      await assertRejects(
        () => keep("linux/386", given),
        TypeError,
        "no manifest of the sources",
      );
    }
    const one = sources[2]!;
    const same = await combine([one], {
      preferIndex: false,
      platforms: "linux/arm/v7,linux/386",
    });
    assertEquals(same.bytes, one.bytes);
    await assertRejects(
      () => combine([one], { preferIndex: false, platforms: "linux/arm/v6" }),
      TypeError,
      "no manifest of the sources",
    );
  });
});

Deno.test("an index that gets smaller keeps what else it says", async () => {
  await withImages(async ({ put, combine }) => {
    const amd64 = await put({ architecture: "amd64" });
    const arm64 = await put({ architecture: "arm64" });
    const both = await combine([amd64, arm64], {
      annotations: { "index:a": "b" },
    });
    const { descriptor, bytes } = both;
    const source = { descriptor, bytes, repository: amd64.repository };
    const less = await combine([source], { platforms: "linux/arm64" });
    assertEquals(parseIndex(less.bytes), {
      ...parseIndex(bytes),
      manifests: [both.descriptors[1]!],
    });
    assertEquals(less.manifests.map(({ descriptor }) => descriptor), [
      both.descriptors[1]!,
    ]);
    // What has no platform, or is about nothing that is there.
    const { platform: _, ...bare } = both.descriptors[0]!;
    const about = (digest: string, type = "attestation-manifest") => ({
      ...both.descriptors[0]!,
      digest: digestOf(new TextEncoder().encode(digest + type)),
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.digest": digest,
        "vnd.docker.reference.type": type,
      },
    });
    const odd = new TextEncoder().encode(JSON.stringify({
      schemaVersion: 2,
      manifests: [
        bare,
        both.descriptors[1]!,
        about(both.descriptors[1]!.digest),
        about(both.descriptors[1]!.digest, "other"),
        about(`sha256:${"0".repeat(64)}`),
      ],
    }));
    const kept = await combine([{
      repository: amd64.repository,
      bytes: odd,
      descriptor: {
        mediaType: OCI_INDEX,
        digest: digestOf(odd),
        size: odd.length,
      },
    }], { platforms: "linux/arm64" });
    assertEquals(kept.descriptors.length, 3);
    assertEquals(parseIndex(kept.bytes).mediaType, undefined);
    assertEquals(kept.descriptor.mediaType, OCI_INDEX);
  });
});

Deno.test("a source says its platform, or its configuration does", async () => {
  await withImages(async ({ put, combine, repository }) => {
    const image = await put({ architecture: "aarch64", variant: "v8" });
    const said = async (platform?: Descriptor["platform"]) => {
      const { descriptors } = await combine([{
        ...image,
        descriptor: {
          ...image.descriptor,
          ...(platform === undefined ? {} : { platform }),
        },
      }]);
      return platformsOf(descriptors)[0];
    };
    assertEquals(await said(), "linux/arm64/");
    assertEquals(
      await said({ os: "", architecture: "riscv64", variant: "x" }),
      "linux/riscv64/x",
    );
    assertEquals(
      await said({ os: "freebsd", architecture: "" }),
      "freebsd/arm64/",
    );
    assertEquals(
      await said({ os: "plan9", architecture: "386" }),
      "plan9/386/",
    );
    for (
      const [form, platform] of [
        [{ architecture: "arm" }, "linux/arm/v7"],
        [{ architecture: "arm", variant: "v6" }, "linux/arm/v6"],
      ] as const
    ) {
      const arm = await put(form);
      assertEquals(platformsOf((await combine([arm])).descriptors), [platform]);
      const name = `${repository.name}@${arm.descriptor.digest}`;
      const { images } = await imagetoolsInspect(name, { images: true });
      assertEquals(images.map(({ platform }) => platform), [platform]);
    }
    const broken = async (mediaType: string, text: string) => {
      const bytes = new TextEncoder().encode(text);
      const digest = digestOf(bytes);
      await combine([{
        repository,
        bytes,
        descriptor: { mediaType, digest, size: bytes.length },
      }, image]);
    };
    await assertRejects(
      () => broken("text/plain", "{}"),
      ProtocolError,
      'neither an index nor a manifest, but "text/plain"',
    );
    await assertRejects(
      () => broken(OCI_MANIFEST, "{}"),
      ProtocolError,
      "it has no configuration and layers",
    );
    await assertRejects(
      () => broken(OCI_INDEX, "{}"),
      ProtocolError,
      "it has no list of manifests",
    );
  });
});
