import { dirname } from "@std/path/posix/dirname";
import { withTempFolder } from "../support/folder.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { TimingsFile } from "../../lib/cli/timings_file.ts";
import { textWidth } from "../../lib/display/text_width.ts";
import { tarBytes } from "../support/tar.ts";
import { dockerfileOf, readTrace } from "../progress/traces.ts";
import { appTimings } from "../timings/recorded.ts";
import { davitHere } from "./in_process.ts";
import { startScripted } from "./scripted.ts";

// deno-lint-ignore no-control-regex
const COLOR_REGEXP = /\x1b\[\d+m/g;

/** Builds as a recorded build was built. */
async function built(
  words: readonly string[],
  name: "output" | "failing_run" = "output",
  terminals: readonly "stdout"[] = [],
) {
  const progress = words.some((word) => /^(-q|--progress=.*)$/.test(word))
    ? []
    : ["--progress=plain"];
  await using engine = await startScripted([
    { to: /^POST \/build\?/, lines: readTrace(`28_${name}`) },
  ]);
  const { code, stdout, stderr } = await davitHere(
    [
      "build",
      "-H",
      engine.host,
      "--api=engine",
      ...progress,
      ...words,
      "-",
    ],
    { stdin: await tarBytes({ Dockerfile: dockerfileOf(name) }), terminals },
  );
  return {
    code,
    stdout: new TextDecoder().decode(stdout),
    stderr,
    calls: engine.requests.length,
  };
}

Deno.test("davit build --timings=- prints where the time went, and nothing else, on standard output", async () => {
  const { code, stdout, stderr } = await built(["--timings=-"]);
  assertEquals(code, 0, stderr);
  assert(stdout.startsWith("The build took 658 ms: 8 steps, "), stdout);
  assertStringIncludes(stdout, "COPY hello.txt /");
  assert(!stderr.includes("timings written"));
  // Colours are for terminals.
  assert(!stdout.includes("\x1b"));
  const shown = (await built(["--timings=-"], "output", ["stdout"])).stdout;
  assertStringIncludes(shown, "\x1b[33m");
  // The width of a terminal that tells none is 80.
  const widest = (text: string) =>
    Math.max(
      ...text.split("\n").map((line) =>
        textWidth(line.replace(COLOR_REGEXP, ""))
      ),
    );
  assert(widest(shown) <= 80 && widest(shown) > 70);
  assert(widest(stdout) > 80);
});

Deno.test("davit build --timings alone writes a page into a new file outside of the folder", async () => {
  const { code, stderr } = await built(["--timings", "-t", "app:1"]);
  assertEquals(code, 0, stderr);
  const path = /^timings written to (.*)$/m.exec(stderr)![1]!;
  try {
    assert(/\/davit-timings-[^/]*\/timings\.html$/.test(path), path);
    const page = await Deno.readTextFile(path);
    assertStringIncludes(page, "<title>Timings of app:1</title>");
  } finally {
    await Deno.remove(dirname(path), { recursive: true });
  }
});

Deno.test("of a page without a name the path is told on standard error, however little else is", async () => {
  for (const progress of ["quiet", "rawjson", "none", "plain"]) {
    const { code, stdout, stderr } = await built([
      "--timings",
      `--progress=${progress}`,
    ]);
    assertEquals(code, 0, stderr);
    const path = /^timings written to (.*)$/m.exec(stderr)?.[1];
    assert(path !== undefined, `${progress}: ${stderr}`);
    const page = await Deno.readTextFile(path);
    await Deno.remove(dirname(path), { recursive: true });
    assert(page.startsWith("<!doctype html>"));
    // With --quiet the image's id alone is for programs.
    assert(
      progress === "quiet"
        ? /^sha256:[0-9a-f]{64}\n$/.test(stdout)
        : stdout === "",
      stdout,
    );
  }
  // One that has a name is told where there are other words for people.
  await withTempFolder(async (folder) => {
    const { stderr } = await built([`--timings=${folder}/t.html`, "-q"]);
    assertEquals(stderr, "");
  });
});

Deno.test("the builds of a watch write one page without a name, and tell it each time", async () => {
  const init = { dest: undefined, against: undefined, title: "x" };
  const file = await TimingsFile.open(init);
  const other = await TimingsFile.open(init);
  const [path] = file.paths;
  assert(path !== other.paths[0]);
  // Of a build that is refused nothing is left.
  const folder = dirname(path!);
  assertEquals(await Deno.stat(folder).catch(() => undefined), undefined);
  const told: string[] = [];
  const { writeSync } = Deno.stderr;
  Deno.stderr.writeSync = (bytes) => {
    told.push(new TextDecoder().decode(bytes));
    return bytes.length;
  };
  try {
    for (const title of ["first", "second"]) {
      await file.writeTimings(appTimings(), false, title);
      assertStringIncludes(
        await Deno.readTextFile(path!),
        `<title>Timings of ${title}</title>`,
      );
      assertEquals((await Deno.stat(folder)).mode! & 0o777, 0o700);
    }
    // A folder that another program made by this name is not written into.
    await Deno.mkdir(dirname(other.paths[0]!));
    await assertRejects(
      () => other.writeTimings(appTimings(), false),
      Deno.errors.AlreadyExists,
    );
    await Deno.remove(dirname(other.paths[0]!));
  } finally {
    Deno.stderr.writeSync = writeSync;
    await Deno.remove(dirname(path!), { recursive: true });
  }
  const line = `timings written to ${path}\n`;
  assertEquals(told, [line, line]);
});

Deno.test("the form goes by the file's name, and an earlier build is compared", async () => {
  await withTempFolder(async (folder) => {
    const write = async (name: string, ...words: string[]) => {
      const path = `${folder}/${name}`;
      const { code, stderr } = await built([`--timings=${path}`, ...words]);
      assertEquals(code, 0, stderr);
      assertStringIncludes(stderr, `timings written to ${path}\n`);
      return await Deno.readTextFile(path);
    };
    const same = "The build took about as long as the one before";
    assert((await write("a.json")).startsWith('{"format":"davit-timings/1",'));
    const page = await write("a", `--timings-against=${folder}/a.json`);
    assert(page.startsWith("<!doctype html>"));
    assertStringIncludes(page, same);
    const picture = await write("a.SVG", `--timings-against=${folder}/a`);
    assert(picture.startsWith("<svg "));
    assertStringIncludes(picture, same);
    assert((await write("a.txt")).startsWith("The build took "));
    // The file itself may be the earlier build's.
    assertStringIncludes(
      await write("a.json.html", `--timings-against=${folder}/a`),
      same,
    );
  });
});

Deno.test("the times of a build that fails are written, and its exit code stays", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/t.html`;
    const { code, stderr } = await built([`--timings=${path}`], "failing_run");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "exit code: 7");
    assertStringIncludes(await Deno.readTextFile(path), "<h2>Failed</h2>");
  });
});

Deno.test("a page of a build without a tag has the name of its folder, and no login of its address", async () => {
  await withTempFolder(async (folder) => {
    await using engine = await startScripted([
      { to: /^POST \/build\?/, lines: readTrace("28_output") },
    ]);
    const path = `${folder}/t.html`;
    const { code, stderr } = await davitHere([
      ...["build", "-H", engine.host, "--api=engine", `--timings=${path}`],
      "https://me:hidden@example.com/app.git#v1",
    ]);
    assertEquals(code, 0, stderr);
    const page = await Deno.readTextFile(path);
    assertStringIncludes(page, "https://example.com/app.git#v1");
    assert(!page.includes("hidden@"), page);
  });
});

Deno.test("that the times can't be written does not hide why a build failed", async () => {
  const { code, stderr } = await built(["--timings=/dev/full"], "failing_run");
  assertEquals(code, 1);
  assertStringIncludes(stderr, "exit code: 7");
  assertStringIncludes(stderr, "the timings can't be written: No space left");
  const good = await built(["--timings=/dev/full"]);
  assertEquals(good.code, 1);
  assertStringIncludes(good.stderr, "No space left");
});

Deno.test("a link to a file that is not there yet leads to the times afterwards", async () => {
  await withTempFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a`);
    await Deno.symlink("a/t.txt", `${folder}/link.txt`);
    const { code } = await built([`--timings=${folder}/link.txt`]);
    assertEquals(code, 0);
    assertEquals(await Deno.readLink(`${folder}/link.txt`), "a/t.txt");
    assertStringIncludes(
      await Deno.readTextFile(`${folder}/a/t.txt`),
      "The build took",
    );
    const names = await Array.fromAsync(
      Deno.readDir(folder),
      ({ name }) => name,
    );
    assertEquals(names.sort(), ["a", "link.txt"]);
  });
});

Deno.test("files that can't be written or read are refused before the build", async () => {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/other`, "{}");
    for (
      const [words, why] of [
        [[`--timings=${folder}`], "--timings can't be written"],
        [[`--timings=${folder}/no/t.html`], "there is no folder for"],
        [["--timings="], 'invalid argument "" for "--timings"'],
        [
          [`--timings-against=${folder}/none`],
          "the timings of the earlier build can't be read: No such file",
        ],
        // It has no size, and no end.
        [
          ["--timings-against=/dev/zero"],
          "/dev/zero: it is larger than 64 MiB",
        ],
        [[`--timings-against=${folder}/other`], "No timings can be read"],
        [["--timings=-", "-o", "-"], "can't be at once"],
      ] as const
    ) {
      const { code, stderr, calls } = await built(words);
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, why);
      assertEquals(calls, 0);
    }
  });
});

Deno.test("a build that is refused before its first step leaves the file alone", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/t.html`;
    await Deno.writeTextFile(path, "before");
    await using engine = await startScripted([]);
    const { code, stderr } = await davitHere(
      ["build", "-H", engine.host, "--api=engine", `--timings=${path}`, "-"],
      { stdin: await tarBytes({ Dockerfile: "FROM scratch\n" }) },
    );
    assertEquals(code, 1);
    assert(!stderr.includes("timings written"), stderr);
    assertEquals(await Deno.readTextFile(path), "before");
  });
});

Deno.test("the file is known to those who watch a folder; standard output is none", async () => {
  await withTempFolder(async (folder) => {
    const pathsOf = async (dest: string | undefined) =>
      (await TimingsFile.open({ dest, against: undefined, title: undefined }))
        .paths;
    assertEquals(await pathsOf(`${folder}/t.html`), [`${folder}/t.html`]);
    assertEquals(await pathsOf("-"), []);
    // It may lie in the context: that of a build in the folder for such files.
    assertEquals((await pathsOf(undefined)).length, 1);
  });
});
