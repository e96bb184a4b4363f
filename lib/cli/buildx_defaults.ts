import type { DockerClient } from "../client/docker_client.ts";
import { compareApi } from "../engine/api_version.ts";
import { isContainerdStore } from "../engine/info.ts";
import { EngineError } from "../errors.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import { UsageError } from "./exit.ts";
import { SWITCHES } from "./flag.ts";
import type { OutputPlan } from "./output_flag.ts";

/** The variable that turns off what buildx records of its own accord. */
const NO_ATTESTATIONS = "BUILDX_NO_DEFAULT_ATTESTATIONS";

/** The API of the first engines that may have containerd's store (23.0). */
const CONTAINERD_API = "1.42";

/** What of a command line decides on what the command does by itself. */
export interface DefaultsInit {
  readonly options: ImageBuildOptions;
  readonly plan: Pick<OutputPlan, "outputs" | "alsoImage">;
  /** Whether a file with facts about the build is asked for. */
  readonly metadata: boolean;
  /** Whether the command builds at each change. */
  readonly watching: boolean;
  /** Is called, and waited for, while an engine answers. */
  readonly meanwhile: () => Promise<void>;
}

/**
 * The options, with what the command does without being asked:
 *
 * - As buildx does it, an image in containerd's store gets a provenance of the
 *   mode "min", unless a flag or `BUILDX_NO_DEFAULT_ATTESTATIONS` says
 *   otherwise. (Graph drivers can't store one.)
 * - The file of `--metadata-file` has BuildKit's id of the build and its
 *   provenance, which only BuildKit's API tells.
 * - The builds of `--watch` leave no records in the engine's history, which
 *   nobody would look for, and are faster for it.
 *
 * A davit gateway and podman have no such API: there nothing of it is done.
 *
 * @throws {UsageError} If the variable has a value that is neither yes nor no.
 */
export async function withDefaults(
  docker: DockerClient,
  { options, plan, metadata, watching, meanwhile }: DefaultsInit,
  signal: AbortSignal,
): Promise<ImageBuildOptions> {
  if (options.api === "engine") return options;
  const attests = makesImage(plan) &&
    options.attest?.provenance === undefined && !isAttestingOff();
  if (!attests && !metadata && !watching) return options;
  const { apiVersion, gateway, libpodApiVersion } = await docker.ping({
    signal,
  });
  if (gateway || libpodApiVersion !== undefined) return options;
  const mayStore = attests && compareApi(apiVersion, CONTAINERD_API) >= 0;
  // The engine takes its time for the answer.
  const [stores] = await Promise.all([
    mayStore && hasContainerdStore(docker, signal),
    meanwhile(),
  ]);
  return {
    ...options,
    ...(stores
      ? {
        attest: {
          ...options.attest,
          provenance: { mode: "min", inlineOnly: true },
        },
      }
      : {}),
    ...(metadata ? { api: "buildkit" } : {}),
    // The file names the record.
    ...(watching && !metadata ? { history: false } : {}),
  };
}

/**
 * Whether an image can have attestations in the engine's store; of an engine
 * that does not tell its store, or a proxy that keeps that back, it is not
 * known.
 */
async function hasContainerdStore(
  docker: DockerClient,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return isContainerdStore(await docker.info({ signal }));
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}

/** Whether an image goes to the engine's store. */
function makesImage({ outputs, alsoImage }: DefaultsInit["plan"]): boolean {
  return outputs.length === 0 || alsoImage ||
    outputs.some(({ type }) => type === "moby");
}

/**
 * Whether buildx is told to record nothing of its own accord.
 *
 * @throws {UsageError} If the variable has a value that is neither yes nor no.
 */
export function isAttestingOff(): boolean {
  const value = grantedEnvironment.get(NO_ATTESTATIONS);
  if (!value) return false;
  const isOff = Object.hasOwn(SWITCHES, value) ? SWITCHES[value] : undefined;
  if (isOff !== undefined) return isOff;
  throw new UsageError(
    `${NO_ATTESTATIONS} is ${JSON.stringify(value)}: expected true or false`,
  );
}
