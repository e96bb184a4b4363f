import { verifySecrets } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarChunks, tarHeader } from "../support/tar.ts";
import { newToken } from "./keys.ts";

const TOKEN = newToken().replaceAll("/", "_");

/** Runs GNU tar. */
async function pack(folder: string, ...args: string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command("tar", {
    args: ["-C", folder, "-cf", "-", ...args],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

Deno.test("what GNU tar writes is read in each of its formats", async () => {
  await withTempFolder(async (folder) => {
    const long = `${"n".repeat(90)}/${"m".repeat(90)}`;
    await Deno.mkdir(`${folder}/${long}`, { recursive: true });
    await Deno.writeTextFile(
      `${folder}/${long}/file`,
      `in a long name ${TOKEN}`,
    );
    await Deno.writeTextFile(`${folder}/${long}/${TOKEN}`, "");
    await Deno.mkdir(`${folder}/a-${TOKEN}/b`, { recursive: true });
    await Deno.symlink(`${"l".repeat(120)}${TOKEN}`, `${folder}/link`);
    await Deno.link(`${folder}/${long}/file`, `${folder}/zz-hard`);
    const sparse = await Deno.open(`${folder}/zz-sparse`, {
      write: true,
      createNew: true,
    });
    // So many holes that their map does not fit in one header.
    for (let i = 0; i < 40; i++) {
      await sparse.seek(i * 1024 * 1024, Deno.SeekMode.Start);
      await sparse.write(new TextEncoder().encode(`hole ${i}`));
    }
    await sparse.write(new TextEncoder().encode(TOKEN));
    sparse.close();
    await Deno.writeTextFile(`${folder}/zzz-last`, TOKEN);
    for (const format of ["gnu", "oldgnu", "posix"]) {
      for (const how of [[], ["--sparse"]]) {
        const tar = await pack(
          folder,
          `--format=${format}`,
          "--sort=name",
          ...how,
          ".",
        );
        const { finds, unreadable } = await verifySecrets(
          new Blob([tar as Uint8Array<ArrayBuffer>]).stream(),
          { t: TOKEN },
        );
        const last = (path: string) => path.split("/").filter(Boolean).at(-1);
        assertEquals(
          finds.map(({ part, path }) => `${part} ${last(path)}`).toSorted(),
          [
            "file file",
            "file zz-sparse",
            "file zzz-last",
            "name ***",
            "name a-***",
            "name link",
          ],
          `${format} ${how}`,
        );
        assertEquals(unreadable, []);
      }
    }
    // Without a mark of its own, and without long names.
    const old = await pack(folder, "--format=v7", "zzz-last");
    const { finds } = await verifySecrets(
      new Blob([old as Uint8Array<ArrayBuffer>]).stream(),
      { t: TOKEN },
    );
    assertEquals(finds.map(({ path }) => path), ["zzz-last"]);
  });
});

Deno.test("extended attributes are looked through", async () => {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/f`, "nothing");
    const tar = await pack(
      folder,
      "--format=posix",
      `--pax-option=SCHILY.xattr.user.token:=${TOKEN}`,
      "f",
    );
    const { finds } = await verifySecrets(
      new Blob([tar as Uint8Array<ArrayBuffer>]).stream(),
      { t: TOKEN },
    );
    assertEquals(finds.map(({ part, path }) => [part, path]), [["name", "f"]]);
  });
});

Deno.test("a link has no content, whatever length its header tells", async () => {
  for (const type of "123456") {
    const link = tarHeader("link", 1000);
    link[156] = type.charCodeAt(0);
    const file = [...tarChunks({ file: TOKEN })];
    const stream = ReadableStream.from([withChecksum(link), ...file]);
    const { finds, unreadable } = await verifySecrets(stream, { t: TOKEN });
    assertEquals(
      [finds.map(({ path, offset }) => [path, offset]), unreadable],
      [[["file", 0]], []],
    );
  }
});

/** A header whose fields were changed, with their sum. */
function withChecksum(header: Uint8Array): Uint8Array {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((a, b) => a + b, 0);
  const digits = `${sum.toString(8).padStart(6, "0")}\0 `;
  header.set(new TextEncoder().encode(digits), 148);
  return header;
}
