import { Secret } from "../secrets/secret.ts";
import type { SecretSource } from "../secrets/source.ts";
import { fieldsOf } from "./fields.ts";
import { UsageError } from "./exit.ts";

/** The fields of one `--secret`, with docker's names. */
interface SecretFields {
  id?: string;
  src?: string | undefined;
  env?: string;
  type?: string | undefined;
  visible?: string;
}

const KEYS: Readonly<Record<string, keyof SecretFields>> = {
  id: "id",
  src: "src",
  source: "src",
  env: "env",
  type: "type",
  visible: "visible",
};

/**
 * The secrets of a command line: `id=…`, with `src=FILE` (`-` is standard
 * input) or `env=VARIABLE`. With neither, the source is the environment
 * variable of the id's name if it is set, and otherwise the file of that name.
 * A variable that is not set is an empty secret, as in docker; the build warns
 * of it. The value itself can't be given on the command line, because other
 * users can see a process's arguments. The field `visible=true` is davit's own:
 * it marks a secret that may be seen.
 *
 * @throws {UsageError} If one can't be used.
 */
export function secretSources(
  words: readonly string[],
): Record<string, SecretSource> {
  const sources: Record<string, SecretSource> = {};
  for (const word of words) {
    const fields = parseSecret(word);
    const { id } = fields;
    if (Object.hasOwn(sources, id)) {
      throw new UsageError(`--secret ${JSON.stringify(id)} is given twice`);
    }
    sources[id] = markedSource(id, fields);
  }
  return sources;
}

/** How many of the secrets come from standard input. */
export function countStdin(words: readonly string[]): number {
  return words.map(parseSecret).filter(isStdin).length;
}

function parseSecret(word: string): SecretFields & { readonly id: string } {
  const fields: SecretFields = {};
  for (const [key, value] of fieldsOf("--secret", word)) {
    const field = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (field === undefined) {
      throw new UsageError(
        `--secret has no field ${
          JSON.stringify(key)
        }: expected id, src, env, type and visible; a value is never given here, but in a file or a variable`,
      );
    }
    fields[field] = value;
  }
  const { id } = fields;
  if (id === undefined || id === "") {
    throw new UsageError("--secret needs an id, as in id=token,env=TOKEN");
  }
  // What follows the "=" may be a secret's value: the message does not repeat
  // it.
  for (const [key, text = ""] of Object.entries({ id, env: fields.env })) {
    if (!/[=\0]/.test(text)) continue;
    throw new UsageError(
      `--secret has a "=" within its ${key}: fields have commas between, as in id=ID,src=FILE or id=ID,env=VARIABLE; a value is never given here, but in a file or a variable`,
    );
  }
  return { ...fields, id };
}

function isStdin({ src, type }: SecretFields): boolean {
  return src === "-" && type !== "env";
}

function markedSource(
  id: string,
  { visible, ...fields }: SecretFields,
): SecretSource {
  const source = sourceOf(id, fields);
  if (visible === undefined || visible === "false") return source;
  if (visible !== "true") {
    throw new UsageError(
      `--secret ${JSON.stringify(id)} has visible ${
        JSON.stringify(visible)
      }: expected true or false`,
    );
  }
  if (typeof source !== "function") return { ...source, visible: true };
  return async () => new Secret(await source(), { visible: true });
}

/**
 * The source of a secret that a command line can name: a variable, a file, or
 * standard input.
 */
type NamedSource =
  | { readonly env: string }
  | { readonly value: "" }
  | { readonly file: string }
  | (() => Promise<Uint8Array>);

function sourceOf(id: string, { src, env, type }: SecretFields): NamedSource {
  if (type !== undefined && type !== "file" && type !== "env") {
    throw new UsageError(
      `--secret ${JSON.stringify(id)} has type ${
        JSON.stringify(type)
      }: expected file or env`,
    );
  }
  for (const [name, value] of Object.entries({ src, env })) {
    if (value !== "") continue;
    throw new UsageError(
      `--secret ${
        JSON.stringify(id)
      } has an empty ${name}: leave it out for the variable, or else the file, of the name ${
        JSON.stringify(id)
      }`,
    );
  }
  if (src !== undefined && env !== undefined) {
    throw new UsageError(
      `--secret ${JSON.stringify(id)} has both src and env: give one`,
    );
  }
  if (type === "env" && (env ?? src) !== undefined) {
    return variable((env ?? src)!);
  }
  if (env !== undefined) {
    if (type === undefined) return variable(env);
    throw new UsageError(
      `--secret ${JSON.stringify(id)} has type file and env: give one`,
    );
  }
  if (isStdin({ src, type })) {
    // Standard input can be read only once; with --watch, several builds use
    // the value.
    let bytes: Promise<Uint8Array> | undefined;
    return () => bytes ??= new Response(Deno.stdin.readable).bytes();
  }
  if (src !== undefined) return { file: src };
  if (type !== "file" && Deno.env.get(id) !== undefined) return { env: id };
  return { file: id };
}

function variable(name: string): NamedSource {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  // Without the permission to read the variable, the build reports the missing
  // permission.
  const isUnset = state === "granted" && Deno.env.get(name) === undefined;
  return isUnset ? { value: "" } : { env: name };
}
