import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { runCommand } from "../../engines/command.ts";
import { connectEngine } from "../../engines/engine_api.ts";

/** Which of the texts are anywhere in an image as `docker save` gives it. */
export async function textsInImage(
  socketPath: string,
  image: string,
  texts: readonly string[],
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "davit-saved-" });
  try {
    using engine = connectEngine(socketPath);
    const saved = await engine.request(`/images/${image}/get`);
    if (!saved.ok) throw new Error(await saved.text());
    await Deno.writeFile(`${folder}/image.tar`, saved.body!);
    await Deno.mkdir(`${folder}/image`);
    await runCommand("tar", [
      ...["-xf", `${folder}/image.tar`, "-C", `${folder}/image`],
    ]);
    return await textsIn(`${folder}/image`, texts);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Which of the texts are in the files of a folder; packed files are unpacked. */
export async function textsIn(
  folder: string,
  texts: readonly string[],
): Promise<string[]> {
  const found = new Set<string>();
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      for (const text of await textsIn(path, texts)) found.add(text);
    }
    if (!isFile) continue;
    const stored = Buffer.from(await Deno.readFile(path));
    const isGzip = stored[0] === 0x1f && stored[1] === 0x8b;
    const bytes = isGzip ? gunzipSync(stored) : stored;
    for (const text of texts) if (bytes.includes(text)) found.add(text);
  }
  return texts.filter((text) => found.has(text));
}
