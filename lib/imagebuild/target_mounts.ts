import type { DockerfileMount } from "./calls/answers.ts";

/**
 * What the steps of a target mount of the client, by their ids: known from the
 * outline of the frontend, which includes the stages that the target needs and
 * no others, `ONBUILD` of base images, and variables in ids.
 */
export interface TargetMounts {
  /** Secrets, with one step that mounts each. */
  readonly secret: ReadonlyMap<string, DockerfileMount>;
  /** ssh agents, with one step that mounts each. */
  readonly ssh: ReadonlyMap<string, DockerfileMount>;
}
