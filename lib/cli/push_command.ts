import type { DockerClient } from "../client.ts";
import type { CommandContext } from "./command.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";

/** How a push is told of. */
export interface PushOptions {
  /** Stops it. */
  readonly signal: AbortSignal;
  /** Whether nothing is told of it. */
  readonly quiet: boolean;
}

/** `davit push`. */
export async function runPush(
  { parsed, signal }: CommandContext,
): Promise<number> {
  await using docker = await openClient(parsed);
  const quiet = parsed.switched("quiet");
  const [digest = ""] = await pushAll(docker, parsed.words, { signal, quiet });
  print(digest);
  return EXIT_OK;
}

/**
 * Pushes images, one after the other.
 *
 * @returns Their digests.
 */
export async function pushAll(
  docker: DockerClient,
  names: readonly string[],
  { signal, quiet }: PushOptions,
): Promise<string[]> {
  const digests: string[] = [];
  for (const name of names) {
    const push = docker.imagePush(name, { signal });
    let told = "";
    for await (const event of push.events()) {
      if (quiet || event.type !== "layer") continue;
      const line = `${event.id}: ${event.status}`;
      // Progress comes many times a second; its words change seldom.
      if (line !== told) print(line, Deno.stderr);
      told = line;
    }
    const digest = await push.wait();
    digests.push(digest);
    if (!quiet) print(`${name}: pushed ${digest}`, Deno.stderr);
  }
  return digests;
}
