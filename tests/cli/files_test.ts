import { engineHost } from "../../lib/imagebuild/host.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { planOutput } from "../../lib/cli/output_flag.ts";
import { print } from "../../lib/cli/print.ts";
import { ResultFiles } from "../../lib/cli/result_files.ts";
import { secretSources } from "../../lib/cli/secret_flag.ts";
import { ToldLines } from "../../lib/cli/told_lines.ts";
import type { DockerClient } from "../../lib/client/docker_client.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
import { keepSolved } from "../../lib/imagebuild/solved.ts";
import { historyEvent, historyRecord } from "../../lib/proto/history.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { answer, ScriptedEngine } from "../buildkit/scripted_engine.ts";
import { replaced } from "../exporter/scratch.ts";
import { DAVIT } from "./command.ts";

async function makeFifo(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] })
    .output();
  assert(success);
}

Deno.test("print() writes all of a text, and minds no reader that has seen enough", () => {
  let text = "";
  print("a text", {
    writeSync(bytes) {
      const taken = bytes.subarray(0, 3);
      text += new TextDecoder().decode(taken);
      return taken.length;
    },
  });
  assertEquals(text, "a text\n");
  const failing = (error: Error) => ({
    writeSync: (): number => {
      throw error;
    },
  });
  print("a text", failing(new Deno.errors.BrokenPipe("gone")));
  const full = new Error("no space left on device");
  assertThrows(() => print("a text", failing(full)), Error, "no space left");
});

Deno.test("a command whose output nobody reads ends well", async () => {
  const [program, ...args] = DAVIT;
  const child = new Deno.Command(program!, {
    args: [...args, "--help"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // Before it has begun.
  await child.stdout.cancel();
  const [stderr, { code }] = await Promise.all([
    new Response(child.stderr).text(),
    child.status,
  ]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("ToldLines knows a log by its end, and waits for no FIFO", async () => {
  await withTempFolder(async (folder) => {
    const log = new ToldLines();
    log.told("first\nthe last line of the first text", "id");
    const path = `${folder}/log`;
    for (
      const [content, isLog] of [
        ["", false],
        ["i", false],
        ["id", false],
        ["id\n", true],
        ["void\n", true],
        ["id\nmore\n", false],
        ["the last line of the first text\n", true],
        ["first\n", false],
      ] as const
    ) {
      await Deno.writeTextFile(path, content);
      assertEquals([content, await log.endIn(path)], [content, isLog]);
    }
    log.told("other");
    await Deno.writeTextFile(path, "id\n");
    assertFalse(await log.endIn(path));
    assertFalse(await log.endIn(`${folder}/none`));
    assertFalse(await log.endIn(folder));
    await makeFifo(`${folder}/fifo`);
    assertFalse(await log.endIn(`${folder}/fifo`));
  });
});

Deno.test("files for results are tried, and left as they are", async () => {
  await withTempFolder(async (folder) => {
    const open = (...flags: string[]) => {
      const parsed = parseWords(flags, BUILD_FLAGS);
      return ResultFiles.open(parsed, planOutput(parsed));
    };
    const at = (name: string) => `${folder}/${name}`;
    await Deno.writeTextFile(at("there"), "an earlier id");
    await Deno.writeTextFile(at("empty"), "");
    await makeFifo(at("fifo"));
    await Deno.symlink("new", at("link"));
    for (const flag of ["iidfile", "metadata-file"]) {
      for (const name of ["there", "empty", "fifo", "new", "link"]) {
        const files = await open(`--${flag}`, at(name));
        assertEquals(files.paths, [at(name)]);
      }
      for (const name of ["none/new", "none/", ""]) {
        await assertRejects(() => open(`--${flag}`, at(name)), UsageError);
      }
    }
    assertEquals(await Deno.readTextFile(at("there")), "an earlier id");
    const names = async () =>
      (await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name))
        .sort();
    assertEquals(await names(), ["empty", "fifo", "link", "there"]);
    for (
      const [name, words] of [
        ["empty/x", `can't be written: Not a directory`],
        ["none/new", `can't be written: there is no folder for "`],
        [".", " is a folder"],
      ] as const
    ) {
      const { message } = await assertRejects(
        () => open("--iidfile", at(name)),
        UsageError,
        words,
      );
      assert(message.startsWith("--iidfile can't be written: "), message);
      assert(!message.includes("Error:"), message);
    }
    for (const error of [new Error("the disk is gone"), "the disk is gone"]) {
      using _open = replaced(Deno, "open", () => () => Promise.reject(error));
      const { message } = await assertRejects(
        () => open("--iidfile", at("there")),
        UsageError,
      );
      assertEquals(message, "--iidfile can't be written: the disk is gone");
    }
    // An id is taken away before a build, what is no file is not.
    for (const name of ["there", "fifo", "new"]) {
      await (await open("--iidfile", at(name))).clear();
    }
    const metadata = await open("--metadata-file", at("empty"));
    await metadata.clear();
    assertEquals(await names(), ["empty", "fifo", "link"]);
  });
});

/** Does it only after a while, as a slow disk does. */
function slowly<Given extends unknown[], Result>(
  call: (...given: Given) => Promise<Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return await call(...given);
  };
}

Deno.test("files for results are written, or gone, when that is said", async () => {
  const solved = { ref: "r", answer: new Map() };
  const result = { imageId: "sha256:1", names: [] } as unknown as BuildResult;
  await using scripted = new ScriptedEngine({
    ListenBuildHistory: answer(
      historyEvent.encode({
        record: { ...historyRecord.zero(), ref: "r" },
      }),
    ),
  });
  keepSolved(result, engineHost(scripted.engine), solved);
  const { signal } = new AbortController();
  await withTempFolder(async (folder) => {
    using _remove = replaced(Deno, "remove", slowly);
    using _write = replaced(Deno, "writeTextFile", slowly);
    const [id, metadata] = [`${folder}/id`, `${folder}/m`];
    const written = async (...flags: string[]) => {
      const parsed = parseWords(["--context=mine", ...flags], BUILD_FLAGS);
      const files = await ResultFiles.open(parsed, planOutput(parsed));
      assertEquals(namesNow(folder), []);
      await files.write(
        null as unknown as DockerClient,
        result,
        undefined,
        signal,
      );
      const names = namesNow(folder);
      await files.clear();
      return [names, namesNow(folder)];
    };
    assertEquals(await written(`--iidfile=${id}`), [["id"], []]);
    assertEquals(await written(`--metadata-file=${metadata}`), [["m"], ["m"]]);
    assertEquals(JSON.parse(await Deno.readTextFile(metadata)), {
      "buildx.build.ref": "mine/mine/r",
      "containerimage.config.digest": "sha256:1",
      "containerimage.digest": "sha256:1",
    });
  });
});

/** The names in a folder, at this very moment. */
function namesNow(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

Deno.test("a secret of standard input is read once, for all builds of a watch", async () => {
  const readable = ReadableStream.from([new TextEncoder().encode("hunter2")]);
  const stdin = Object.getOwnPropertyDescriptor(Deno, "stdin")!;
  Object.defineProperty(Deno, "stdin", {
    value: { readable },
    configurable: true,
  });
  try {
    const { t: source } = secretSources(["id=t,src=-"]);
    assert(typeof source === "function");
    const { signal } = new AbortController();
    const read = async () => {
      const value = await source({ id: "t", signal });
      assert(value instanceof Uint8Array);
      return new TextDecoder().decode(value);
    };
    assertEquals(await Promise.all([read(), read()]), ["hunter2", "hunter2"]);
    assertEquals(await read(), "hunter2");
  } finally {
    Object.defineProperty(Deno, "stdin", stdin);
  }
});
