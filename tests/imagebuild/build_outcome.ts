// What a build came to, in a form that two builds of the same can be compared
// by: without times, digests of steps, and the order of steps side by side.

import { imageListing, tarEntries } from "../context/image_listing.ts";
import type { BuildEvent, DockerClient, ImageBuild } from "../../mod.ts";
import { BuildError } from "../../mod.ts";

/** All that happened, but for times, amounts of bytes on their way, and order. */
export interface Happened {
  /** Steps by their names, with how they ended and what they printed. */
  readonly steps: readonly string[];
  /** Names of those that came from the cache. */
  readonly fromCache: readonly string[];
  readonly warnings: readonly string[];
  /** Secrets, logins, agents, the context and what was exported. */
  readonly others: readonly string[];
}

/** Reads all events to the end of the build, failed or not. */
export async function happened(build: ImageBuild): Promise<Happened> {
  const names = new Map<string, string>();
  const ends = new Map<string, string>();
  const fromCache = new Set<string>();
  const printed = new Map<string, string>();
  const warnings = new Set<string>();
  const others = new Set<string>();
  const take = (event: BuildEvent) => {
    switch (event.type) {
      case "vertex": {
        const { digest, name, cached, completed, error } = event;
        names.set(digest, name);
        const end = completed === undefined ? "planned" : "done";
        if (cached) fromCache.add(name);
        ends.set(digest, `${end} ${withoutIds(error)}`);
        return;
      }
      case "log": {
        const before = printed.get(event.vertex) ?? "";
        printed.set(event.vertex, before + event.text);
        return;
      }
      case "warning": {
        const { vertex: _, type: __, ...told } = event;
        warnings.add(JSON.stringify(told));
        return;
      }
      case "status":
        return;
      case "image":
        others.add(`image ${event.names.join()}`);
        return;
      default:
        others.add(JSON.stringify(event));
    }
  };
  try {
    for await (const event of build.events()) take(event);
  } catch {
    // The build's own error, which is asked for by itself.
  }
  return {
    steps: [
      ...new Set(
        [...names].map(([digest, name]) =>
          `${withoutIds(name)}: ${ends.get(digest)} ${
            JSON.stringify(withoutTimes(printed.get(digest) ?? ""))
          }`
        ),
      ),
    ].sort(),
    fromCache: [...new Set([...fromCache].map(withoutIds))].sort(),
    warnings: [...warnings].sort(),
    others: [...others].sort(),
  };
}

/** What a failed build says, and where. */
export interface Failure {
  readonly type: string;
  readonly words: string;
  readonly exitCode?: number | undefined;
  readonly step?: string | undefined;
  readonly log?: readonly string[];
  readonly missingSecrets?: readonly string[];
  /** Lines of the Dockerfile. */
  readonly lines: readonly [first: number, last: number] | undefined;
}

/** An error in the form that is compared. */
export function failureOf(error: unknown): Failure {
  const { name, message } = error as Error;
  if (!(error instanceof BuildError)) {
    return { type: name, words: withoutIds(message), lines: undefined };
  }
  const { detail, exitCode, step, log, missingSecrets, source } = error;
  return {
    type: name,
    words: withoutIds(detail),
    exitCode,
    step: step === undefined ? undefined : withoutIds(step),
    // Of two streams, the lines come in one order or the other.
    log: log.map(withoutTimes).sort(),
    missingSecrets,
    lines: source && [source.startLine, source.endLine],
  };
}

/** Configuration and files of an image, but for times. */
export async function imageContent(
  docker: DockerClient,
  image: string,
): Promise<unknown> {
  const { Config, Architecture, Os } = await docker.imageInspect(image);
  const listing = await imageListing(docker, image);
  return [Architecture, Os, Config, [...listing].map(withoutTime)];
}

/** Files below a folder, or in a tar, but for times. */
export async function exportedContent(
  path: string,
  under = "",
): Promise<string[]> {
  const info = await Deno.stat(path);
  if (info.isFile) {
    const bytes = await Deno.readFile(path);
    if (path.endsWith(".tar")) {
      return [...tarEntries(bytes)].map(({ path, fields, content }) =>
        withoutTime([path, `${fields} ${new TextDecoder().decode(content)}`])
      );
    }
    return [`${under} ${info.mode} ${new TextDecoder().decode(bytes)}`];
  }
  const found: string[] = [];
  for await (const { name } of Deno.readDir(path)) {
    found.push(...await exportedContent(`${path}/${name}`, `${under}/${name}`));
  }
  return found.sort();
}

/** Steps write files at another time. */
export function withoutTime([path, entry]: readonly [string, string]): string {
  const fields = entry.split(" ");
  fields[5] = "-";
  return `${path} ${fields.join(" ")}`;
}

/**
 * Ids that a build has alone: of sessions, of references, of its own files. A
 * base image is called after one of the stages that have it, by chance, or of
 * the build before.
 */
function withoutIds(text = ""): string {
  return text
    .replace(/^\[(?:.+ +)?1\/\d+\] FROM /, "[…] FROM ")
    .replaceAll(/[0-9a-z-]{25,36}::[0-9a-z]{25}/g, "…")
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "…")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…");
}

/** Times that a step printed itself, such as `real 0m 0.00s`. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+\.\d+/g, "…");
}
