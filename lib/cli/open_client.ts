import { DockerClient } from "../client/docker_client.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { silenceTeller } from "./silence.ts";

/**
 * Opens a client for the engine that the flags name.
 *
 * @throws {UsageError} If they name two.
 */
export async function openClient(parsed: ParsedWords): Promise<DockerClient> {
  const host = parsed.text("host");
  const context = parsed.text("context");
  if (host !== undefined && context !== undefined) {
    throw new UsageError("--host and --context name two engines; give one");
  }
  const options = { dockerConfig: true, onSilence: silenceTeller(parsed) };
  if (host !== undefined) {
    return await DockerClient.fromDockerHost(host, options);
  }
  return context === undefined
    ? await DockerClient.fromDockerConfig(options)
    : await DockerClient.fromDockerContext(context, options);
}
