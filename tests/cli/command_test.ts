import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { withNested } from "../../lib/cli/nested_commands.ts";
import { davitHere } from "./in_process.ts";

async function told(words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await davitHere(words);
  assertEquals([code, stderr], [0, ""], words.join(" "));
  return new TextDecoder().decode(stdout).trimEnd();
}

Deno.test("the help of every command fits a terminal, and no word touches another", async () => {
  const overview = await told([]);
  assertEquals(await told(["--help"]), overview);
  assertEquals(await told(["help"]), overview);
  // Two spaces behind the longest name.
  const gaps = COMMANDS.map(({ name, summary }) =>
    overview.indexOf(summary) - overview.indexOf(`\n  ${name} `) -
    `\n  ${name}`.length
  );
  assertEquals(Math.min(...gaps), 2);
  const helps: string[] = [];
  const all = withNested(COMMANDS);
  for (const { path } of all) {
    const help = await told(["help", ...path.split(" ")]);
    helps.push(help);
    assertEquals(await told([...path.split(" "), "--help"]), help);
  }
  for (const [at, { path: name, command }] of all.entries()) {
    const { usage, flags, commands = [] } = command;
    const help = helps[at]!;
    assertEquals(help.split("\n")[0], `Usage: davit ${name} ${usage}`);
    for (const { name, summary } of commands) {
      assertMatch(help, new RegExp(`^  ${name} {2,}${summary}$`, "m"));
    }
    for (const { name: flag, help: words, value = "", alone } of flags) {
      if (words === undefined) continue;
      const row = alone === true
        ? `--${flag}[=${value}]`
        : `--${flag} ${value}`.trim();
      const from = help.indexOf(row, help.indexOf("\n"));
      // Spaces behind it, then its help, then a space or the end.
      const rest = help.slice(from + row.length);
      assertMatch(rest, /^ /, `${name} ${row}`);
      assert(rest.trimStart().startsWith(words), `${name} ${row}`);
      assertMatch(rest.trimStart().slice(words.length), /^(?:\s|$)/, row);
    }
  }
  for (const help of [overview, ...helps]) {
    const lines = help.split("\n");
    assertMatch(lines[0]!, /^Usage: davit /);
    assert(lines.length <= 28, help);
    assert(lines.every((line) => [...line].length <= 80), help);
  }
  assertEquals(await told(["b", "-h"]), await told(["help", "build"]));
  assertEquals(await told(["push", "-h"]), await told(["help", "push"]));
  assertEquals(await told(["-h", "push"]), await told(["help", "push"]));
  // A command that only has others below it; flags may stand between.
  const history = await told(["help", "history"]);
  assertEquals(await told(["history"]), history);
  assertEquals(await told(["history", "-H", "x"]), history);
  assertEquals(
    await told(["history", "-H", "x", "ls", "-h"]),
    await told(["help", "history", "ls"]),
  );
  assertEquals(
    await told(["-h", "history", "ls"]),
    await told(["help", "history", "ls"]),
  );
});

Deno.test("the version, and unknown commands", async () => {
  const version = await told(["--version"]);
  assertMatch(version, /^davit \d+\.\d+\.\d+, Deno \d+\.\d+\.\d+$/);
  for (const words of [["version"], ["-v"], ["-Dv", "build"]]) {
    assertEquals(await told(words), version);
  }
  for (
    const [words, answer] of [
      [
        ["biuld", "."],
        'unknown command: "biuld"; did you mean build?; davit --help lists all',
      ],
      [
        ["help", "history", "lx"],
        'unknown command: "lx"; did you mean ls?; davit history --help lists all',
      ],
      [
        ["history", "ls", "--filtr=a"],
        "unknown flag: --filtr; did you mean --filter?; see davit history ls --help",
      ],
      [
        ["help", "gate"],
        'unknown command: "gate"; did you mean gateway?; davit --help lists all',
      ],
      [["run", "a"], 'unknown command: "run"; davit --help lists all'],
      [[""], 'unknown command: ""; davit --help lists all'],
      [["--foo", "build", "."], "unknown flag: --foo; see --help"],
      [["-t", "a", "build", "."], "unknown flag: -t; see --help"],
      [["-H"], "flag needs an argument: -H"],
      [
        ["-D", "completions", "bash"],
        "unknown flag: -D; see davit completions --help",
      ],
      [
        ["build", "--tga", "x", "."],
        "unknown flag: --tga; did you mean --tag?; see davit build --help",
      ],
      [
        ["build", "--zzzzzz", "."],
        "unknown flag: --zzzzzz; see davit build --help",
      ],
    ] as const
  ) {
    const { code, stderr } = await davitHere(words);
    const expected = answer.startsWith("unknown command") ? 1 : 125;
    assertEquals([code, stderr], [expected, `ERROR: ${answer}\n`]);
  }
});

Deno.test("the engine and -D stand before the command, as docker takes them, or behind it", async () => {
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\n" });
    const host = `unix://${cwd}/none.sock`;
    for (
      const [words, hasCauses] of [
        [["build", "-H", host, "."], false],
        [["-H", host, "build", "."], false],
        [[`--host=${host}`, "push", "a"], false],
        [["-D", "-H", host, "build", "."], true],
        [["-DH", host, "build", "."], true],
        [["-H", host, "build", "-qD", "."], true],
        [["-H", host, "build", "--debug=true", "."], true],
        [["-H", host, "build", "--debug=false", "."], false],
        // What is built twice can be, where it is read from a folder.
        [["-H", host, "build", "-o", "out", "--load", "."], false],
        // A value, and no flag.
        [["-H", host, "build", "-t", "a", "--build-arg", "-D", "."], false],
      ] as const
    ) {
      const { code, stderr } = await davitHere(words, { cwd });
      assertEquals(code, 1);
      assert(stderr.includes(`${cwd}/none.sock`), stderr);
      assertEquals(/^a ConnectionError$/m.test(stderr), hasCauses, stderr);
    }
  });
});
