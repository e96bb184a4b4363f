import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { imagePath } from "./image_name.ts";

/** The part of an image's configuration that a Dockerfile sets. */
export interface ImageConfig {
  /** Environment, as `NAME=value`. */
  Env?: string[] | null;
  /** Default command. */
  Cmd?: string[] | null;
  /** Entry point. */
  Entrypoint?: string[] | null;
  /** Labels. */
  Labels?: Record<string, string> | null;
  /** User that processes run as. */
  User?: string;
  /** Working directory. */
  WorkingDir?: string;
  /** Everything else. */
  [field: string]: unknown;
}

/** The answer to `GET /images/{name}/json`, in the engine's own field names. */
export interface ImageInspect {
  /** `sha256:…`: digest of the config, or of the manifest with the containerd store. */
  Id: string;
  /** Names with tags. */
  RepoTags?: string[] | null;
  /** Names with digests. */
  RepoDigests?: string[] | null;
  /** When it was made, in the format of RFC 3339. */
  Created?: string;
  /** Processor architecture. */
  Architecture: string;
  /** Operating system. */
  Os: string;
  /** Size in bytes. */
  Size: number;
  /** The configuration for containers of this image. */
  Config?: ImageConfig | null;
  /** The layers' digests. */
  RootFS?: { Type: string; Layers?: string[] };
  /** Everything else. */
  [field: string]: unknown;
}

const INSPECT: AnswerShape = {
  type: "object",
  fields: {
    Id: "text",
    RepoTags: "texts",
    RepoDigests: "texts",
    Created: "text",
    Architecture: "text",
    Os: "text",
    Size: "number",
    Config: "object",
    RootFS: "object",
    Descriptor: "object",
  },
  required: ["Id"],
};

/** `GET /images/{name}/json`. */
export async function imageInspect(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<ImageInspect> {
  return await engine.json({
    path: `/images/${imagePath(name)}/json`,
    signal,
  }, INSPECT);
}
