import type { BuildOutput } from "../imagebuild/options.ts";
import { UsageError } from "./exit.ts";
import { fieldsOf } from "./fields.ts";
import { type ParsedWords, parseSwitch } from "./flag.ts";

/** Where the result goes. */
export interface OutputPlan {
  /** For the build; undefined: the engine's image store. */
  readonly output: BuildOutput | undefined;
  /** Whether the image store gets the image, too, where the output is another. */
  readonly alsoImage: boolean;
  /** The file or folder that is written; `-` is standard output. */
  readonly path?: string;
  /** Names of the image, where no `--tag` gives them. */
  readonly names: readonly string[];
  /** Whether the image is pushed when it is built. */
  readonly push: boolean;
}

/** What one `--output` comes to. */
type ParsedOutput = Omit<OutputPlan, "alsoImage">;

/** What stands behind `--output`. */
interface OutputFields {
  /** Empty if there is none. */
  readonly dest: string;
  readonly names: readonly string[];
  /** Left out where it is not said. */
  readonly push?: boolean;
  /** For the engine's exporter. */
  readonly attrs: Readonly<Record<string, string>>;
}

/** What is made of each type. */
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

/** Attributes that tell the engine's exporter how to push, and davit pushes itself. */
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
  // An image in the engine's store is what these two are about.
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
  // One word alone is a folder, whatever it looks like.
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
    // As buildx, which takes blanks from the names here, and nowhere else.
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

/** As buildx does with an engine's own builder: the image store is its exporter `moby`. */
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

/** Docker leaves the image where it is, and says nothing. */
function refusePush(type: string, { push }: OutputFields): void {
  if (push !== true) return;
  throw new UsageError(
    `--output type=${type} can't be pushed: push=true is for type=image; --push beside it pushes the image`,
  );
}
