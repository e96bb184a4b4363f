import type { BuildOutput } from "../imagebuild/options.ts";
import { UsageError } from "./exit.ts";
import { fieldsOf } from "./fields.ts";
import { type ParsedWords, parseSwitch } from "./flag.ts";

/** What the flags about the output ask for. */
export interface OutputPlan {
  /**
   * The option `outputs` of the build; undefined stands for the engine's image
   * store.
   */
  readonly output: BuildOutput | undefined;
  /**
   * Whether the image store gets the image, too, where the output is something
   * else.
   */
  readonly alsoImage: boolean;
  /**
   * The file or folder that the output is written to; `-` is standard output.
   */
  readonly path?: string;
  /** Names of the image from `--output`, for builds without `--tag`. */
  readonly names: readonly string[];
  /** Whether the image is pushed after it is built. */
  readonly push: boolean;
}

/** The plan that one `--output` asks for by itself. */
type ParsedOutput = Omit<OutputPlan, "alsoImage">;

/** The fields of one `--output`. */
interface OutputFields {
  /** The field `dest`; empty if it is not given. */
  readonly dest: string;
  readonly names: readonly string[];
  /** The field `push`; absent if it is not given. */
  readonly push?: boolean;
  /** All other fields; they are for the engine's exporter. */
  readonly attrs: Readonly<Record<string, string>>;
}

/** How the fields are read for each type of output. */
const TYPES: ReadonlyMap<string, (fields: OutputFields) => ParsedOutput> =
  new Map([
    ["local", toFolder],
    ["tar", (fields) => toArchive("tar", fields)],
    ["oci", (fields) => toArchive("oci", fields)],
    [
      "docker",
      (fields) =>
        fields.dest === ""
          ? toStore("docker", fields)
          : toArchive("docker", fields),
    ],
    ["image", (fields) => toStore("image", fields)],
    ["registry", (fields) => toStore("registry", { push: true, ...fields })],
    ["cacheonly", () => ({
      output: { type: "cacheonly" },
      names: [],
      push: false,
    })],
  ]);

/**
 * Attributes that tell the engine's exporter how to push. They have no effect
 * here, since davit pushes after the build with a request of its own.
 */
const PUSH_ATTRS = ["push-by-digest", "registry.insecure"];

/**
 * Reads `--output`, `--load` and `--push`.
 *
 * @throws {UsageError} If they do not fit together.
 */
export function planOutput(parsed: ParsedWords): OutputPlan {
  const words = parsed.list("output");
  if (words.length > 1) {
    throw new UsageError(
      "--output can be given once: an engine's /build has one output; build again for the next, the cache makes it cheap",
    );
  }
  const [word] = words;
  const plan = word === undefined
    ? { output: undefined, names: [], push: false }
    : parseOutput(word);
  const push = parsed.switched("push");
  const load = parsed.switched("load");
  // --push and --load both need the image in the engine's store.
  const isImage = plan.output === undefined || plan.output.type === "moby";
  const alsoImage = (push || load) && !isImage;
  if (alsoImage && plan.output?.type === "cacheonly") {
    throw new UsageError(
      `--${
        push ? "push" : "load"
      } and --output type=cacheonly name two outputs; give one`,
    );
  }
  return { ...plan, alsoImage, push: plan.push || push };
}

function parseOutput(word: string): ParsedOutput {
  // A value without fields is the path of a folder, whatever it looks like.
  if (!/[,"\n]/.test(word) && !word.startsWith("type=")) {
    const fields = { dest: word, names: [], attrs: {} };
    return word === "-" ? toArchive("tar", fields) : toFolder(fields);
  }
  let type = "";
  let dest = "";
  let push: boolean | undefined;
  let names: string[] = [];
  const attrs: Record<string, string> = {};
  for (const [given, value] of fieldsOf("--output", word)) {
    // As in buildx, which removes blanks around the keys here, but not in other
    // flags.
    const key = given.trim();
    if (key === "type") type = value;
    else if (key === "dest" || key === "destination") dest = value;
    else if (key === "push") push = parseSwitch("--output push", value);
    else if (key === "name") names = value.split(",").filter(Boolean);
    else attrs[key] = value;
  }
  const plan = TYPES.get(type);
  if (plan === undefined) {
    throw new UsageError(
      `--output has type ${JSON.stringify(type)}: expected one of ${
        [...TYPES.keys()].join(", ")
      }`,
    );
  }
  const fields = { dest, names, attrs };
  return plan(push === undefined ? fields : { ...fields, push });
}

/**
 * The image store, as buildx uses it with an engine's own builder: it is the
 * exporter `moby`.
 */
function toStore(
  type: "docker" | "image" | "registry",
  { dest, names, push = false, attrs }: OutputFields,
): ParsedOutput {
  if (dest !== "") throw new UsageError(`--output type=${type} has no dest`);
  const given = Object.keys(attrs);
  const refused = given.find((name) => PUSH_ATTRS.includes(name));
  if (refused !== undefined) {
    throw new UsageError(
      `--output ${refused} can't be used: the engine pushes, by its own settings, and by name`,
    );
  }
  const output = given.length === 0
    ? undefined
    : { type: "moby", attrs } as const;
  return { output, names, push };
}

function toFolder(fields: OutputFields): ParsedOutput {
  const { dest, names, attrs } = fields;
  refusePush("local", fields);
  if (dest === "") throw new UsageError("--output type=local needs a dest");
  if (dest === "-") {
    throw new UsageError("--output type=local needs a folder, not -");
  }
  const output = { type: "local", dest, attrs } as const;
  return { output, path: dest, names, push: false };
}

function toArchive(
  type: "tar" | "oci" | "docker",
  fields: OutputFields,
): ParsedOutput {
  const { dest, names, attrs } = fields;
  refusePush(type, fields);
  const path = dest === "" ? "-" : dest;
  if (path !== "-") {
    return { output: { type, dest: path, attrs }, path, names, push: false };
  }
  if (Deno.stdout.isTerminal()) {
    throw new UsageError(
      "--output to standard output is not for a terminal: send it to a file or a program",
    );
  }
  const output = { type, dest: Deno.stdout.writable, attrs } as const;
  return { output, path, names, push: false };
}

/** Docker would not push, and would not say so; here it is an error. */
function refusePush(type: string, { push }: OutputFields): void {
  if (push !== true) return;
  throw new UsageError(
    `--output type=${type} can't be pushed: push=true is for type=image; --push beside it pushes the image`,
  );
}
