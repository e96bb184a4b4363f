// What several nodes can make together: an image in a registry.

import type { AskedExporter } from "../ways/solve_exporters.ts";
import { cannotBuildWith } from "../cannot_build_with.ts";
import { isImage, isTrue } from "../checks/requested_output.ts";
import type { BuildRequest } from "../request.ts";
import {
  parseRegistryName,
  repositoryOf,
} from "../../registry/repository_name.ts";

/**
 * Checks that several nodes can make what is asked for.
 *
 * @throws {UnsupportedError} If they can't.
 * @throws {TypeError} If an image that is pushed has no name.
 */
export function checkNodesOutputs(
  { outputs, tags, verify }: BuildRequest,
): void {
  for (const output of outputs) {
    const { type, attrs } = output;
    if (type === "cacheonly") continue;
    if (!isImage(output)) {
      throw cannotBuildWith(
        `output "${type}"`,
        'several nodes build for these platforms, and each would have a part of it; push the image (output "registry"), or build for the platforms of one node',
      );
    }
    if (!isTrue(attrs.push)) {
      throw cannotBuildWith(
        `output "${type}"`,
        'several nodes build for these platforms, and each would keep a part of the image; push it (output "registry")',
      );
    }
    if (isTrue(attrs["push-by-digest"])) {
      throw cannotBuildWith(
        "push-by-digest",
        "several nodes build for these platforms, and what joins their images needs a name; give a tag",
      );
    }
  }
  if (pushesImage({ outputs }) && tags.length === 0) {
    throw new TypeError(
      "Cannot build: an image that is pushed needs a name; give a tag",
    );
  }
  if (verify !== undefined) {
    throw cannotBuildWith(
      "verify",
      "several nodes push the image, and a secret in it would be in the registry before it is searched; build for the platforms of one node",
    );
  }
}

/** Whether the result is an image in a registry. */
export function pushesImage(
  { outputs }: Pick<BuildRequest, "outputs">,
): boolean {
  return outputs.some(isImage);
}

/**
 * The exporter of one node: the image goes to the repositories of all names by
 * its digest alone, and an index names it later.
 */
export function nodeExporter(exporter: AskedExporter): AskedExporter {
  const { type, attrs } = exporter;
  if (type !== "image") return exporter;
  const names = (attrs.name ?? "").split(",").filter(Boolean);
  const repositories = new Set(
    names.map((name) => repositoryOf(parseRegistryName(name))),
  );
  return {
    type,
    attrs: {
      ...attrs,
      name: [...repositories].join(","),
      "push-by-digest": "true",
    },
  };
}
