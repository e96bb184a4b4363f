import { assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { buildInput } from "../../lib/cli/build_input.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";

function input(word: string, ...flags: string[]) {
  const { signal } = new AbortController();
  return buildInput(word, parseWords(flags, BUILD_FLAGS), signal);
}

Deno.test("buildInput takes addresses as docker does, scp's form among them", async () => {
  for (
    const url of [
      "https://a.example/b.tar",
      "git@a.example:b.git",
      "ssh://me@a.example/b.git",
      "github.com/a/b",
    ]
  ) {
    assertEquals(await input(url, "-f", "d"), {
      context: url,
      dockerfile: "d",
    });
  }
  const scp = await input("me@a.example:b.git#main", "-f", "d");
  assertEquals([scp.remote, scp.dockerfile, scp.folder], [
    "me@a.example:b.git#main",
    "d",
    undefined,
  ]);
  await assertRejects(() => input("me@a.example:b.git", "-f", "-"), UsageError);
});

Deno.test("buildInput finds the folder and its Dockerfile", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "upper/Dockerfile": "",
      "lower/dockerfile": "",
      "me@host:x/Dockerfile": "",
    });
    const at = (name: string) => `${folder}/${name}`;
    for (const name of ["upper", "lower"]) {
      const path = at(name);
      assertEquals(await input(path), { context: path, folder: path });
    }
    assertEquals(await input(at("upper"), "-f", at("lower/Dockerfile")), {
      context: { context: at("upper"), dockerfile: at("lower/dockerfile") },
      folder: at("upper"),
    });
    // What is there is no address.
    const cwd = Deno.cwd();
    Deno.chdir(folder);
    try {
      assertEquals(await input("me@host:x"), {
        context: "me@host:x",
        folder: "me@host:x",
      });
    } finally {
      Deno.chdir(cwd);
    }
    for (
      const words of [
        [folder],
        [at("upper"), "-f", at("upper/dockerfile")],
        [at("upper"), "-f", "https://a.example/Dockerfile"],
        [at("none")],
        [at("upper/Dockerfile")],
      ] as const
    ) {
      const [word, ...flags] = words;
      await assertRejects(() => input(word, ...flags), UsageError);
    }
  });
});
