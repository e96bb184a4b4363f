import { grantedEnvironment } from "../transport/environment.ts";
import { UsageError } from "./exit.ts";

/** The variable with the path of a file that restricts a build's sources. */
const POLICY = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";

/**
 * The source policy that buildx would use: the text of the file that a variable
 * names; undefined if it names none.
 *
 * @throws {UsageError} If the file can't be read: without it the build could
 * use sources that the user has forbidden.
 */
export async function environmentPolicy(): Promise<string | undefined> {
  const path = grantedEnvironment.get(POLICY);
  if (!path) return undefined;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${POLICY} names a file that can't be read: ${why}`);
  }
  try {
    JSON.parse(text);
  } catch {
    throw new UsageError(
      `${POLICY} names a file that is no JSON: ${JSON.stringify(path)}`,
    );
  }
  return text;
}
