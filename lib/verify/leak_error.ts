import { cutText } from "../cut_text.ts";
import type { SecretFind } from "./find.ts";

/** How many finds a message lists. */
const MAX_TOLD = 10;

/** Options of a {@linkcode SecretLeakError}. */
export interface SecretLeakErrorInit {
  /** Where secrets were found. */
  finds: readonly SecretFind[];
  /** How many further finds were not kept. */
  findsLost?: number;
  /** The image's id; empty for an export. */
  imageId: string;
  /** Names that were removed from the image. */
  removed: readonly string[];
  /** Names that the image still has. */
  kept: readonly string[];
  /** Names that belong to another image by now. */
  moved?: readonly string[];
  /** Whether other results were to be exported, and were not. */
  unexported?: boolean;
}

/**
 * The build succeeded, and its result holds secrets. The image has lost the names
 * that this build gave it (without `keepTags`), or nothing was exported.
 *
 * @example
 * ```ts
 * import { DockerClient, SecretLeakError } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * try {
 *   await docker.imageBuild("./app", {
 *     tag: "app:1",
 *     secrets: { npm_token: { env: "NPM_TOKEN" } },
 *     verify: true,
 *   }).wait();
 * } catch (error) {
 *   if (!(error instanceof SecretLeakError)) throw error;
 *   for (const { id, path, instruction } of error.finds) {
 *     console.error(`${id} is in ${path}, by ${instruction}`);
 *   }
 * }
 * ```
 */
export class SecretLeakError extends Error {
  /** Always `SecretLeakError`. */
  override readonly name: string = "SecretLeakError";
  /** Where secrets were found. */
  readonly finds: readonly SecretFind[];
  /** How many further finds were not kept. */
  readonly findsLost: number;
  /** The image's id, which the engine may still have; empty for an export. */
  readonly imageId: string;
  /** Names that were removed from the image. */
  readonly removed: readonly string[];
  /** Names that the image still has. */
  readonly kept: readonly string[];

  /** Makes the error; its message lists the places, and says what to do. */
  constructor(
    {
      finds,
      findsLost = 0,
      imageId,
      removed,
      kept,
      moved = [],
      unexported = false,
    }: SecretLeakErrorInit,
  ) {
    const ids = [...new Set(finds.map(({ id }) => JSON.stringify(id)))];
    const rest = Math.max(0, finds.length - MAX_TOLD) + findsLost;
    super([
      `The build left ${ids.length === 1 ? "secret " : "secrets "}${
        ids.join(", ") || "in more places than are kept"
      } in its result:`,
      ...finds.slice(0, MAX_TOLD).map((find) => `- ${describeFind(find)}`),
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      adviceOn(imageId, [
        ...(unexported ? ["nothing was exported"] : []),
        ...tellNames(removed, kept, moved),
      ]),
    ].join("\n"));
    this.finds = finds;
    this.findsLost = findsLost;
    this.imageId = imageId;
    this.removed = removed;
    this.kept = kept;
  }
}

/** Describes one find in one line. */
export function describeFind(find: SecretFind): string {
  const { id, form, output, part, path, offset, packed, count } = find;
  const where = [
    ...(output === undefined ? [] : [output]),
    ...(find.layerNumber === undefined ? [] : [`layer ${find.layerNumber}`]),
    path === "" ? "what lies behind the end of the archive" : `${part} ${path}`,
  ];
  const how = [
    ...(form === "plain" ? [] : [`as ${form}`]),
    `at byte ${offset}${packed === undefined ? "" : ` (unpacked, ${packed})`}`,
    ...(count > 1 ? [`${count} times`] : []),
  ];
  const by = find.instruction === undefined || find.instruction === ""
    ? ""
    : `, made by ${cutText(find.instruction, 200)}`;
  return `"${id}" in ${where.join(", ")}, ${how.join(", ")}${by}`;
}

function adviceOn(imageId: string, names: readonly string[]): string {
  const change =
    "mount the secret where it is used (RUN --mount=type=secret), write nothing of it to a file that stays, and build again";
  if (imageId === "") return `Nothing was exported; ${change}.`;
  return [
    ...names,
    `image ${imageId} and the builder's cache may still hold it: do not push it`,
    change,
    "where it was pushed already, change the secret",
  ].join("; ") + ".";
}

/** Options of a {@linkcode VerifyError}. */
export interface VerifyErrorInit {
  /** Why the result could not be searched. */
  why: string;
  /** The image's id; empty for an export. */
  imageId: string;
  /** Names that were removed from the image. */
  removed: readonly string[];
  /** Names that the image still has. */
  kept: readonly string[];
  /** Whether other results were to be exported, and were not. */
  unexported?: boolean;
  /** The error that caused this one, if there is one. */
  cause?: unknown;
}

/**
 * The build succeeded, and its result could not be searched for secrets; with
 * `strict`, also if only a part of it could not be.
 */
export class VerifyError extends Error {
  /** Always `VerifyError`. */
  override readonly name: string = "VerifyError";
  /** The image's id, which the engine may still have; empty for an export. */
  readonly imageId: string;
  /** Names that were removed from the image. */
  readonly removed: readonly string[];
  /** Names that the image still has. */
  readonly kept: readonly string[];

  /** Makes the error; its message says why, and what happened to the result. */
  constructor(
    { why, imageId, removed, kept, unexported = false, cause }: VerifyErrorInit,
  ) {
    const parts = imageId === ""
      ? [
        `The build went well, but its export could not be looked through for secrets: ${why}`,
        "nothing was exported",
      ]
      : [
        `The image was built, but could not be looked through for secrets: ${why}`,
        ...(unexported ? ["nothing was exported"] : []),
        ...tellNames(removed, kept),
        `image ${imageId} may still be there: look through it with imageVerifySecrets() before you push it`,
      ];
    super(parts.join("; "), cause === undefined ? undefined : { cause });
    this.imageId = imageId;
    this.removed = removed;
    this.kept = kept;
  }
}

/**
 * Says which names were removed, are still there, or belong to another image.
 */
export function tellNames(
  removed: readonly string[],
  kept: readonly string[],
  moved: readonly string[] = [],
): string[] {
  const one = (names: readonly string[]) => names.length === 1;
  return [
    ...(removed.length > 0
      ? [`${removed.join(", ")} ${one(removed) ? "was" : "were"} removed`]
      : []),
    ...(kept.length > 0
      ? [`${kept.join(", ")} still ${one(kept) ? "names" : "name"} it`]
      : []),
    ...(moved.length > 0
      ? [
        `${moved.join(", ")} ${
          one(moved) ? "names" : "name"
        } another image by now`,
      ]
      : []),
  ];
}
