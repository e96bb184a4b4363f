import type { EngineContext } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import type { ImageBuildOptions } from "../../mod.ts";
import { type ArchivedImage, readArchivedImage } from "./archived_image.ts";
import { dockerCommand } from "./docker_client.ts";

/** A build as both are asked for it; its result is an OCI archive. */
export interface BothBuilds {
  readonly files: Readonly<Record<string, string>>;
  /** Flags of buildx, besides those of the context and the output. */
  readonly words: readonly string[];
  /** Attributes of buildx's output. */
  readonly outputWords?: string;
  /** Variables for buildx. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of davit, besides the output. */
  readonly options: ImageBuildOptions;
  /** Fields of davit's output. */
  readonly output?: Readonly<Record<string, unknown>>;
}

/** The archives that buildx and then davit make of the same folder. */
export async function bothArchives(
  engine: EngineContext,
  { files, words, outputWords = "", env = {}, options, output }: BothBuilds,
): Promise<{ buildx: ArchivedImage; davit: ArchivedImage }> {
  await using docker = await dockerCommand(engine);
  let images: { buildx: ArchivedImage; davit: ArchivedImage } | undefined;
  await withTempFolder(async (folder) => {
    const context = `${folder}/context`;
    await Deno.mkdir(context);
    await writeTree(context, files);
    const theirs = `${folder}/buildx.tar`;
    const to = `type=oci,dest=${theirs}${outputWords}`;
    await docker.run(
      ["buildx", "build", "--provenance=false", "-o", to, ...words, "."],
      context,
      env,
    );
    const dest = `${folder}/davit.tar`;
    await engine.docker.imageBuild(context, {
      ...options,
      outputs: [{ type: "oci", dest, ...output }],
    }).wait();
    images = {
      buildx: await readArchivedImage(theirs),
      davit: await readArchivedImage(dest),
    };
  });
  return images!;
}
