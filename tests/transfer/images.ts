import { randomBytes } from "../support/digest.ts";
import { tarHeader } from "../support/tar.ts";
import type { DockerClient } from "../../mod.ts";

/** A tar with files of random bytes, made as it is read. */
export async function* randomTar(
  files: number,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let file = 0; file < files; file++) {
    yield tarHeader(`file-${file}`, size);
    for (let at = 0; at < size; at += 1024 * 1024) {
      yield randomBytes(Math.min(size - at, 1024 * 1024));
    }
    yield new Uint8Array((512 - size % 512) % 512);
  }
  yield new Uint8Array(1024);
}

/**
 * An image that no other test has: one layer of random bytes.
 *
 * @returns Its id.
 */
export async function importRandomImage(
  docker: DockerClient,
  name: string,
  size: number,
): Promise<string> {
  const [, repo, tag] = /^(.*):([^:/]+)$/.exec(name)!;
  return await docker.imageImport(ReadableStream.from(randomTar(1, size)), {
    repo: repo!,
    tag: tag!,
  });
}

/** Whether images lie in containerd's store, whose pulls and loads say less. */
export async function usesContainerd(docker: DockerClient): Promise<boolean> {
  const { DriverStatus = [] } = await docker.info();
  return DriverStatus.some(([name]) => name === "driver-type");
}
