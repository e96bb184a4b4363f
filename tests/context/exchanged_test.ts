import { findIgnoreRules } from "../../lib/context/ignore_rules.ts";
import { MemoryFiles } from "../../lib/context/memory_files.ts";
import {
  MAX_TEXT_BYTES,
  readInside,
  readNamed,
} from "../../lib/context/read_inside.ts";
import { walkContext } from "../support/walk.ts";
import { ContextError } from "../../lib/errors.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

type Exchange = (folder: string) => Promise<void>;

/**
 * Reads while somebody else is at work: directly behind each look at the file,
 * which is the best moment there is, what it leads to is exchanged.
 */
async function whileExchanged<T>(
  path: string,
  exchange: () => Promise<void>,
  read: () => Promise<T>,
): Promise<T> {
  const { lstat, stat } = Deno;
  const behind = (look: typeof Deno.stat): typeof Deno.stat => async (at) => {
    const info = await look(at);
    if (at === path) await exchange();
    return info;
  };
  Object.assign(Deno, { lstat: behind(lstat), stat: behind(stat) });
  try {
    return await read();
  } finally {
    Object.assign(Deno, { lstat, stat });
  }
}

/** @param mode Of the context; by default others may exchange its files. */
async function withContext(
  use: (folder: string, root: string) => Promise<void>,
  mode = 0o777,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "in/Dockerfile": "FROM scratch",
      "in/.dockerignore": "inside",
      "in/d/Dockerfile": "FROM scratch",
      "out/Dockerfile": "OUTSIDE",
      "out/.dockerignore": "OUTSIDE",
    });
    await Deno.chmod(`${folder}/in`, mode);
    await Deno.chmod(`${folder}/in/d`, mode);
    await use(folder, `${folder}/in`);
  });
}

const link = (name: string): Exchange => async (folder) => {
  await Deno.remove(`${folder}/in/${name}`);
  await Deno.symlink(`${folder}/out/${name}`, `${folder}/in/${name}`);
};
const folderLink: Exchange = async (folder) => {
  await Deno.rename(`${folder}/in/d`, `${folder}/moved`);
  await Deno.symlink(`${folder}/out`, `${folder}/in/d`);
};
const rootLink: Exchange = async (folder) => {
  await Deno.rename(`${folder}/in`, `${folder}/moved`);
  await Deno.symlink(`${folder}/out`, `${folder}/in`);
};
const fifo = (name: string): Exchange => async (folder) => {
  await Deno.remove(`${folder}/in/${name}`);
  await new Deno.Command("mkfifo", { args: [`${folder}/in/${name}`] })
    .output();
};
const socket = (name: string): Exchange => async (folder) => {
  await Deno.remove(`${folder}/in/${name}`);
  // What was bound and moved stays when nobody listens any more.
  const path = `${folder}/socket`;
  using _listener = Deno.listen({ transport: "unix", path });
  await Deno.rename(path, `${folder}/in/${name}`);
};
const device = (name: string): Exchange => async (folder) => {
  await Deno.remove(`${folder}/in/${name}`);
  await Deno.symlink("/dev/zero", `${folder}/in/${name}`);
};
const subfolder = (name: string): Exchange => async (folder) => {
  await Deno.remove(`${folder}/in/${name}`);
  await Deno.mkdir(`${folder}/in/${name}`);
};

const EXCHANGES: [what: string, path: string, Exchange, RegExp][] = [
  ["a link", "Dockerfile", link("Dockerfile"), /became a link/],
  ["a link above it", "d/Dockerfile", folderLink, /became a link/],
  ["a link in the place of the root", "Dockerfile", rootLink, /became a link/],
  ["a FIFO", "Dockerfile", fifo("Dockerfile"), /no regular file/],
  ["a socket", "Dockerfile", socket("Dockerfile"), /no regular file/],
  ["a link to a device", "Dockerfile", device("Dockerfile"), /became a link/],
  ["a folder", "Dockerfile", subfolder("Dockerfile"), /a folder/],
];

for (const [what, path, exchange, told] of EXCHANGES) {
  Deno.test(`readInside() reads nothing of ${what} that took the file's place`, async () => {
    await withContext(async (folder, root) => {
      const error = await whileExchanged(
        `${root}/${path}`,
        () => exchange(folder),
        () => assertRejects(() => readInside(root, path, "x"), ContextError),
      );
      assert(told.test(error.message), error.message);
    });
  });
}

Deno.test("readInside() notices what took the place of a file that only this user can exchange", async () => {
  for (const [what, path, exchange, told] of EXCHANGES) {
    if (what === "a FIFO") continue; // would be waited for
    await withContext(async (folder, root) => {
      const error = await whileExchanged(
        `${root}/${path}`,
        () => exchange(folder),
        () => assertRejects(() => readInside(root, path, "x"), ContextError),
      );
      assert(
        told.test(error.message) ||
          /became a link|No such device/.test(error.message),
        `${what}: ${error.message}`,
      );
    }, 0o700);
  }
});

for (
  const [what, exchange, told] of [
    ["a link", link(".dockerignore"), /became a link/],
    ["a FIFO", fifo(".dockerignore"), /no regular file/],
    ["a socket", socket(".dockerignore"), /no regular file/],
  ] as const
) {
  Deno.test(`findIgnoreRules() reads nothing of ${what} that took the ignore file's place`, async () => {
    await withContext(async (folder, root) => {
      const error = await whileExchanged(
        `${root}/.dockerignore`,
        () => exchange(folder),
        () =>
          assertRejects(
            () => findIgnoreRules(root, "Dockerfile"),
            ContextError,
          ),
      );
      assert(told.test(error.message), error.message);
    });
  });
}

Deno.test("readNamed() follows a link, as its caller says, and waits for no FIFO", async () => {
  await withContext(async (folder, root) => {
    await link("Dockerfile")(folder);
    const path = `${root}/Dockerfile`;
    const text = new TextDecoder().decode(await readNamed(path, "x"));
    assertEquals(text, "OUTSIDE");
    for (const exchange of [fifo("Dockerfile"), device("Dockerfile")]) {
      await Deno.remove(path, { recursive: true });
      await Deno.writeTextFile(path, "FROM scratch");
      const error = await whileExchanged(
        path,
        () => exchange(folder),
        () => assertRejects(() => readNamed(path, "x"), ContextError),
      );
      assert(/no regular file/.test(error.message), error.message);
    }
  });
});

Deno.test("readInside() takes a file for none that is removed behind the look at it", async () => {
  await withContext(async (_, root) => {
    const path = `${root}/Dockerfile`;
    const bytes = await whileExchanged(
      path,
      () => Deno.remove(path),
      () => readInside(root, "Dockerfile", "x"),
    );
    assertEquals(bytes, undefined);
  });
});

Deno.test("readInside() reads nothing of a link that took the file's place when it was found to be none", async () => {
  await withContext(async (folder, root) => {
    const { readLink } = Deno;
    const path = `${root}/Dockerfile`;
    Object.assign(Deno, {
      readLink: async (at: string) => {
        try {
          return await readLink(at);
        } finally {
          if (at === path) await link("Dockerfile")(folder);
        }
      },
    });
    try {
      await assertRejects(
        () => readInside(root, "Dockerfile", "advice"),
        ContextError,
        "became a link",
      );
    } finally {
      Object.assign(Deno, { readLink });
    }
  });
});

Deno.test("readInside() reads 16 MiB and no more, of a file and of one in memory", async () => {
  await withTempFolder(async (root) => {
    const path = `${root}/Dockerfile`;
    await Deno.writeTextFile(path, "");
    for (const [more, fits] of [[0, true], [1, false]] as const) {
      const length = MAX_TEXT_BYTES + more;
      await Deno.truncate(path, length);
      const files = await MemoryFiles.of(
        new Map([["Dockerfile", {
          content: new Uint8Array(length),
          mode: 0o644,
          mtimeMs: 0,
        }]]),
      );
      for (const over of [undefined, files]) {
        const reading = readInside(root, "Dockerfile", "advice", over);
        if (fits) assertEquals((await reading)?.length, MAX_TEXT_BYTES);
        else {
          await assertRejects(
            () => reading,
            ContextError,
            `more than ${MAX_TEXT_BYTES} bytes`,
          );
        }
      }
    }
  });
});

Deno.test("readInside() refuses what grows beyond the limit behind the look at it", async () => {
  await withContext(async (_, root) => {
    const path = `${root}/Dockerfile`;
    const error = await whileExchanged(
      path,
      () => Deno.truncate(path, 17 * 1024 * 1024),
      () =>
        assertRejects(() => readInside(root, "Dockerfile", "x"), ContextError),
    );
    assert(/more than 16777216 bytes/.test(error.message), error.message);
  });
});

Deno.test("walkContext() notices a link in the place of the root itself", async () => {
  await withContext(async (folder, root) => {
    await writeTree(`${folder}/out`, { "d/other": "" });
    const walk = walkContext(root);
    const first = walk.next().value!;
    await rootLink(folder);
    const names = [first.path];
    const error = assertThrows(() => {
      for (const { path } of walk) names.push(path);
    }, ContextError);
    assert(/became a link/.test(error.message), error.message);
    assert(!names.includes("d/other"), names.join());
  });
});

Deno.test("a program with few permissions tells a file by its number, where its folder is back in its place", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "in/d/Dockerfile": "x", "out/Dockerfile": "y" });
    await Deno.rename(`${folder}/in/d`, `${folder}/moved`);
    await new Deno.Command("ln", { args: ["-s", "../out", `${folder}/in/d`] })
      .output();
    const script = `
      const real = Deno.realPathSync;
      Deno.realPathSync = (path) => {
        Deno.realPathSync = real;
        Deno.removeSync("${folder}/in/d");
        Deno.renameSync("${folder}/moved", "${folder}/in/d");
        return real(path);
      };
      const { FolderFile } = await import(${
      JSON.stringify(new URL("../../lib/context/file.ts", import.meta.url))
    });
      try {
        using _file = new FolderFile("${folder}/in", "d/Dockerfile", 1);
        console.log("opened");
      } catch (error) { console.log(error.name); }`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
        `data:text/javascript,${encodeURIComponent(script)}`,
      ],
      stderr: "inherit",
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "ContextError\n");
  });
});
