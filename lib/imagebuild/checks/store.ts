// What of a request an engine's image store must be able to do. A store with
// graph drivers ignores most of it without a word, so it is refused before
// anything is sent.

import { cannotBuildWith } from "../cannot_build_with.ts";
import type { UnsupportedError } from "../../errors.ts";
import { imageStoreError } from "../../exporter/output.ts";
import type { BuildRequest } from "../request.ts";
import { isImage, isPushed } from "./requested_output.ts";

/** Attributes that graph drivers obey, or that ask for nothing. */
const OBEYED: readonly string[] = ["name", "push", "push-by-digest"];

/** What the store is asked for, as far as the kind of store matters. */
type StoreRequest = Pick<
  BuildRequest,
  | "outputs"
  | "makesImage"
  | "platforms"
  | "attestations"
  | "annotations"
  | "cacheExports"
  | "contexts"
>;

/**
 * What only an engine with the containerd image store can do of a request: the
 * error for it, or undefined where any engine can.
 */
export function containerdNeed(
  {
    outputs,
    makesImage,
    platforms,
    attestations,
    annotations,
    cacheExports,
    contexts,
  }: StoreRequest,
): UnsupportedError | undefined {
  const layout = [...contexts].find(([_, { kind }]) => kind === "layout");
  if (layout !== undefined) {
    return cannotBuildWith(
      `contexts ${JSON.stringify(layout[0])}`,
      "this engine keeps images in graph drivers, whose builder reads no OCI layout; load the image (imageLoad) and name it, docker-image://NAME, or take an engine with the containerd image store",
    );
  }
  const cache = cacheExports.find(({ type }) => type !== "inline");
  if (cache !== undefined) {
    return cannotBuildWith(
      "cacheto",
      `this engine keeps images in graph drivers, whose builder writes no cache of type ${cache.type}; take type inline, or an engine with the containerd image store`,
    );
  }
  const archive = outputs.find(({ type }) =>
    type === "oci" || type === "docker"
  );
  if (archive !== undefined) {
    return imageStoreError(archive.type);
  }
  if (!makesImage) return undefined;
  const image = outputs.find(isImage);
  if (image !== undefined && isPushed(image)) {
    return cannotBuildWith(
      "push",
      "this engine keeps images in graph drivers, and would neither push nor say so; leave it out, and push when the image is built: imagePush()",
    );
  }
  const attr = Object.keys(image?.attrs ?? {}).find((name) =>
    !OBEYED.includes(name)
  );
  if (attr !== undefined) {
    return cannotBuildWith(
      `the attribute "${attr}"`,
      "this engine keeps images in graph drivers, and ignores it without a word; it takes an engine with the containerd image store",
    );
  }
  if (platforms.length > 1) {
    return cannotBuildWith(
      "several platforms",
      'this engine keeps images in graph drivers, which hold one platform each; take the output "local" or "tar", build once for each, or use an engine with the containerd image store',
    );
  }
  if (attestations.length > 0) {
    return cannotBuildWith(
      "attest",
      'this engine keeps images in graph drivers, which drop attestations without a word; take the output "local" or "tar", which get them as files, or use an engine with the containerd image store',
    );
  }
  if (annotations.length > 0) {
    return cannotBuildWith(
      "annotations",
      "this engine keeps images in graph drivers, which drop annotations without a word; take labels, or use an engine with the containerd image store",
    );
  }
  return undefined;
}
