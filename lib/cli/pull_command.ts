import type { CommandContext } from "./command.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";
import { tellTransfer, transferTeller } from "./tell_transfer.ts";

/** Runs `davit pull`. */
export async function runPull(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const [name = ""] = parsed.words;
  const platform = parsed.text("platform");
  await using docker = await openClient(parsed);
  const tell = transferTeller(parsed.switched("quiet"));
  const pull = docker.imagePull(name, {
    signal,
    ...(platform === undefined ? {} : { platform }),
  });
  const digest = await tellTransfer(pull, tell);
  tell(`${name}: pulled ${digest}`);
  // Podman does not always report a digest.
  if (digest !== "") print(digest);
  return EXIT_OK;
}
