// @ts-types="../std/path.d.ts"
import { basename } from "@std/path/posix/basename";
// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
import type { LocalState } from "./local_state.ts";

const REMOTE_REGEXP = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/;
const DEFAULT_FILE = "/Dockerfile";

/** Whether a context is one that the engine fetches. */
export function isRemote(context: string): boolean {
  return REMOTE_REGEXP.test(context);
}

/**
 * The name that buildx gives a build: `BUILDKIT_BUILD_NAME`, or else what it was
 * made of, the folder or the Dockerfile, and the target in parentheses (buildx,
 * `buildName`). Empty where nothing of it is known.
 *
 * @param attrs The attributes of the frontend.
 * @param state What buildx knows of the build itself.
 */
export function buildName(
  attrs: ReadonlyMap<string, string>,
  state: LocalState | undefined,
): string {
  const given = attrs.get("build-arg:BUILDKIT_BUILD_NAME");
  if (given) return given;
  const target = attrs.get("target") ?? "";
  const name = attrs.get("context") || vcsFolder(attrs) ||
    localName(attrs, state);
  if (target === "") return name === "" ? attrs.get("vcs:source") ?? "" : name;
  return name === "" ? target : `${name} (${target})`;
}

/** The folder in its repository, unless that is the whole of it. */
function vcsFolder(attrs: ReadonlyMap<string, string>): string | undefined {
  const folder = attrs.get("vcs:localdir:context");
  return folder === "." ? undefined : folder;
}

/** The name of a build of a folder on this machine. */
function localName(
  attrs: ReadonlyMap<string, string>,
  state: LocalState | undefined,
): string {
  const { folder, file } = placesOf(attrs, state);
  const isDefault = file === "" || file.endsWith(DEFAULT_FILE);
  const path = isDefault ? file.slice(0, -DEFAULT_FILE.length) : file;
  if (path.startsWith(folder) && path.length > folder.length) {
    return path.slice(folder.lastIndexOf("/") + 1);
  }
  const shown = path === "" ? folder : path;
  const cut = shown.lastIndexOf("/");
  const last = shown.slice(cut + 1);
  if (isDefault || shown === "") return last;
  return join(basename(cut < 0 ? shown : shown.slice(0, cut)), last);
}

function placesOf(
  attrs: ReadonlyMap<string, string>,
  state: LocalState | undefined,
): { readonly folder: string; readonly file: string } {
  const name = attrs.get("filename") ?? "";
  const above = attrs.get("vcs:localdir:dockerfile") ?? ".";
  let file = name === "Dockerfile" ? "" : name;
  if (above !== "." && above !== "") file = join(above, file);
  if (state === undefined || isRemote(state.context)) {
    return { folder: "", file };
  }
  const { context, dockerfile } = state;
  if (!["", "-", "Dockerfile"].includes(dockerfile)) file = dockerfile;
  return { folder: context === "-" ? "" : context, file };
}
