// @ts-types="../std/path.d.ts"
import { resolve } from "@std/path/posix/resolve";
// @ts-types="../std/path.d.ts"
import { basename } from "@std/path/posix/basename";
import { withoutLogin } from "./git_remote.ts";
import { isRemote } from "../imagebuild/context/given_path.ts";

/**
 * What a build is called that has no tag: the name of its folder, or its address
 * without a login and a query, which may hold a token; undefined for standard
 * input.
 */
export function buildTitle(word: string): string | undefined {
  if (word === "-") return undefined;
  if (!isRemote(word)) return basename(resolve(word));
  const [address, ...fragment] = withoutLogin(word).split("#");
  return [address!.replace(/\?.*$/s, ""), ...fragment].join("#");
}
