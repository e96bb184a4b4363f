import { FolderFile } from "../../lib/context/file.ts";
import { readInside } from "../../lib/context/read_inside.ts";
import { findIgnoreRules } from "../../lib/context/ignore_rules.ts";
import { walkContext } from "../support/walk.ts";
import { ContextError } from "../../lib/errors.ts";
import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import { PacketType } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { tarDirectory } from "../../mod.ts";
import { framed } from "../grpc/framed.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** A folder `in`, and a secret beside it where a link could lead. */
async function withSecret(
  use: (root: string, swap: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "in/d/e/a": "inside",
      "in/z": "z",
      "out/e/a": "SECRET",
      "out/e/other": "",
      "out/e/link-target": "",
    });
    const swap = async () => {
      await Deno.rename(`${folder}/in/d`, `${folder}/moved`);
      await Deno.symlink("../out", `${folder}/in/d`);
    };
    await use(`${folder}/in`, swap);
  });
}

for (const after of ["d", "d/e"]) {
  Deno.test(`walkContext() tells no names of elsewhere when a folder becomes a link behind "${after}"`, async () => {
    await withSecret(async (root, swap) => {
      const names: string[] = [];
      const walk = walkContext(root);
      const rest = () => {
        for (const { path } of walk) names.push(path);
      };
      for (let path = ""; path !== after; names.push(path)) {
        path = walk.next().value!.path;
      }
      await swap();
      const error = assertThrows(rest, ContextError);
      assert(/became a link/.test(error.message), error.message);
      assert(!names.includes("d/e/other"), names.join());
    });
  });
}

Deno.test("sendLocal() sends nothing of elsewhere when a folder above a file becomes a link", async () => {
  await withSecret(async (root, swap) => {
    const writer = new PacketWriter();
    const listed = Promise.withResolvers<void>();
    const requests = [writer.request(2).slice()];
    const sent: string[] = [];
    let told = "";
    const sending = sendLocal(
      framed({
        signal: new AbortController().signal,
        async read() {
          await listed.promise;
          return requests.shift() ?? await new Promise<null>(() => {});
        },
        async write(...parts) {
          const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
          const { type, stat, data } = readPacket(bytes);
          const text = new TextDecoder().decode(data);
          if (type === PacketType.ERR) told = text;
          if (type === PacketType.DATA) sent.push(text);
          if (type !== PacketType.STAT || stat !== undefined) return;
          await swap();
          listed.resolve();
        },
      }),
      new FolderLocal(root),
      { include: [], exclude: [], follow: [] },
    );
    const error = await assertRejects(() => sending, ContextError);
    assert(/became a link/.test(error.message), error.message);
    assertEquals(told, error.message);
    assertEquals(sent, []);
  });
});

Deno.test("a program with few permissions notices it, too", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "in/d/a": "inside", "out/a": "SECRET" });
    const script = `import { FolderFile } from "${new URL(
      "../../lib/context/file.ts",
      import.meta.url,
    )}";
      const read = () => {
        using file = new FolderFile("${folder}/in", "d/a", 6);
        const bytes = new Uint8Array(20);
        return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes)));
      };
      console.log(read());
      Deno.renameSync("${folder}/in/d", "${folder}/moved");
      new Deno.Command("ln", { args: ["-s", "../out", "${folder}/in/d"] }).outputSync();
      try { console.log(read()); } catch (error) { console.log(error.name); }`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
        "--allow-run=ln",
        `data:text/javascript,${encodeURIComponent(script)}`,
      ],
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout),
      "inside\nContextError\n",
      new TextDecoder().decode(stderr),
    );
  });
});

Deno.test("tarDirectory() packs nothing of elsewhere when a folder above a file becomes a link", async () => {
  await withSecret(async (root, swap) => {
    // The first chunk ends in it, and the entries of the folder come later.
    await Deno.writeFile(`${root}/d/big`, new Uint8Array(3_000_000));
    const reader = tarDirectory(root).getReader();
    const chunks: BlobPart[] = [(await reader.read()).value!];
    await swap();
    await assertRejects(
      async () => {
        for (let part; !(part = await reader.read()).done;) {
          chunks.push(part.value);
        }
      },
      ContextError,
      "became a link",
    );
    const text = await new Blob(chunks).text();
    assert(!text.includes("SECRET") && !text.includes("other"));
  });
});

Deno.test("findIgnoreRules() follows links as if the folder were all that there is", async () => {
  await withTempFolder(async (folder) => {
    const root = `${folder}/in`;
    await writeTree(folder, {
      outside: "SECRET",
      "in/d/rules": "inside",
      "in/outside-2": "at the root",
    });
    const targets: [string, string | undefined][] = [
      ["d/rules", "inside"],
      ["./d/../d/rules", "inside"],
      ["/d/rules", "inside"],
      ["../outside", undefined],
      [`${folder}/outside`, undefined],
      ["../../../outside-2", "at the root"],
      ["up/outside", undefined],
      [".dockerignore", undefined],
      ["nowhere", undefined],
    ];
    await Deno.symlink("..", `${root}/up`);
    for (const [target, expected] of targets) {
      await Deno.symlink(target, `${root}/.dockerignore`);
      const { file, bytes } = await findIgnoreRules(root, "Dockerfile");
      const text = file === undefined
        ? undefined
        : new TextDecoder().decode(bytes);
      assertEquals(text, expected, target);
      await Deno.remove(`${root}/.dockerignore`);
    }
  });
});

Deno.test("walkContext() notices a link that took a folder's place behind its listing", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "in/d/a": "", "in/d/b": "", "out/b": "SECRET" });
    const walk = walkContext(`${folder}/in`);
    while (walk.next().value?.path !== "d/a");
    await Deno.rename(`${folder}/in/d`, `${folder}/moved`);
    await Deno.symlink(`${folder}/out`, `${folder}/in/d`);
    assertThrows(() => [...walk], ContextError, "became a link");
  });
});

Deno.test("a file elsewhere is closed again when it is refused", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "in/z": "", "out/a": "SECRET" });
    await Deno.symlink("../out", `${folder}/in/d`);
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    for (let count = 0; count < 10; count++) {
      assertThrows(
        () => new FolderFile(`${folder}/in`, "d/a", 6),
        ContextError,
        "became a link",
      );
    }
    assertEquals(open(), before);
  });
});

Deno.test("readInside() takes an absolute link for one from the folder's root, wherever it lies", async () => {
  await withTempFolder(async (folder) => {
    const root = `${folder}/in`;
    await writeTree(folder, {
      "in/d/file": "inside",
      "in/sub/d/file": "other",
    });
    for (
      const [target, expected] of [
        ["/d/file", "inside"],
        ["d/file", "other"],
        ["../d/file", "inside"],
        ["/sub/d/file", "other"],
        ["/file", undefined],
      ] as const
    ) {
      await Deno.symlink(target, `${root}/sub/link`);
      const bytes = await readInside(root, "sub/link", "advice");
      const text = bytes && new TextDecoder().decode(bytes);
      assertEquals([target, text], [target, expected]);
      await Deno.remove(`${root}/sub/link`);
    }
  });
});
