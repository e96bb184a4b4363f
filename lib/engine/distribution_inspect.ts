import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { imagePath } from "./image_name.ts";
import {
  formatImageReference,
  type ImageReference,
} from "./image_reference.ts";
import { requestFeature } from "./podman.ts";

/** A platform of an image in a registry, in the fields of the OCI image index. */
export interface DistributionPlatform {
  /** Processor architecture, such as `amd64`. */
  architecture: string;
  /** Operating system, such as `linux`. */
  os: string;
  /** Variant of the processor, such as `v8`. */
  variant?: string;
  /** Version of the operating system; Windows only. */
  "os.version"?: string;
  /** Features of the operating system; Windows only. */
  "os.features"?: string[];
}

/** What a registry knows about an image, in the engine's own field names. */
export interface DistributionInspect {
  /** The manifest, or the list of manifests, that the name refers to. */
  Descriptor: {
    /** Its media type. */
    mediaType: string;
    /** Its digest, `sha256:…`: pull `name@digest` for exactly this image. */
    digest: string;
    /** Size of the manifest in bytes; not that of the image. */
    size: number;
  };
  /**
   * The platforms that the image exists for; empty on some engines with
   * containerd's store.
   */
  Platforms: DistributionPlatform[] | null;
}

const INSPECT: AnswerShape = {
  type: "object",
  fields: { Descriptor: "object", Platforms: "objects" },
  required: ["Descriptor"],
};

/**
 * `GET /distribution/{name}/json`: asks the registry, through the engine, what
 * a name refers to. Nothing is pulled.
 *
 * @param registryAuth The encoded login.
 * @throws {EngineError} If there is no such image, or no permission.
 * @throws {UnsupportedError} If it is podman, which has no such endpoint.
 */
export async function distributionInspect(
  engine: Engine,
  reference: ImageReference,
  registryAuth: string,
  signal?: AbortSignal,
): Promise<DistributionInspect> {
  return await requestFeature(
    engine,
    "distributionInspect",
    "pull the image and use imageInspect, whose RepoDigests name its digest",
    {
      path: `/distribution/${imagePath(formatImageReference(reference))}/json`,
      headers: { "X-Registry-Auth": registryAuth },
      signal,
    },
    INSPECT,
  );
}
