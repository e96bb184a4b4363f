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
}

/** The build went well, and its result holds secrets. */
export class SecretLeakError extends Error {
  /** Always `SecretLeakError`. */
  override readonly name: string = "SecretLeakError";
  /** Where secrets were found. */
  readonly finds: readonly SecretFind[];
  /** The image's id, which the engine may still have; empty for an export. */
  readonly imageId: string;
  /** Names that were taken from the image. */
  readonly removed: readonly string[];

  /** Tells the places, and what to do. */
  constructor(
    { finds, findsLost = 0, imageId, removed, kept }: SecretLeakErrorInit,
  ) {
    const ids = [...new Set(finds.map(({ id }) => JSON.stringify(id)))];
    const rest = Math.max(0, finds.length - MAX_TOLD) + findsLost;
    super([
      `The build left ${ids.length === 1 ? "secret " : "secrets "}${
        ids.join(", ") || "in more places than are kept"
      } in its result:`,
      ...finds.slice(0, MAX_TOLD).map((find) => `- ${describeFind(find)}`),
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      adviceOn(imageId, removed, kept),
    ].join("\n"));
    this.finds = finds;
    this.imageId = imageId;
    this.removed = removed;
  }
}

/** One find in a line. */
export function describeFind(find: SecretFind): string {
  const { id, form, part, path, offset, packed, count } = find;
  const where = [
    ...(find.layerNumber === undefined ? [] : [`layer ${find.layerNumber}`]),
    `${part} ${path}`,
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

function adviceOn(
  imageId: string,
  removed: readonly string[],
  kept: readonly string[],
): string {
  const change =
    "mount the secret where it is used (RUN --mount=type=secret), write nothing of it to a file that stays, and build again";
  if (imageId === "") return `Nothing was exported; ${change}.`;
  const names = [
    ...(removed.length > 0 ? [`${removed.join(", ")} was removed`] : []),
    ...(kept.length > 0 ? [`${kept.join(", ")} still names it`] : []),
  ];
  return [
    ...names,
    `image ${imageId} and the builder's cache may still hold it: do not push it`,
    change,
    "where it was pushed already, change the secret",
  ].join("; ") + ".";
}
