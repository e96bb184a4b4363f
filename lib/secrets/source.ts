import { SecretError } from "../errors.ts";
import { Secret, type SecretOptions } from "./secret.ts";

/** A secret's value. Text is the value itself, never a path. */
export type SecretValue = string | Uint8Array | Secret;

/** What a {@linkcode SecretCallback} gets. */
export interface SecretRequest {
  /** The id that the build asked for. */
  readonly id: string;
  /** Aborts when the build ends before the function has answered. */
  readonly signal: AbortSignal;
}

/**
 * A function that fetches a value when the engine asks for it; a cached step
 * does not ask. With `verify` it is called at the end of the build, if it was
 * not called before, to look for the value. It is called once in a build for
 * each id. `null` and `undefined` mean that there is no such secret.
 */
export type SecretCallback = (
  request: SecretRequest,
) =>
  | SecretValue
  | null
  | undefined
  | Promise<SecretValue | null | undefined>;

/**
 * Where a secret's value comes from: the value itself as text, bytes or a
 * {@linkcode Secret}, a file, an environment variable, or a function that is
 * called when the engine asks. Text is always the value and never a path. With
 * `visible` the value may be seen in the build's output and image; see
 * {@linkcode SecretOptions}.
 */
export type SecretSource =
  | SecretValue
  | SecretCallback
  | SecretOptions & {
    /**
     * A file, read when the build starts; relative to the working directory. A
     * FIFO is read to its end; the build waits for that until it is cancelled.
     */
    readonly file: string | URL;
  }
  | SecretOptions & {
    /** Name of an environment variable, read when the build starts. */
    readonly env: string;
  }
  | SecretOptions & {
    /** The value itself; `undefined` is refused here, too. */
    readonly value: SecretValue | undefined;
  };

/**
 * Secrets by the ids that the Dockerfile has in
 * `RUN --mount=type=secret,id=…`. One that is `undefined` is refused with its id
 * when the build starts: probably the variable that it is read from is not set.
 *
 * @example
 * ```ts
 * import { Secret, type SecretSources } from "@davit/build";
 *
 * const secrets: SecretSources = {
 *   npm_token: { env: "NPM_TOKEN" },
 *   ssh_key: { file: "./id" },
 *   token: new Secret("hunter2"), // prints as [secret] everywhere
 *   vault: async ({ id, signal }) =>
 *     await (await fetch(`https://vault.example/${id}`, { signal })).text(),
 * };
 * ```
 */
export type SecretSources = Readonly<Record<string, SecretSource | undefined>>;

/** An opened source: a value, or a function that will give one. */
export type ResolvedSecret = Secret | SecretCallback;

/**
 * Checks the form of a source, without reading anything.
 *
 * @throws {TypeError} If it is no source; the message holds the id and no
 * value.
 * @throws {SecretError} If it is undefined.
 */
export function checkSource(
  id: string,
  source: SecretSource | undefined,
): asserts source is SecretSource {
  if (id === "" || id.includes("\0")) {
    throw new TypeError(
      `Cannot use secret ${
        JSON.stringify(id)
      }: an id needs at least one character and no NUL`,
    );
  }
  if (source === undefined) throw undefinedSecret(id);
  if (
    typeof source === "string" || typeof source === "function" ||
    source instanceof Uint8Array || source instanceof Secret
  ) return;
  // What is no object at all has no keys.
  const { visible, ...kinds }: { readonly [key: string]: unknown } = {
    ...source,
  };
  const marked = visible === undefined || typeof visible === "boolean";
  if (marked && Object.keys(kinds).length === 1) {
    const { file, env, value } = kinds;
    if ("value" in kinds && value === undefined) throw undefinedSecret(id);
    if (
      typeof file === "string" || file instanceof URL ||
      (typeof env === "string" && env !== "") || typeof value === "string" ||
      value instanceof Uint8Array || value instanceof Secret
    ) return;
  }
  throw new TypeError(
    `Cannot use secret "${id}": expected text, bytes, a function, or one of { file }, { env } and { value }, with visible: true or without`,
  );
}

function undefinedSecret(id: string): SecretError {
  return new SecretError(
    id,
    `Cannot read secret "${id}": it is undefined; is the environment variable, or whatever it is read from, set?`,
  );
}

/**
 * Reads the value of a file or an environment variable.
 *
 * @param signal Ends the reading, because nobody may ever write to a FIFO.
 * @throws {SecretError} If the file or the variable can't be read, or the
 * variable is not set.
 */
export async function resolveSource(
  id: string,
  source: SecretSource,
  signal: AbortSignal,
): Promise<ResolvedSecret> {
  if (typeof source === "function") return source;
  if (source instanceof Secret) return source;
  if (typeof source === "string" || source instanceof Uint8Array) {
    return new Secret(source);
  }
  const { visible } = source;
  if ("value" in source) {
    const value = source.value!; // checkSource() has checked this
    if (!(value instanceof Secret)) return new Secret(value, { visible });
    return visible === undefined
      ? value
      : new Secret(value.reveal(), { visible });
  }
  if ("env" in source) {
    return new Secret(readVariable(id, source.env), { visible });
  }
  try {
    return new Secret(await Deno.readFile(source.file, { signal }), {
      visible,
    });
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : cause instanceof Deno.errors.PermissionDenied
      ? "no permission"
      : cause instanceof Deno.errors.IsADirectory
      ? "it is a folder"
      : cause instanceof Error
      ? cause.message
      : cause;
    throw new SecretError(
      id,
      `Cannot read secret "${id}" from "${source.file}": ${why}`,
      { cause },
    );
  }
}

/**
 * Names of variables that may be shown in errors, because they can't be a
 * secret's value. Whoever writes `{ env: token }` by mistake has given the
 * value instead of a name.
 */
const VARIABLE_REGEXP = /^[A-Z][A-Z0-9_]*$/;

function readVariable(id: string, name: string): string {
  if (typeof name !== "string" || !/^[^=\0]+$/.test(name)) {
    throw new SecretError(
      id,
      `Cannot read secret "${id}": env is the name of an environment variable, such as "NPM_TOKEN"`,
    );
  }
  let value: string | undefined;
  try {
    value = Deno.env.get(name);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotCapable
      ? `no permission; allow it with --allow-env=${name}`
      : cause instanceof Error
      ? cause.message
      : cause;
    throw new SecretError(
      id,
      `Cannot read secret "${id}" from the environment variable "${name}": ${why}`,
      { cause },
    );
  }
  if (value !== undefined) return value;
  throw new SecretError(
    id,
    VARIABLE_REGEXP.test(name)
      ? `Cannot read secret "${id}": the environment variable "${name}" is not set`
      : `Cannot read secret "${id}": the environment variable that env names is not set; env is the name of a variable, not the value`,
  );
}
