import type { BuildResult } from "../imagebuild/result.ts";
import type { DockerClient } from "../client/docker_client.ts";
import { isContainerdStore } from "../engine/info.ts";
import { fullImageName } from "../engine/image_reference.ts";

/**
 * The content of `--metadata-file`, with buildx's keys: the image's digests and
 * its names. For an export it is empty.
 *
 * @param pushed The digest that the image got in its registry, if it was
 * pushed. An engine with graph drivers makes the manifest only for the push;
 * its image id is the digest of the image's configuration.
 */
export async function buildMetadata(
  docker: DockerClient,
  { imageId, names }: Pick<BuildResult, "imageId" | "names">,
  pushed: string | undefined,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  if (imageId === "") return {};
  const containerd = isContainerdStore(await docker.info({ signal }));
  const metadata: Record<string, unknown> = containerd
    ? await describeManifest(docker, imageId, signal)
    : { "containerimage.config.digest": imageId };
  metadata["containerimage.digest"] = pushed ?? imageId;
  if (names.length > 0) {
    metadata["image.name"] = names.map((name) =>
      fullImageName(name, containerd)
    )
      .join(",");
  }
  return metadata;
}

/** The fields of a descriptor that are read here; the engine sends more. */
interface Descriptor {
  readonly mediaType?: string;
  readonly digest?: string;
  readonly size?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Describes the manifest in the containerd image store, where an image's id is
 * the digest of its manifest. Engines report the manifest's descriptor from 28
 * on, and the digest of the configuration only as an annotation of it.
 */
async function describeManifest(
  docker: DockerClient,
  imageId: string,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const image = await docker.imageInspect(imageId, { signal });
  const descriptor = image.Descriptor as Descriptor | null | undefined;
  if (!descriptor) return {};
  const { mediaType, digest, size, annotations } = descriptor;
  const config = annotations?.["config.digest"];
  const platform = { architecture: image.Architecture, os: image.Os };
  return {
    ...(config === undefined ? {} : { "containerimage.config.digest": config }),
    "containerimage.descriptor": { mediaType, digest, size, platform },
  };
}
