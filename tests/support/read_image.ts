import { type ArchivedImage, readArchive } from "../context/image_listing.ts";
import type {
  BuildClient,
  BuildContext,
  BuildResult,
  DockerClient,
  ImageBuildOptions,
} from "../../mod.ts";

/** An image that a build made, read where it is. */
export interface ReadImage extends ArchivedImage {
  /** What the build says of itself. */
  readonly result: BuildResult;
}

/** Builds an image, and reads what of it is asked for. */
export type ImageReader = <T>(
  context: BuildContext,
  options: ImageBuildOptions,
  read: (result: BuildResult, archive: Archive) => Promise<T>,
) => Promise<T>;

type Archive = () => Promise<Uint8Array<ArrayBuffer>>;

/** Reads images from the store of an engine, and removes them. */
export function engineImages(docker: DockerClient): ImageReader {
  return async (context, options, read) => {
    const given = options.tag ?? `davit-test/image:${crypto.randomUUID()}`;
    const tag = [given].flat();
    const result = await docker.imageBuild(context, { ...options, tag })
      .result();
    try {
      return await read(
        result,
        async () => await new Response(await docker.imageSave(tag)).bytes(),
      );
    } finally {
      for (const name of tag) await docker.imageRemove(name);
    }
  };
}

/** Reads images from the archives in which they come from a daemon. */
export function daemonImages(
  builder: Pick<BuildClient, "imageBuild">,
): ImageReader {
  return async (context, options, read) => {
    const folder = await Deno.makeTempDir({ prefix: "davit-test-" });
    try {
      const dest = `${folder}/image.tar`;
      const outputs = { type: "docker", dest } as const;
      const result = await builder.imageBuild(context, { ...options, outputs })
        .result();
      return await read(result, () => Deno.readFile(dest));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** Reads all of an image. */
export async function readWhole(
  result: BuildResult,
  archive: Archive,
): Promise<ReadImage> {
  return { result, ...await readArchive(await archive()) };
}
