// Contexts by name that the Dockerfile frontend does not load by itself: it gets
// the operations that do.

import type { Definition } from "../../buildkit/definition.ts";
import type { Upload } from "../../session/upload.ts";
import type { NamedContexts } from "../context/named_contexts.ts";

/**
 * The frontend's inputs, which the attributes name `input:NAME`: tars, which it
 * would take for a file each, and files by URL, which that of engine 28 takes
 * for git repositories and refuses.
 *
 * @param uploads The places in the session for the tars.
 * @returns Undefined where there are none.
 */
export async function frontendInputs(
  { files }: Pick<NamedContexts, "files">,
  uploads: ReadonlyMap<string, Upload> = new Map(),
): Promise<ReadonlyMap<string, Definition> | undefined> {
  if (uploads.size === 0 && files.size === 0) return undefined;
  const { fetchedFile, unpackedArchive } = await import(
    "../../buildkit/definition.ts"
  );
  const inputs = new Map<string, Definition>();
  for (const [name, { url }] of uploads) {
    inputs.set(
      name,
      await unpackedArchive(url, {
        fetch: `[context ${name}] load from client`,
        unpack: `[context ${name}] extract`,
      }),
    );
  }
  for (const [name, url] of files) {
    // A login in the URL is not for the log.
    const shown = url.replace(/^(\w+:\/\/)[^/]*@/, "$1");
    inputs.set(name, await fetchedFile(url, `[context ${name}] ${shown}`));
  }
  return inputs;
}
