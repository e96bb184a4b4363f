import { assertEquals, assertRejects } from "../support/assert.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { copyManifest } from "../../lib/registry/copy.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { putForm } from "../imagetools/images.ts";
import { type MemoryRegistry, memoryRegistry } from "./memory_registry.ts";

const written = ({ requests }: MemoryRegistry) =>
  requests.filter(({ method }) => method !== "GET" && method !== "HEAD")
    .map(({ method, path }) =>
      `${method} ${
        path.replace(/sha256(:|%3A)[0-9a-f]{64}/g, "DIGEST")
          .replace(/uploads\/[0-9a-f-]{36}/, "uploads/ID")
      }`
    );

Deno.test("copyManifest() takes an index with all that it points at, and what is there already not again", async () => {
  await using near = memoryRegistry();
  await using far = memoryRegistry();
  using registries = new Registries({});
  const from = await registries.repository(`${near.host}/from`);
  const { digest } = await putForm(from, "1", {
    architecture: "amd64",
    attested: true,
  });
  const image = await putForm(from, "2", { architecture: "arm64" });
  const mounted = await registries.repository(`${near.host}/to`);
  const before = written(near).length;
  const seen: string[] = [];
  await copyManifest(
    digest,
    from,
    mounted,
    ({ mediaType }) => seen.push(mediaType.replace("application/vnd.", "")),
  );
  assertEquals(seen, [
    "oci.image.index.v1+json",
    "oci.image.manifest.v1+json",
    "oci.image.config.v1+json",
    "oci.image.layer.v1.tar",
    "oci.image.manifest.v1+json",
    "oci.image.config.v1+json",
    "in-toto+json",
  ]);
  const mount = "POST /v2/to/blobs/uploads/?mount=DIGEST&from=from";
  const put = "PUT /v2/to/manifests/DIGEST";
  assertEquals(written(near).slice(before), [
    ...[mount, mount, put],
    ...[mount, mount, put],
    put,
  ]);
  assertEquals((await mounted.getManifest(digest)).descriptor.digest, digest);
  const again = near.requests.length;
  await copyManifest(digest, from, mounted);
  await copyManifest(digest, from, from);
  assertEquals(near.requests.length, again + 1);
  // To another registry: with the bytes.
  const to = await registries.repository(`${far.host}/to`);
  await copyManifest(image.digest, from, to);
  const upload = [
    "POST /v2/to/blobs/uploads/",
    "PATCH /v2/to/blobs/uploads/ID",
    "PUT /v2/to/blobs/uploads/ID?digest=DIGEST",
  ];
  assertEquals(written(far), [...upload, ...upload, put]);
  const { config } = JSON.parse(
    new TextDecoder().decode((await to.getManifest(image.digest)).bytes),
  );
  assertEquals(await to.readBlob(config), await from.readBlob(config));
  // A blob that is there is not sent again.
  await to.putBlob(config, () => Promise.reject(new Error("unused")));
  assertEquals(written(far).length, 7);
});

Deno.test("copyManifest() leaves layers out that no registry may have, and refuses what is no image", async () => {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const from = await registries.repository(`${registry.host}/from`);
  const to = await registries.repository(`${registry.host}/to`);
  const put = async (mediaType: string, text: string) => {
    const bytes = new TextEncoder().encode(text);
    const digest = digestOf(bytes);
    const descriptor = { mediaType, digest, size: bytes.length };
    await from.putManifest(digest, { descriptor, bytes });
    await from.putBlob(descriptor, () => Promise.resolve(bytes));
    return descriptor;
  };
  const blob = await put("x", "{}");
  const foreign = (mediaType: string) => ({
    mediaType,
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
  });
  const manifest = (...layers: unknown[]) =>
    JSON.stringify({ schemaVersion: 2, config: blob, layers });
  const { digest } = await put(
    OCI_MANIFEST,
    manifest(
      foreign("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
      foreign("application/vnd.oci.image.layer.nondistributable.v1.tar"),
      blob,
    ),
  );
  await copyManifest(digest, from, to);
  assertEquals((await to.headManifest(digest))?.digest, digest);
  const missing = await put(OCI_MANIFEST, manifest(foreign("layer")));
  await assertRejects(
    () => copyManifest(missing.digest, from, to),
    RegistryError,
    "read the blob sha256:000",
  );
  assertEquals(await to.headManifest(missing.digest), undefined);
  for (
    const [type, words] of [
      [OCI_INDEX, "it has no list of manifests"],
      [OCI_MANIFEST, "it has no configuration and layers"],
      ["text/x-other", "neither an index nor a manifest"],
    ] as const
  ) {
    const { digest } = await put(type, JSON.stringify({ type }));
    await assertRejects(
      () => copyManifest(digest, from, to),
      ProtocolError,
      words,
    );
  }
});
