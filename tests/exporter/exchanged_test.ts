import { ArchiveFile } from "../../lib/exporter/archive_file.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { exchangedAt } from "./exchange.ts";
import { listing, scratch } from "./scratch.ts";
import { packets, play, playTree } from "./script.ts";

const LIMITS = { maxEntries: 1000, maxBytes: Infinity };

async function exportFolder(dest: string): Promise<void> {
  const exporter = new FolderExporter(dest, LIMITS);
  try {
    await exporter.prepare();
    await exporter.receive(playTree([
      { stat: packets.folder("a", 0o777) },
      { stat: packets.folder("a/b", 0o777) },
      { stat: packets.file("a/b/same", 3), content: new Uint8Array(3) },
      { stat: packets.file("a/fresh", 3), content: new Uint8Array(3) },
      { stat: packets.file("a/passwd", 3), content: new Uint8Array(3) },
      { stat: packets.folder("c", 0o777) },
      { stat: packets.file("c/x", 3), content: new Uint8Array(3) },
    ]));
    await exporter.commit();
  } finally {
    await exporter.discard();
  }
}

async function exportArchive(dest: string): Promise<void> {
  const exporter = new ArchiveFile(dest, LIMITS);
  try {
    await exporter.prepare();
    await exporter.receive(play([new Uint8Array(3)]));
    await exporter.commit();
  } finally {
    await exporter.discard();
  }
}

const CASES: [
  what: string,
  swapped: string,
  dest: string,
  (dest: string) => Promise<void>,
][] = [
  ["a folder that is merged", "top/dest/a", "top/dest", exportFolder],
  ["the destination", "top/dest", "top/dest", exportFolder],
  ["the folder above it", "top", "top/dest", exportFolder],
  ["the folder above a fresh one", "top", "top/fresh", exportFolder],
  ["a folder above one to be made", "top", "top/x/y/fresh", exportFolder],
  ["the folder of an archive", "top", "top/passwd", exportArchive],
  ["the folder of a fresh archive", "top", "top/fresh", exportArchive],
];

for (const [what, swapped, dest, run] of CASES) {
  Deno.test(`an export changes nothing outside when ${what} is exchanged for a link, whenever that is`, async () => {
    let number = 0;
    for (let isLess = true; isLess; number++) {
      await using place = await scratch();
      const at = (path: string) => `${place.path}/${path}`;
      for (
        const folder of [
          "top/dest/a/b",
          "outside/a/b",
          "outside/b",
          "outside/dest/a/b",
          "outside/x/y",
        ]
      ) await Deno.mkdir(at(folder), { recursive: true, mode: 0o700 });
      for (
        const file of [
          "top/passwd",
          "top/dest/a/b/same",
          "outside/passwd",
          "outside/a/passwd",
          "outside/b/same",
          "outside/dest/passwd",
          "outside/dest/a/b/same",
        ]
      ) await Deno.writeTextFile(at(file), "as it was");
      const before = await listing(at("outside"));
      const exchange = () => {
        Deno.renameSync(at(swapped), at("moved"));
        Deno.symlinkSync(at("outside"), at(swapped));
      };
      // It may fail, or go to where the folder is now: both are right.
      isLess = await exchangedAt(
        number,
        exchange,
        () =>
          run(at(dest)).catch((error) => {
            if (!(error instanceof ExportError)) throw error;
            assert(!error.message.includes("/proc/self"), error.message);
          }),
      );
      assertEquals(await listing(at("outside")), before, `call ${number}`);
    }
    assert(number > 6, `only ${number} calls`);
  });
}

/** Exports in a program of its own, as root but without all permissions. */
async function exportWithFewPermissions(
  folder: string,
  dest: string,
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--no-prompt"],
      ...[`--allow-read=${folder}`, `--allow-write=${folder}`],
      new URL("permission_program.ts", import.meta.url).href,
      ...[dest, "folder"],
    ],
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test({
  name:
    "an export as root is refused where others may write and folders can't be held",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  async fn() {
    for (
      const [shared, dest, how] of [
        ["top", "top/fresh", 0o777],
        ["top/dest", "top/dest", 0o1777],
        ["top/dest", "top/dest", "owner"],
        ["top/dest/both", "top/dest", 0o775],
      ] as const
    ) {
      await using place = await scratch();
      await Deno.mkdir(`${place.path}/top/dest/both`, { recursive: true });
      const path = `${place.path}/${shared}`;
      if (how === "owner") await Deno.chown(path, 12345, 12345);
      else await Deno.chmod(path, how);
      const before = await listing(place.path);
      const said = await exportWithFewPermissions(
        place.path,
        `${place.path}/${dest}`,
      );
      assert(/^ExportError: .* as root: others may write/.test(said), said);
      assertEquals(Object.keys(await listing(place.path)), Object.keys(before));
    }
  },
});

Deno.test("an export refuses a folder that is not the one that was found", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
  await Deno.mkdir(`${place.path}/dest`);
  await exporter.prepare();
  await exporter.receive(playTree([{ stat: packets.folder("a") }]));
  await Deno.rename(`${place.path}/dest`, `${place.path}/moved`);
  await Deno.mkdir(`${place.path}/outside`);
  await Deno.symlink("outside", `${place.path}/dest`);
  const error = await assertRejects(() => exporter.commit(), ExportError);
  assert(/exchanged|not a directory/i.test(error.message), error.message);
  assertEquals(await listing(`${place.path}/outside`), {});
});
