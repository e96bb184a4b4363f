import type { SecretFind } from "./find.ts";

/** How many finds are told in a message. */
const MAX_TOLD = 10;

/** What a {@linkcode SecretLeakError} is made of. */
export interface SecretLeakErrorInit {
  /** Where secrets were found. */
  finds: readonly SecretFind[];
  /** How many finds there are besides. */
  findsLost?: number;
  /** The image's id; empty for an export. */
  imageId: string;
  /** Names that were taken from the image. */
  removed: readonly string[];
  /** Names that it keeps. */
  kept: readonly string[];
  /** Names that name another image by now. */
  moved?: readonly string[];
}

/** The build went well, and its result holds secrets. */
export class SecretLeakError extends Error {
  /** Always `SecretLeakError`. */
  override readonly name: string = "SecretLeakError";
  /** Where secrets were found. */
  readonly finds: readonly SecretFind[];
  /** How many finds there are besides. */
  readonly findsLost: number;
  /** The image's id, which the engine may still have; empty for an export. */
  readonly imageId: string;
  /** Names that were taken from the image. */
  readonly removed: readonly string[];
  /** Names that it keeps. */
  readonly kept: readonly string[];

  /** Tells the places, and what to do. */
  constructor(
    { finds, findsLost = 0, imageId, removed, kept, moved = [] }:
      SecretLeakErrorInit,
  ) {
    const ids = [...new Set(finds.map(({ id }) => JSON.stringify(id)))];
    const rest = Math.max(0, finds.length - MAX_TOLD) + findsLost;
    super([
      `The build left ${ids.length === 1 ? "secret " : "secrets "}${
        ids.join(", ") || "in more places than are kept"
      } in its result:`,
      ...finds.slice(0, MAX_TOLD).map((find) => `- ${describeFind(find)}`),
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      adviceOn(imageId, tellNames(removed, kept, moved)),
    ].join("\n"));
    this.finds = finds;
    this.findsLost = findsLost;
    this.imageId = imageId;
    this.removed = removed;
    this.kept = kept;
  }
}

/** One find in a line. */
export function describeFind(find: SecretFind): string {
  const { id, form, part, path, offset, packed, count } = find;
  const where = [
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
    : `, made by ${find.instruction.slice(0, 200)}`;
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

/** What a {@linkcode VerifyError} is made of. */
export interface VerifyErrorInit {
  /** What kept it from being looked through. */
  why: string;
  /** The image's id; empty for an export. */
  imageId: string;
  /** Names that were taken from the image. */
  removed: readonly string[];
  /** Names that it keeps. */
  kept: readonly string[];
  /** The error behind it, if there is one. */
  cause?: unknown;
}

/**
 * The build went well, and its result could not be looked through for secrets;
 * with `strict`, not all of it.
 */
export class VerifyError extends Error {
  /** Always `VerifyError`. */
  override readonly name: string = "VerifyError";
  /** The image's id, which the engine may still have; empty for an export. */
  readonly imageId: string;
  /** Names that were taken from the image. */
  readonly removed: readonly string[];
  /** Names that it keeps. */
  readonly kept: readonly string[];

  /** Tells why, and what became of the result. */
  constructor({ why, imageId, removed, kept, cause }: VerifyErrorInit) {
    const parts = imageId === ""
      ? [
        `The build went well, but its export could not be looked through for secrets: ${why}`,
        "nothing was exported",
      ]
      : [
        `The image was built, but could not be looked through for secrets: ${why}`,
        ...tellNames(removed, kept),
        `image ${imageId} may still be there: look through it with imageVerifySecrets() before you push it`,
      ];
    super(parts.join("; "), cause === undefined ? undefined : { cause });
    this.imageId = imageId;
    this.removed = removed;
    this.kept = kept;
  }
}

/** What became of the names, in words. */
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
