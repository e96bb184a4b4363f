import { runCommand } from "./command.ts";

/**
 * Makes a folder whose files are in memory. An engine's clean-up unmounts it, as
 * all that is mounted below the engine's folder.
 */
export async function mountMemory(path: string, bytes: number): Promise<void> {
  const options = `size=${bytes},mode=0710`;
  await Deno.mkdir(path);
  await runCommand("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
}
