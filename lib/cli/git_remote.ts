import { UsageError } from "./exit.ts";

/**
 * The address of the repository in the working directory: that of the remote
 * that the branch follows, else of `origin`, else of `upstream`; without a login
 * in it.
 *
 * @throws {UsageError} If there is none, or no git.
 */
export async function gitRemote(): Promise<string> {
  const branch = await git("symbolic-ref", "-q", "HEAD");
  const followed = branch === undefined
    ? undefined
    : await git("for-each-ref", "--format=%(upstream:remotename)", branch);
  for (const remote of [followed, "origin", "upstream"]) {
    if (remote === undefined) continue;
    const address = await git("remote", "get-url", remote);
    if (address !== undefined) return withoutLogin(address);
  }
  throw new UsageError(
    "could not get remote URL for --local: this folder is in no git repository with a remote",
  );
}

/** What git says, in its first line; undefined if it fails or says nothing. */
async function git(...args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).output();
    const [line = ""] = new TextDecoder().decode(stdout).split("\n");
    return success && line !== "" ? line : undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError("--local needs git, which is not installed");
  }
}

/** An address without a login in it. */
export function withoutLogin(address: string): string {
  const url = URL.parse(address);
  if (url === null || url.username + url.password === "") return address;
  url.username = "";
  url.password = "";
  return url.href;
}
