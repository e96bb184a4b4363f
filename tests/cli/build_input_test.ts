import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { buildInput } from "../../lib/cli/build_input.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { withStdin } from "./in_process.ts";

const decoder = new TextDecoder();

/** What is read of a stream that stands for a context or a Dockerfile. */
async function read(stream: unknown): Promise<string> {
  return decoder.decode(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
      .bytes(),
  );
}

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
  assertEquals([scp.context, scp.dockerfile], ["me@a.example:b.git#main", "d"]);
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
      assertEquals(await input(path), { context: path });
    }
    assertEquals(await input(at("upper"), "-f", at("lower/Dockerfile")), {
      context: { context: at("upper"), dockerfile: at("lower/dockerfile") },
    });
    // What is there is no address.
    const cwd = Deno.cwd();
    Deno.chdir(folder);
    try {
      assertEquals(await input("me@host:x"), {
        context: "me@host:x",
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

Deno.test("buildInput throws what it can't look at, and says what it does not find", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "a/Dockerfile": "" });
    const at = (name: string) => `${folder}/${name}`;
    const { NotADirectory } = Deno.errors;
    const below = at("a/Dockerfile/x");
    await assertRejects(() => input(below), NotADirectory);
    await assertRejects(() => input(at("a"), "-f", below), NotADirectory);
    for (
      const [words, answer] of [
        [[at("none")], /^unable to prepare context: path ".*none" not found$/],
        [[at("a/Dockerfile")], /is not a folder; a tar is given as - on/],
        [[at("a"), "-f", at("none")], /no file ".*none"; --file names another/],
        [[folder], /no file ".*\/Dockerfile"/],
        [["-", "-f", "-"], /can't be both the context and --file$/],
        [["-", "--secret=id=a,src=-"], /both the context and --secret$/],
        [[".", "-f", "-", "--secret=id=a,src=-"], /both --file and --secret$/],
        [
          [".", "--secret=id=a,src=-", "--secret=id=b,src=-"],
          /^standard input can't be several of --secret$/,
        ],
        [
          ["-", "--secret=id=a,src=-", "--secret=id=b,src=-"],
          /^standard input can't be several of --secret$/,
        ],
      ] as const
    ) {
      const [word, ...flags] = words;
      const error = await assertRejects(
        () => input(word!, ...flags),
        UsageError,
      );
      assertMatch(error.message, answer);
    }
  });
});

Deno.test("buildInput takes a tar, a Dockerfile, or one beside a folder from standard input", async () => {
  const tar = await tarBytes({ Dockerfile: "FROM a\n" });
  const dockerfile = new TextEncoder().encode("FROM a\n");
  const given = (bytes: Uint8Array, word: string, ...flags: string[]) =>
    withStdin(bytes, () => input(word, ...flags));
  for (const flags of [[], ["-f", "other"]]) {
    const { context, ...rest } = await given(tar, "-", ...flags);
    assertEquals(await read(context), decoder.decode(tar));
    assertEquals(rest, flags.length === 0 ? {} : { dockerfile: "other" });
  }
  const alone = await given(dockerfile, "-");
  assertEquals(Object.keys(alone.context), ["dockerfile"]);
  assertEquals(
    await read((alone.context as { dockerfile: unknown }).dockerfile),
    "FROM a\n",
  );
  const error = await assertRejects(
    () => given(dockerfile, "-", "-f", "other"),
    UsageError,
  );
  assertMatch(error.message, /is a Dockerfile, and --file names another one/);
  await withTempFolder(async (folder) => {
    const { context, ...rest } = await given(dockerfile, folder, "-f", "-");
    const beside = context as { context: string; dockerfile: unknown };
    assertEquals([beside.context, rest], [folder, {}]);
    assertEquals(await read(beside.dockerfile), "FROM a\n");
  });
});
