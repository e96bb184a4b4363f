// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { KnownSecrets, SecretStore } from "../secrets/store.ts";
import type { SecretFind } from "../verify/find.ts";
import { SecretLeakError, VerifyError } from "../verify/leak_error.ts";
import type { SecretVerification } from "../verify/verification.ts";
import { verifyExport, verifyImage } from "../verify/verify.ts";
import type { Build } from "./build_way.ts";
import type { OwnWarning } from "./fact.ts";
import { untagImage } from "./untag.ts";

/**
 * How many places that could not be searched get a warning each; the rest is
 * only counted.
 */
const MAX_TOLD = 10;

/**
 * Looks for the build's secrets in all of its results; exports are searched
 * before any of them is moved to its destination. If a secret is found, or a
 * result can't be searched, the image loses its names.
 *
 * @throws {SecretLeakError} If a secret is found.
 * @throws {VerifyError} If the result can't be searched; with `strict`, also if
 * a part of it can't.
 * @throws Whatever `ignore` throws.
 */
export async function verifyResult(
  { engine, request, inputs, exports, record, stop }: Build,
  builtId: string,
): Promise<SecretVerification> {
  const { keepTags = false, strict = false, ignore } = request.verify ?? {};
  const imageId = request.makesImage ? builtId : "";
  const names = request.makesImage ? request.tags : [];
  const unexported = exports !== undefined;
  const untag = async () =>
    keepTags || names.length === 0 || engine === undefined
      ? { removed: [], kept: names, moved: [] }
      : await untagImage(engine, imageId, names);
  /**
   * Whether the error comes from the caller's own function `ignore`, and not
   * from the search.
   */
  let isIgnoring = false;
  const known = await knownSecrets(inputs.secrets, stop);
  /** The search of one result; with several, `output` names it. */
  const searchOf = (output: string | undefined) => ({
    signal: stop,
    ...(ignore === undefined ? {} : {
      ignore: (find: SecretFind) => {
        isIgnoring = true;
        const answer = ignore(within(output, find));
        isIgnoring = false;
        return answer;
      },
    }),
  });
  const searches: SecretVerification[] = [];
  let output: string | undefined;
  try {
    const staged = await exports?.staged() ?? [];
    const isOne = staged.length + (request.makesImage ? 1 : 0) === 1;
    if (request.makesImage && engine !== undefined) {
      output = isOne ? undefined : "the image";
      const search = searchOf(output);
      const found = await verifyImage(engine, imageId, known, search);
      searches.push(told(output, found));
    }
    for (const { label, path } of staged) {
      output = isOne ? undefined : label;
      const found = await verifyExport(path, known, searchOf(output));
      searches.push(told(output, found));
    }
  } catch (cause) {
    const { removed, kept } = await untag();
    for (const name of kept) {
      record.warn(
        "image-unverified",
        `${name} was built, still names the image, and could not be looked through for secrets`,
      );
    }
    if (stop.aborted || isIgnoring) throw cause;
    const words = cause instanceof Error ? cause.message : "";
    const why = record.text(
      output === undefined ? words : `${output}: ${words}`,
    );
    throw new VerifyError({ why, imageId, removed, kept, unexported, cause });
  }
  const verification = together(searches);
  const { finds, findsLost } = verification;
  if (finds.length > 0 || findsLost > 0) {
    const names = await untag();
    throw new SecretLeakError({
      finds,
      findsLost,
      imageId,
      unexported,
      ...names,
    });
  }
  const gaps = tellGaps(verification, known);
  const shown = gaps.slice(0, MAX_TOLD);
  const rest = gaps.length - shown.length + verification.unreadableLost;
  if (rest > 0) {
    shown.push([
      "file-unverified",
      `${rest} more of the result was not looked through`,
    ]);
  }
  for (const gap of shown) record.warn(...gap);
  if (!strict || shown.length === 0) return verification;
  const why = shown.map(([, text]) => text).join("; ");
  throw new VerifyError({ why, imageId, unexported, ...await untag() });
}

/** The find with the output that it is in, where there are several. */
function within(output: string | undefined, find: SecretFind): SecretFind {
  return output === undefined ? find : { ...find, output };
}

/** What was found in one output, with the output's name where there are several. */
function told(
  output: string | undefined,
  verification: SecretVerification,
): SecretVerification {
  return output === undefined ? verification : {
    ...verification,
    finds: verification.finds.map((find) => within(output, find)),
    unreadable: verification.unreadable.map((place) => `${output}: ${place}`),
  };
}

/** What was found in all outputs. The same secrets are looked for in each. */
function together(
  [first, ...rest]: readonly SecretVerification[],
): SecretVerification {
  return rest.reduce((all, next) => ({
    ...all,
    finds: [...all.finds, ...next.finds],
    findsLost: all.findsLost + next.findsLost,
    unreadable: [...all.unreadable, ...next.unreadable],
    unreadableLost: all.unreadableLost + next.unreadableLost,
    bytes: all.bytes + next.bytes,
  }), first!);
}

/**
 * The warnings about secrets that were not looked for, and places that were not
 * searched.
 */
function tellGaps(
  { skipped, unreadable }: SecretVerification,
  { unknown }: KnownSecrets,
): OwnWarning[] {
  return [
    ...skipped.map((id): OwnWarning => [
      "secret-unverified",
      `secret "${id}" was not looked for in the result: ${
        unknown.includes(id)
          ? "its function gave no value"
          : "it has fewer than 4 bytes"
      }`,
      id,
    ]),
    ...unreadable.map((place): OwnWarning => [
      "file-unverified",
      `${place} was not looked through to its end for secrets: it is damaged, or packed in a way that is not known here`,
    ]),
  ];
}

/**
 * All values, also those of functions that were not called during the build: a
 * cached step does not ask for its secret, and its layer may still hold it.
 */
async function knownSecrets(
  secrets: SecretStore,
  stop: AbortSignal,
): Promise<KnownSecrets> {
  const unknown: string[] = [];
  for (const id of secrets.deferred()) {
    stop.throwIfAborted();
    // That there is none is told in a warning. One that stands in a text of the
    // build is looked for all the same.
    const value = secrets.peek(id).catch(() =>
      secrets.known().find(([known]) => known === id)?.[1]
    );
    // The signal that the function gets aborts only when the build is over, so
    // the build's own stop is needed here.
    if (await abortable(value, stop) === undefined) unknown.push(id);
  }
  return { values: secrets.known(), unknown };
}
