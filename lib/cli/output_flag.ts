import type { BuildOutput } from "../imagebuild/output_options.ts";
import { UsageError } from "./exit.ts";
import { fieldsOf } from "./fields.ts";
import { type ParsedWords, parseSwitch } from "./flag.ts";

/** What the flags about the output ask for. */
export interface OutputPlan {
  /**
   * The option `outputs` of the build, without a plain image in the engine's
   * store; empty if there is nothing else.
   */
  readonly outputs: readonly BuildOutput[];
  /**
   * Whether the image store gets the image, too, where there are outputs that
   * are something else.
   */
  readonly alsoImage: boolean;
  /**
   * The files and folders that the outputs are written to; `-` is standard
   * output.
   */
  readonly paths: readonly string[];
  /** Names of the image from `--output`, for builds without `--tag`. */
  readonly names: readonly string[];
  /** Whether the image is pushed. */
  readonly push: boolean;
  /** Whether the image of a daemon goes to an engine. */
  readonly load: boolean;
}

/** What one `--output` asks for by itself. */
interface ParsedOutput {
  /** Undefined stands for the engine's image store. */
  readonly output: BuildOutput | undefined;
  readonly path?: string;
  readonly names: readonly string[];
  readonly push: boolean;
}

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

/** How the fields of an output are read. */
type OutputReader = (fields: OutputFields) => ParsedOutput;

/** How the fields are read for each type of output that comes to this machine. */
const EXPORTS: readonly (readonly [type: string, read: OutputReader])[] = [
  ["local", toFolder],
  ["tar", (fields) => toArchive("tar", fields)],
  ["oci", (fields) => toArchive("oci", fields)],
  ["cacheonly", () => ({
    output: { type: "cacheonly" },
    names: [],
    push: false,
  })],
];

/** How the fields are read for each type of output. */
const TYPES: ReadonlyMap<string, OutputReader> = new Map([
  ...EXPORTS,
  [
    "docker",
    (fields) =>
      fields.dest === ""
        ? toStore("docker", fields)
        : toArchive("docker", fields),
  ],
  ["image", (fields) => toStore("image", fields)],
  ["registry", (fields) => toStore("registry", { push: true, ...fields })],
]);

/** How they are read for a BuildKit daemon, which pushes images itself. */
const DAEMON_TYPES: ReadonlyMap<string, OutputReader> = new Map([
  ...EXPORTS,
  [
    "docker",
    (fields) =>
      fields.dest === "" ? toEngine(fields) : toArchive("docker", fields),
  ],
  ["image", (fields) => toDaemon("image", fields)],
  ["registry", (fields) => toDaemon("registry", { push: true, ...fields })],
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
  const plans = readOutputs(parsed, TYPES);
  const push = parsed.switched("push");
  const load = parsed.switched("load");
  const images = plans.filter(({ output }) =>
    output === undefined || output.type === "moby"
  );
  const stored = oneImage(images);
  const exports = plans.flatMap(({ output }) =>
    output === undefined || output.type === "moby" ? [] : output
  );
  // --push and --load both need the image in the engine's store.
  const isImage = images.length > 0 || push || load;
  return {
    outputs: [...(stored === undefined ? [] : [stored]), ...exports],
    alsoImage: isImage && stored === undefined && exports.length > 0,
    paths: plans.flatMap(({ path }) => path ?? []),
    names: [...new Set(plans.flatMap(({ names }) => names))],
    push: push || plans.some(({ push }) => push),
    load: false,
  };
}

/**
 * Reads the same flags for a BuildKit daemon: it has no store of docker's, pushes
 * images itself, and what `--load` asks for goes to an engine as an archive.
 *
 * @param loads Whether the image goes to an engine where nothing else is asked
 * for.
 * @throws {UsageError} If they do not fit together.
 */
export function planDaemonOutput(
  parsed: ParsedWords,
  loads: boolean,
): OutputPlan {
  const plans = readOutputs(parsed, DAEMON_TYPES);
  const push = parsed.switched("push");
  const image = plans.find(({ output }) => output?.type === "image");
  const outputs = plans.flatMap((plan) => {
    if (plan.output === undefined) return [];
    // --push is about the image that is named already.
    return push && plan === image ? { ...plan.output, push } : plan.output;
  }) as BuildOutput[];
  const pushes = plans.some((plan) => plan.push);
  if (push && !pushes && image === undefined) {
    outputs.push({ type: "registry" });
  }
  const isLoaded = parsed.switched("load") ||
    plans.some(({ output }) => output === undefined);
  return {
    outputs,
    alsoImage: false,
    paths: plans.flatMap(({ path }) => path ?? []),
    names: [...new Set(plans.flatMap(({ names }) => names))],
    push: push || pushes,
    load: isLoaded || (loads && outputs.length === 0),
  };
}

/**
 * Reads each `--output`, and checks that they fit together.
 *
 * @throws {UsageError} If they do not.
 */
function readOutputs(
  parsed: ParsedWords,
  types: ReadonlyMap<string, OutputReader>,
): ParsedOutput[] {
  const plans = parsed.list("output").map((word) => parseOutput(word, types));
  const push = parsed.switched("push");
  const load = parsed.switched("load");
  const none = plans.some(({ output }) => output?.type === "cacheonly");
  if (none && (push || load || plans.length > 1)) {
    throw new UsageError(
      `${
        push ? "--push" : load ? "--load" : "another --output"
      } and --output type=cacheonly name two outputs; give one`,
    );
  }
  const paths = plans.flatMap(({ path }) => path ?? []);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) {
    throw new UsageError(
      `two --output go to ${
        twice === "-" ? "standard output" : JSON.stringify(twice)
      }; give each its own dest`,
    );
  }
  return plans;
}

/**
 * The image that several `--output` ask for: an engine stores it once, with all
 * of its names.
 *
 * @returns Undefined for one without fields.
 */
function oneImage(images: readonly ParsedOutput[]): BuildOutput | undefined {
  const [first, ...others] = images.map(({ output }) => output);
  const differs = others.some((output) =>
    JSON.stringify(output) !== JSON.stringify(first)
  );
  if (differs) {
    throw new UsageError(
      "two --output ask for an image with different fields: an engine stores one; give the fields once, and its names by --tag",
    );
  }
  return first;
}

function parseOutput(
  word: string,
  types: ReadonlyMap<string, OutputReader>,
): ParsedOutput {
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
  const plan = types.get(type);
  if (plan === undefined) {
    throw new UsageError(
      `--output has type ${JSON.stringify(type)}: expected one of ${
        [...types.keys()].join(", ")
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

/** An image in a daemon's own store, which it may push. */
function toDaemon(
  type: "image" | "registry",
  { dest, names, push = false, attrs }: OutputFields,
): ParsedOutput {
  if (dest !== "") throw new UsageError(`--output type=${type} has no dest`);
  return { output: { type: "image", push, attrs }, names, push };
}

/** An image that goes to an engine. */
function toEngine({ names, attrs, push }: OutputFields): ParsedOutput {
  const [given] = Object.keys(attrs);
  if (given !== undefined || push !== undefined) {
    throw new UsageError(
      `--output type=docker without a dest takes a name alone: ${
        given ?? "push"
      } is for one with a dest, or for another type`,
    );
  }
  return { output: undefined, names, push: false };
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
  if (attrs.tar === "false" && path === "-") {
    throw new UsageError(
      `--output type=${type},tar=false needs a folder as dest`,
    );
  }
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
