// The content of `--metadata-file` for a build by BuildKit's own API.

// @ts-types="../std/base64.d.ts"
import { decodeBase64 } from "@std/encoding/base64";
import { fullImageName } from "../engine/image_reference.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import { provenanceOf, type Solved } from "../imagebuild/solved.ts";
import { grantedEnvironment } from "../transport/environment.ts";
import { isDefaultContext, namedEngine } from "../transport/docker_config.ts";
import type { ParsedWords } from "./flag.ts";

/** The variable that says how much of the provenance the file has. */
const MODE = "BUILDX_METADATA_PROVENANCE";

/**
 * What BuildKit answered, with buildx's keys: the digests and names of the
 * image, the build's id and its provenance.
 *
 * @param builder The builder and its node.
 * @param pushed The digest that the image got in its registry, if it was
 * pushed.
 */
export async function solveMetadata(
  result: BuildResult,
  { ref, answer }: Solved,
  { builder, pushed }: {
    readonly builder: string;
    readonly pushed: string | undefined;
  },
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const metadata: Record<string, unknown> = {
    "buildx.build.ref": `${builder}/${ref}`,
  };
  for (const [name, value] of answer) metadata[name] = jsonOf(value) ?? value;
  const { imageId, names } = result;
  // Only containerd's store has descriptors, and names with a tag each.
  const containerd = answer.has("containerimage.descriptor");
  if (imageId !== "") {
    if (!containerd) metadata["containerimage.config.digest"] = imageId;
    metadata["containerimage.digest"] = imageId;
    if (names.length > 0) {
      metadata["image.name"] = names
        .map((name) => fullImageName(name, containerd)).join(",");
    }
  }
  if (pushed !== undefined) metadata["containerimage.digest"] = pushed;
  const mode = provenanceMode();
  const provenance = mode === "disabled"
    ? new Map()
    : await provenanceOf(result, signal);
  for (const [platform, predicate] of provenance) {
    const place = platform === "" ? "" : `/${platform}`;
    metadata[`buildx.build.provenance${place}`] = mode === "max"
      ? predicate
      : shortened(predicate);
  }
  // In buildx's order.
  return Object.fromEntries(
    Object.entries(metadata).toSorted(([a], [b]) => a < b ? -1 : 1),
  );
}

/**
 * The name that buildx gives the builder of an engine: that of the docker
 * context, or `default`.
 */
export async function builderName(parsed: ParsedWords): Promise<string> {
  if (parsed.text("host") !== undefined) return "default";
  const context = parsed.text("context");
  const named = context === undefined ? await namedEngine() : { context };
  return "context" in named && !isDefaultContext(named.context)
    ? named.context
    : "default";
}

/** The parts of a provenance that buildx leaves out, by SLSA's version. */
const LEFT_OUT: readonly string[] = ["buildConfig", "metadata"];

function shortened(
  predicate: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(predicate).filter(([name]) => !LEFT_OUT.includes(name)),
  );
}

function provenanceMode(): "min" | "max" | "disabled" {
  const value = grantedEnvironment.get(MODE) ?? "";
  if (value === "max") return "max";
  return /^(?:disabled|0|f|false)$/i.test(value) ? "disabled" : "min";
}

/** An answer that is the base64 of a JSON object, as descriptors are. */
function jsonOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64(text)),
    );
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // it is text
  }
}
