import { SecretError } from "../errors.ts";
import { createFinder } from "../redact/finder.ts";
import type { Form } from "../redact/forms.ts";
import type { Match } from "../redact/automaton.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Build } from "./build_way.ts";

/** What is searched for secrets, and the secrets. */
export type LeakCheck = Pick<
  Build,
  "request" | "context" | "contexts" | "inputs" | "record"
>;

/**
 * The shortest value that is refused, in bytes. A shorter one may be an
 * ordinary word, such as `root`.
 */
const MIN_REFUSED_BYTES = 8;

/**
 * Refuses a text that holds a secret and that others can read: build arguments,
 * labels, annotations, attributes of an output and what is attested are stored
 * with the image, a Dockerfile is printed in the log. A short secret, or a single line of a longer one, only
 * gives a warning: files such as `.env` and `.npmrc` have lines that are not
 * secret. Values of fewer than 4 bytes are not looked for.
 *
 * @param what Names the text, for the error.
 * @throws {SecretError} If it holds a secret.
 */
export function refuseLeak(
  { inputs: { secrets }, record }: Pick<LeakCheck, "inputs" | "record">,
  what: string,
  text: string,
): void {
  // The mask finds everything that is looked for here and more, and is ready
  // for use: a text that it does not change holds no secret.
  if (secrets.size === 0 || record.text(text) === text) return;
  // Passwords of logins are masked, too, but not refused here.
  const known = secrets.known().filter(([, { visible }]) => !visible);
  for (const [index, sight] of findSights(known, text)) {
    const [id, secret] = known[index]!;
    const place = text.includes("\n") ? `${what}, line ${sight.line},` : what;
    const as = ["plain", "line"].includes(sight.form)
      ? ""
      : ` (as ${sight.form})`;
    if (sight.whole && secret.byteLength >= MIN_REFUSED_BYTES) {
      throw new SecretError(
        id,
        record.text(
          `Cannot build: ${place} holds the value of secret "${id}"${as}, and is stored with the image or its log; mount the secret where it is used, or mark it visible if it may be seen there`,
        ),
      );
    }
    const warned = `${place} holds ${
      sight.whole
        ? "the short value"
        : sight.form === "line"
        ? "a line"
        : "a part"
    } of secret "${id}"${as}, and is stored with the image or its log: if that is secret, mount it where it is used, else mark the secret visible`;
    // The Dockerfile of a tar is checked again while it is sent; one warning is
    // enough.
    const isSaid = record.state.warnings.some(({ code, short }) =>
      code === "secret-visible" && short === record.text(warned)
    );
    if (!isSaid) record.warn("secret-visible", warned, id);
  }
}

/** Where a secret was found in a text. */
interface Sight {
  readonly form: Form;
  /** The line's number, from 1. */
  readonly line: number;
  /** Whether the whole value was found, and not only a part. */
  readonly whole: boolean;
}

/**
 * Finds secrets in a text. Gives one place for each secret that was found, by
 * the secret's index; a place of the whole value is preferred to one of a part.
 */
function findSights(
  secrets: readonly (readonly [id: string, secret: Secret])[],
  text: string,
): Map<number, Sight> {
  const bytes = new TextEncoder().encode(text);
  const sights = new Map<number, Sight>();
  /**
   * Where blocks of a long pattern were found side by side, which together make
   * one find.
   */
  const runs = new Map<string, { start: number; end: number }>();
  const finder = createFinder(secrets.map(([, secret]) => secret.reveal()));
  const matcher = finder.matcher();
  const see = ({ start, end, pattern, weak }: Match) => {
    const { value, form, length, part } = pattern;
    const key = `${value} ${form} ${length} ${part}`;
    let run = runs.get(key);
    if (run !== undefined && start <= run.end) run.end = Math.max(run.end, end);
    else if (weak) return;
    else runs.set(key, run = { start, end });
    const whole = part === undefined && run.end - run.start >= length;
    const known = sights.get(value);
    if (known !== undefined && (known.whole || !whole)) return;
    const before = bytes.subarray(0, run.start);
    const line = before.reduce((n, byte) => byte === 10 ? n + 1 : n, 1);
    sights.set(value, { form, line, whole });
  };
  matcher.scan(bytes, see);
  matcher.finishScan(see);
  return sights;
}

/**
 * Looks for the secrets in everything that is known before anything is sent.
 * The Dockerfile of a plain tar is checked while it is sent. One that the
 * engine fetches, or in a compressed tar, is not known here.
 *
 * Warns of files with secrets that `COPY` could take into the image.
 *
 * @throws {SecretError} If a text holds a secret.
 */
export async function checkLeaks(check: LeakCheck): Promise<void> {
  checkTexts(check);
  await warnOfFiles(check);
}

/**
 * Looks for the secrets that are known by now in all texts that are: what a
 * function gives is known when the engine asks for it, and the Dockerfile of a
 * tar when it was sent.
 *
 * @throws {SecretError} If a text holds a secret.
 */
export function checkTexts(check: LeakCheck): void {
  const { request, context, record } = check;
  const { buildArgs = {}, labels = {} } = request;
  const { annotations, attestations, outputs } = request;
  const { remotes, files } = check.contexts;
  for (const [name, value] of [...remotes, ...files]) {
    // Names of images have ordinary words, as those of an output.
    if (/^(?:docker-image|oci-layout):/.test(value)) continue;
    refuseLeak(check, `the context ${JSON.stringify(name)}`, value);
  }
  for (const [index, [name, value]] of Object.entries(buildArgs).entries()) {
    refuseLeak(check, `the name of build argument number ${index + 1}`, name);
    refuseLeak(
      check,
      `the build argument ${JSON.stringify(name)}`,
      value ?? "",
    );
  }
  for (const [index, entry] of Object.entries(labels).entries()) {
    refuseLeak(check, `label number ${index + 1}`, entry.join("="));
  }
  for (const [index, { key, value }] of annotations.entries()) {
    refuseLeak(check, `annotation number ${index + 1}`, `${key}=${value}`);
  }
  for (const { type, attrs } of attestations) {
    for (const [index, entry] of Object.entries(attrs).entries()) {
      refuseLeak(
        check,
        `attribute number ${index + 1} of the ${type}`,
        entry.join("="),
      );
    }
  }
  for (const { type, attrs } of outputs) {
    for (const [index, [name, value]] of Object.entries(attrs).entries()) {
      // Names are not checked in any option: they have ordinary words.
      if (name === "name") continue;
      refuseLeak(
        check,
        `attribute number ${index + 1} of the output ${type}`,
        `${name}=${value}`,
      );
    }
  }
  const { cacheImports, cacheExports } = request;
  for (const { type, attrs } of [...cacheImports, ...cacheExports]) {
    for (const [index, [name, value]] of Object.entries(attrs).entries()) {
      if (name === "ref") continue; // as names of images
      refuseLeak(
        check,
        `attribute number ${index + 1} of the cache ${type}`,
        `${name}=${value}`,
      );
    }
  }
  const dockerfile = context.dockerfile ?? record.dockerfile();
  if (dockerfile !== undefined) {
    refuseLeak(check, "the Dockerfile", dockerfile.text);
  }
}

async function warnOfFiles(
  { request, context, contexts, record }: LeakCheck,
): Promise<void> {
  const places = [
    ["context", context] as const,
    ...[...contexts.folders].map(([name, folder]) =>
      [`context ${JSON.stringify(name)}`, folder] as const
    ),
  ];
  for (const [id, source] of Object.entries(request.secrets)) {
    if (typeof source !== "object" || !("file" in source)) continue;
    if (source.visible) continue;
    for (const [place, folder] of places) {
      const path = await folder.find(source.file);
      if (path === undefined) continue;
      record.warn(
        "secret-in-context",
        `the file of secret "${id}" lies in the ${place} as ${
          JSON.stringify(path)
        }, and COPY can take it into the image: name it in .dockerignore`,
        id,
      );
    }
  }
}
