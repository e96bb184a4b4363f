import { registryName } from "../credentials/registry_name.ts";

/** How registries refuse who has no login, or not the right one. */
const DENIED_REGEXP =
  /\b(?:401 Unauthorized|403 Forbidden|authorization failed|authentication required|pull access denied|no basic auth credentials)\b/;
/** A step's program failed: the words are its own, or its command's. */
const PROGRAM_REGEXP =
  /did not complete successfully|^executor failed running|returned a non-zero code|^building at STEP/;
/** Where an engine's sentence names the registry. */
const PLACES = [
  /\bhttps?:\/\/([^/\s"]+)\/v2\//,
  /\bsource metadata for ([^\s/]+)\//,
  /\bpull access denied for ([^\s/]+)\//,
];
/** The step that asks for a base image, whose sentence may name none. */
const STEP_REGEXP =
  /^(?:\[internal\] load metadata for|(?:\[[^\]]*\] )?FROM) ([^\s/]+)\//;

/**
 * The registry that refused an image to who has no login, or not the right one;
 * undefined if the build failed for another reason.
 *
 * @param detail The engine's error message.
 * @param step Name of the failed step.
 */
export function deniedRegistry(
  detail: string,
  step = "",
): string | undefined {
  if (!DENIED_REGEXP.test(detail) || PROGRAM_REGEXP.test(detail)) {
    return undefined;
  }
  const host = PLACES.map((place) => place.exec(detail)?.[1])
    .find((found) => found !== undefined) ?? STEP_REGEXP.exec(step)?.[1];
  return host === undefined ? undefined : registryName(host);
}
