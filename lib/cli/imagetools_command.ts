import {
  imagetoolsCreate,
  imagetoolsInspect,
} from "../imagetools/imagetools.ts";
import type { ImagetoolsProgress } from "../imagetools/options.ts";
import type { ImagetoolsSource } from "../imagetools/source.ts";
import type { RegistryOptions } from "../registry/registries.ts";
import { parseAnnotations } from "./annotation_flag.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { formatInspection } from "./imagetools_format.ts";
import { inspectionText } from "./imagetools_text.ts";
import { print } from "./print.ts";

/** Runs `davit imagetools create`. */
export async function runImagetoolsCreate(
  context: CommandContext,
): Promise<number> {
  const { parsed } = context;
  const files = await Promise.all(parsed.list("file").map(readSource));
  const sources = [...files, ...parsed.words];
  const tag = parsed.list("tag");
  const dryRun = parsed.switched("dry-run");
  if (sources.length === 0) throw new UsageError("no sources are given");
  if (tag.length === 0 && !dryRun) {
    throw new UsageError("the image needs a name: --tag NAME, or --dry-run");
  }
  const mode = parsed.text("progress") ?? "auto";
  if (!/^(?:auto|none|plain|quiet)$/.test(mode)) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(mode)
      } for "--progress": expected auto, none or plain`,
    );
  }
  const isQuiet = mode === "none" || mode === "quiet";
  const { bytes } = await imagetoolsCreate(sources, {
    ...await registryOptions(context),
    tag,
    dryRun,
    append: parsed.switched("append"),
    preferIndex: !parsed.switchedOff("prefer-index"),
    platform: parsed.list("platform"),
    annotations: parseAnnotations(parsed.list("annotation")),
    ...(isQuiet ? {} : { onProgress: tellProgress }),
  });
  if (dryRun) print(new TextDecoder().decode(bytes));
  return EXIT_OK;
}

/** Runs `davit imagetools inspect`. */
export async function runImagetoolsInspect(
  context: CommandContext,
): Promise<number> {
  const { parsed } = context;
  const [name = ""] = parsed.words;
  const format = parsed.text("format");
  const isRaw = parsed.switched("raw");
  if (format !== undefined && isRaw) {
    throw new UsageError("--format and --raw can't be used together");
  }
  const inspection = await imagetoolsInspect(name, {
    ...await registryOptions(context),
    images: format !== undefined,
  });
  if (isRaw) {
    // Without a line end: the digest is one of these bytes.
    await new Blob([inspection.bytes]).stream()
      .pipeTo(Deno.stdout.writable, { preventClose: true });
  } else if (format === undefined) {
    print(inspectionText(inspection));
  } else {
    print(formatInspection(name, inspection, format));
  }
  return EXIT_OK;
}

function tellProgress({ action, digest, from, to }: ImagetoolsProgress): void {
  print(
    action === "copy"
      ? `copying ${digest} from ${from} to ${to}`
      : `pushing ${digest} to ${to}`,
    Deno.stderr,
  );
}

async function registryOptions(
  { parsed, signal }: CommandContext,
): Promise<RegistryOptions> {
  return {
    dockerConfig: true,
    signal,
    ca: await Promise.all(
      parsed.list("ca").map((path) => Deno.readTextFile(path)),
    ),
  };
}

/** A file holds what could be an argument: a descriptor, a digest or a name. */
async function readSource(path: string): Promise<ImagetoolsSource> {
  const text = (await Deno.readTextFile(path)).trim();
  if (!text.startsWith("{")) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      `--file ${path}: expected a descriptor as JSON`,
      { cause },
    );
  }
}
