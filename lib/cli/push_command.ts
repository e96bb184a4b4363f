import type { DockerClient } from "../client/docker_client.ts";
import type { CommandContext } from "./command.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";
import { type Teller, tellTransfer, transferTeller } from "./tell_transfer.ts";

/** Options of a push. */
export interface PushOptions {
  /** Stops the push. */
  readonly signal: AbortSignal;
  /** Called with each line of progress. */
  readonly tell: Teller;
}

/** Runs `davit push`. */
export async function runPush(
  { parsed, signal }: CommandContext,
): Promise<number> {
  await using docker = await openClient(parsed);
  const tell = transferTeller(parsed.switched("quiet"));
  const [digest = ""] = await pushAll(docker, parsed.words, { signal, tell });
  print(digest);
  return EXIT_OK;
}

/**
 * Pushes images, one after the other.
 *
 * @returns The digest of each.
 */
export async function pushAll(
  docker: DockerClient,
  names: readonly string[],
  { signal, tell }: PushOptions,
): Promise<string[]> {
  const digests: string[] = [];
  for (const name of names) {
    const digest = await tellTransfer(docker.imagePush(name, { signal }), tell);
    digests.push(digest);
    tell(`${name}: pushed ${digest}`);
  }
  return digests;
}
