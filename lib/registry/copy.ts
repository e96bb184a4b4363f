import type { Descriptor } from "./descriptor.ts";
import { parseIndex, parseManifest } from "./descriptor.ts";
import { ProtocolError } from "../errors.ts";
import { isIndexType, isManifestType } from "./media_type.ts";
import type { Repository, StoredManifest } from "./repository.ts";

/** Media types of layers whose bytes no registry may have. */
const FOREIGN_REGEXP =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\./;

/**
 * Copies a manifest, or an index with its manifests, with all blobs from one
 * repository to another. Blobs of the same registry are mounted; no more than
 * one blob is on its way at a time, and none is held in memory. The manifest
 * comes last, under its digest.
 *
 * @param onCopy Called with each manifest and blob, before it is copied.
 */
export async function copyManifest(
  digest: string,
  from: Repository,
  to: Repository,
  onCopy: (descriptor: Descriptor) => void = () => {},
): Promise<void> {
  if (from.name === to.name) return;
  if (await to.headManifest(digest) !== undefined) return;
  const manifest = await from.getManifest(digest);
  onCopy(manifest.descriptor);
  for (const part of partsOf(manifest, from)) {
    if (part.kind === "manifest") {
      await copyManifest(part.descriptor.digest, from, to, onCopy);
      continue;
    }
    onCopy(part.descriptor);
    await to.putBlob(
      part.descriptor,
      () => from.getBlob(part.descriptor),
      from,
    );
  }
  await to.putManifest(digest, manifest);
}

interface Part {
  readonly kind: "manifest" | "blob";
  readonly descriptor: Descriptor;
}

/** What a manifest points at. */
function partsOf(
  { descriptor: { mediaType, digest }, bytes }: StoredManifest,
  { name }: Repository,
): Part[] {
  try {
    if (isIndexType(mediaType)) {
      return parseIndex(bytes).manifests.map((descriptor) => ({
        kind: "manifest",
        descriptor,
      }));
    }
    if (isManifestType(mediaType)) {
      const { config, layers } = parseManifest(bytes);
      return [config, ...layers]
        .filter((part) => !FOREIGN_REGEXP.test(part.mediaType))
        .map((descriptor) => ({ kind: "blob", descriptor }));
    }
  } catch (error) {
    throw new ProtocolError(
      `Cannot copy ${name}@${digest}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  throw new ProtocolError(
    `Cannot copy ${name}@${digest}: it is neither an index nor a manifest, but "${mediaType}"`,
  );
}
