import type { Secret } from "../secrets/secret.ts";
import { malformed } from "./refusal.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Fewest bytes of a text: a shorter one occurs in ordinary text by chance. */
const MIN_TEXT_BYTES = 8;

/**
 * Fewest bytes of a value that is no text: no log has that by chance, and the
 * mask takes no shorter ones.
 */
const MIN_BINARY_BYTES = 4;

/**
 * Fewest different bytes: with fewer it may be a ruler or an indent in a log.
 */
const MIN_DISTINCT = 4;

/**
 * What engines and their builders write in every log, and the words of their
 * messages; a 0 stands for any number.
 */
const COMMON_PHRASES = [
  "[internal] load build definition from dockerfile",
  "[internal] load remote build context",
  "[internal] load metadata for docker.io/library/",
  "[internal] load .dockerignore",
  "[internal] load build context",
  "[internal] settings cache mount permissions",
  "[auth] library/ pull token for registry-0.docker.io",
  "copy /context /",
  "transferring dockerfile: ",
  "transferring context: ",
  "resolve docker.io/library/",
  "docker-image://docker.io/docker/dockerfile:0",
  "sha0: downloading extracting done",
  "exporting to image",
  "exporting layers",
  "exporting manifest list sha0:",
  "exporting config sha0:",
  "exporting attestation manifest sha0:",
  "exporting cache",
  "preparing layers for inline cache",
  "writing image sha0:",
  "naming to docker.io/library/",
  "unpacking to docker.io/library/",
  'process "/bin/sh -c " did not complete successfully: exit code: 0',
  "executor failed running [/bin/sh -c ]: exit code: 0",
  "the command '/bin/sh -c ' returned a non-zero code: 0",
  "runc did not terminate successfully",
  "failed to solve: ",
  "failed to compute cache key: ",
  "error: context canceled",
  "not found: no such file or directory",
  "permission denied",
  "step 0/0 : from ",
  " ---> running in ",
  " ---> using cache",
  "removed intermediate container ",
  "removing intermediate container ",
  "successfully built ",
  "successfully tagged ",
  "[warning] ",
  "pulling from library/",
  "pulling fs layer",
  "verifying checksum",
  "download complete",
  "extracting",
  "pull complete",
  "already exists",
  "digest: sha0:",
  "status: downloaded newer image for docker.io/library/",
  "status: image is up to date for docker.io/library/",
  "the push refers to repository [docker.io/library/]",
  "preparing",
  "layer already exists",
  "mounted from library/",
  "loaded image id: sha0:",
  "buildkit.dockerfile.v0",
  "moby.buildkit.trace",
  "moby.image.id",
  "moby.buildkit.cache.v0",
  "davit.warning",
  "errordetail",
  "progressdetail",
  "application/vnd.docker.distribution.manifest.v0+json",
  "application/vnd.docker.container.image.v0+json",
  "application/vnd.oci.image.manifest.v0+json",
  "application/vnd.oci.image.index.v0+json",
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "/bin/bash -c ",
  "maintainer",
  "entrypoint [",
  "healthcheck --interval=",
  "onbuild run ",
  "stopsignal ",
  "run --mount=type=cache,target=",
  "run --mount=type=secret,id=,required=true",
  "/run/secrets/",
  "linux/amd0",
  "linux/arm0/v0",
  "https://docs.docker.com/go/dockerfile/rule/",
  "dockerfile.dockerignore",
];

/**
 * Refuses values that can't be secrets. All answers, those of other clients
 * too, are masked with each value, so an ordinary word would be masked
 * everywhere. An empty value masks nothing and is allowed.
 *
 * @throws {Refusal} If there is such a value; the message quotes no part of it.
 */
export function refuseCommonValues(values: Iterable<Secret>): void {
  for (const value of values) {
    if (value.byteLength === 0 || !isCommonValue(value)) continue;
    throw malformed(
      `a secret has a value of fewer than ${MIN_TEXT_BYTES} bytes, or of fewer than ${MIN_DISTINCT} different ones, or of words that stand in every build's log: the answers of all clients are masked, and it would mask ordinary text; give a longer one, or {"base64": "…", "visible": true} for one that may be seen`,
    );
  }
}

/**
 * Whether a value is too short to be a secret, or is part of what every build's
 * log says.
 */
export function isCommonValue(value: Secret): boolean {
  const bytes = value.reveal();
  const text = decodeText(bytes)?.trim();
  const least = text === undefined ? MIN_BINARY_BYTES : MIN_TEXT_BYTES;
  const counted = text === undefined ? bytes : encoder.encode(text);
  if (counted.length < least || new Set(counted).size < MIN_DISTINCT) {
    return true;
  }
  // Each line of a value is masked by itself, too, so each is checked.
  return text !== undefined && text.split(/[\r\n]+/).some(isCommonLine);
}

function isCommonLine(line: string): boolean {
  const words = line.trim().toLowerCase().replaceAll(/\d+/g, "0");
  return words.length >= MIN_TEXT_BYTES &&
    COMMON_PHRASES.some((phrase) => phrase.includes(words));
}

/** The bytes as text; undefined where they can't stand in a log as they are. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    // deno-lint-ignore no-control-regex
    return /[\x00-\x08\x0e-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined; // the question was whether it is text: it is not
  }
}
