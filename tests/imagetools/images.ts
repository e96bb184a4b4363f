// Images that are put into a registry by hand: a configuration, a layer, and
// where it is wanted an attestation beside it.

import { digestOf } from "../../lib/registry/digest.ts";
import type { Descriptor } from "../../lib/registry/descriptor.ts";
import {
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/registry/media_type.ts";
import type { Repository } from "../../lib/registry/repository.ts";
import { tarBytes } from "../support/tar.ts";

const encoder = new TextEncoder();

/** What an image is like. */
export interface ImageForm {
  readonly architecture: string;
  readonly variant?: string;
  /** Docker's own form, and not that of OCI. */
  readonly docker?: boolean;
  /** Whether an index holds it, with what is attested about it. */
  readonly attested?: boolean;
}

/** Puts an image there, under a tag. */
export async function putForm(
  repository: Repository,
  tag: string,
  { architecture, variant, docker = false, attested = false }: ImageForm,
): Promise<Descriptor> {
  const tar = await tarBytes({ "arch.txt": `${architecture}${variant ?? ""}` });
  const config = {
    created: "2026-01-02T03:04:05Z",
    architecture,
    ...(variant === undefined ? {} : { variant }),
    os: "linux",
    config: { Labels: { "a<b": "c & d" }, Env: ["A=1"] },
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    history: [{ created_by: "test", comment: "hand" }],
  };
  const mediaType = docker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const own = await putManifest(repository, mediaType, {
    schemaVersion: 2,
    mediaType,
    config: await putJson(
      repository,
      config,
      docker
        ? "application/vnd.docker.container.image.v1+json"
        : "application/vnd.oci.image.config.v1+json",
    ),
    layers: [
      await putBytes(
        repository,
        tar,
        docker
          ? "application/vnd.docker.image.rootfs.diff.tar"
          : "application/vnd.oci.image.layer.v1.tar",
      ),
    ],
  }, attested ? undefined : tag);
  if (!attested) return own;
  const about = await putManifest(repository, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: await putJson(
      repository,
      { architecture: "unknown", os: "unknown", rootfs: {} },
      "application/vnd.oci.image.config.v1+json",
    ),
    layers: [
      await putJson(
        repository,
        { about: own.digest },
        "application/vnd.in-toto+json",
      ),
    ],
  });
  const platform = {
    architecture,
    os: "linux",
    ...(variant === undefined ? {} : { variant }),
  };
  return await putManifest(repository, OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ ...own, platform }, {
      ...about,
      annotations: {
        "vnd.docker.reference.digest": own.digest,
        "vnd.docker.reference.type": "attestation-manifest",
      },
      platform: { architecture: "unknown", os: "unknown" },
    }],
  }, tag);
}

async function putManifest(
  repository: Repository,
  mediaType: string,
  value: unknown,
  tag?: string,
): Promise<Descriptor> {
  const bytes = encoder.encode(JSON.stringify(value));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await repository.putManifest(tag ?? descriptor.digest, { descriptor, bytes });
  return descriptor;
}

function putJson(
  repository: Repository,
  value: unknown,
  mediaType: string,
): Promise<Descriptor> {
  return putBytes(
    repository,
    encoder.encode(JSON.stringify(value)),
    mediaType,
  );
}

async function putBytes(
  repository: Repository,
  bytes: Uint8Array<ArrayBuffer>,
  mediaType: string,
): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await repository.putBlob(descriptor, () => Promise.resolve(bytes));
  return descriptor;
}
