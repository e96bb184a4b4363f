import { contextName } from "../imagebuild/checks/context_name.ts";
import { UsageError } from "./exit.ts";

/**
 * Reads `--build-context NAME=VALUE` into the option `contexts`. Of two values
 * for one name the last one counts, as in buildx.
 *
 * @throws {UsageError} If there is no name or no value, or the value is standard
 * input.
 */
export function parseBuildContexts(
  words: readonly string[],
): Record<string, string> {
  const contexts = new Map<string, string>();
  for (const word of words) {
    const cut = word.indexOf("=");
    const [name, value] = [word.slice(0, cut), word.slice(cut + 1)];
    if (cut < 1 || value === "") {
      throw new UsageError(
        `--build-context ${
          JSON.stringify(word)
        }: expected NAME=VALUE, such as deps=./deps or busybox=docker-image://busybox:1`,
      );
    }
    if (value === "-") {
      throw new UsageError(
        `--build-context ${
          JSON.stringify(word)
        }: standard input can be the main context alone; name a folder`,
      );
    }
    // A name that is none is refused with the other options.
    contexts.set(contextName(name) ?? name, value);
  }
  return Object.fromEntries(contexts);
}
