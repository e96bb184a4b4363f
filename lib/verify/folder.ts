import type { ContentReader } from "./content.ts";
import type { OpenFile } from "../open_file.ts";
import { ByteStream } from "../streams/byte_stream.ts";

const encoder = new TextEncoder();

/** Searches all files of a folder, and the names of all its entries. */
export async function readFolder(
  root: string,
  reader: ContentReader,
): Promise<void> {
  const { OpenFile } = await import("../open_file.ts");
  const folders = [""];
  for (let under = folders.pop(); under !== undefined; under = folders.pop()) {
    for await (const { name } of Deno.readDir(`${root}/${under}`)) {
      const path = under === "" ? name : `${under}/${name}`;
      const at = `${root}/${path}`;
      const { isDirectory, isFile, isSymlink } = await Deno.lstat(at);
      const target = isSymlink ? await Deno.readLink(at) : "";
      reader.finds.scanBytes(
        { blob: "", part: "name", path },
        encoder.encode(`${path}\0${target}`),
      );
      if (isDirectory) folders.push(path);
      else if (isFile) {
        using file = openOrNothing(() => new OpenFile(at, "refuse"));
        // It may have been replaced by a link or a FIFO.
        if (file === undefined || !file.info.isFile()) reader.damaged("", path);
        else {
          const place = { blob: "", part: "file", path } as const;
          await reader.file(place, ByteStream.reading(file));
        }
      }
    }
  }
}

/** Opens a file; undefined if it is a link, which is not followed. */
function openOrNothing(open: () => OpenFile): OpenFile | undefined {
  try {
    return open();
  } catch (error) {
    if ((error as { code?: string }).code === "ELOOP") return undefined;
    throw error;
  }
}
