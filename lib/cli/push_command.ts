import type { DockerClient } from "../client.ts";
import type { CommandContext } from "./command.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";

/** How a push is told of. */
export interface PushOptions {
  /** Stops it. */
  readonly signal: AbortSignal;
  /** Takes the lines that are told of it. */
  readonly tell: (line: string) => void;
}

/** `davit push`. */
export async function runPush(
  { parsed, signal }: CommandContext,
): Promise<number> {
  await using docker = await openClient(parsed);
  const tell = pushTeller(parsed.switched("quiet"));
  const [digest = ""] = await pushAll(docker, parsed.words, { signal, tell });
  print(digest);
  return EXIT_OK;
}

/** Where a push is told of: standard error, or nowhere. */
export function pushTeller(quiet: boolean): PushOptions["tell"] {
  return quiet ? () => {} : (line) => print(line, Deno.stderr);
}

/**
 * Pushes images, one after the other.
 *
 * @returns Their digests.
 */
export async function pushAll(
  docker: DockerClient,
  names: readonly string[],
  { signal, tell }: PushOptions,
): Promise<string[]> {
  const digests: string[] = [];
  for (const name of names) {
    const push = docker.imagePush(name, { signal });
    /** What was told of each layer: progress comes many times a second, its words change seldom. */
    const told = new Map<string, string>();
    for await (const event of push.events()) {
      if (event.type !== "layer") continue;
      const { id, status } = event;
      if (told.get(id) !== status) tell(`${id}: ${status}`);
      told.set(id, status);
    }
    const digest = await push.wait();
    digests.push(digest);
    tell(`${name}: pushed ${digest}`);
  }
  return digests;
}
