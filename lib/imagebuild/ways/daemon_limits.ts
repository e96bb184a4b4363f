// What a BuildKit daemon can't do that an engine can: it has no Engine API, and
// no store in which docker finds images.

import { cannotBuildWith } from "../cannot_build_with.ts";
import type { OwnWarning } from "../fact.ts";
import type { BuildRequest } from "../request.ts";
import { isImage } from "../checks/requested_output.ts";

/**
 * Checks a request against what a BuildKit daemon can do.
 *
 * @returns Warnings about what it will ignore.
 * @throws {UnsupportedError} If it can't do what is asked.
 */
export function checkDaemon(request: BuildRequest): OwnWarning[] {
  const { builder, api, secretsVia, squash, outputs, verify, cacheExports } =
    request;
  if (builder === "classic") {
    throw cannotBuildWith(
      'version "1"',
      "a BuildKit daemon has no classic builder; leave version out",
    );
  }
  if (api === "engine") {
    throw cannotBuildWith(
      'api "engine"',
      "a BuildKit daemon has no Engine API; leave api out",
    );
  }
  if (secretsVia === "header") {
    throw cannotBuildWith(
      'secretsVia "header"',
      "a BuildKit daemon reads no such header, and asks for secrets over the session; leave secretsVia out",
    );
  }
  if (squash) {
    throw cannotBuildWith(
      "squash",
      "BuildKit can not squash layers; leave it out",
    );
  }
  if (outputs.some(({ type }) => type === "moby")) {
    throw cannotBuildWith(
      'output "moby"',
      'a BuildKit daemon has no image store of docker\'s; take "registry" to push, "image" for the daemon\'s own store, or "docker" for an archive that an engine loads',
    );
  }
  if (verify !== undefined && (outputs.length === 0 || outputs.some(isImage))) {
    throw cannotBuildWith(
      "verify",
      `what is searched for secrets has to come to davit, and ${
        outputs.length === 0
          ? "without an output the result stays in the daemon's cache"
          : "an image in the daemon's own store does not"
      }; take the output "oci", "docker", "local" or "tar"`,
    );
  }
  const isInline = cacheExports.some(({ type }) => type === "inline");
  if (isInline && outputs.length === 0) {
    throw cannotBuildWith(
      "cacheto",
      'type inline needs an image to be kept in, and without an output there is none; take the output "registry" or "image", or another type',
    );
  }
  return [
    ...request.ignored.filter((name) => name !== "cgroupparent")
      .map((option): OwnWarning => [
        "option-ignored",
        `${option} has no effect: BuildKit ignores it`,
        option,
      ]),
    ...unkept(request),
  ];
}

/** Warns of a result that nobody gets. */
function unkept({ outputs, tags }: BuildRequest): OwnWarning[] {
  if (outputs.length > 0) return [];
  const names = tags.length === 0 ? "" : `, and gets no name (${tags.join()})`;
  return [[
    "no-output",
    `the result stays in the daemon's cache${names}: name an output, such as "registry" to push it or "docker" for an archive that an engine loads; the output "cacheonly" says that this is meant`,
  ]];
}
