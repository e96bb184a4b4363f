import { COMMANDS } from "../../lib/cli/commands.ts";
import { didYouMean } from "../../lib/cli/did_you_mean.ts";
import {
  EXIT_FAILED,
  EXIT_FLAGS,
  EXIT_INTERRUPTED,
  EXIT_OK,
  UsageError,
} from "../../lib/cli/exit.ts";
import { csvRow, fieldsOf } from "../../lib/cli/fields.ts";
import type { Flag } from "../../lib/cli/flag.ts";
import { helpOf } from "../../lib/cli/help.ts";
import { withNested } from "../../lib/cli/nested_commands.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { davitHere } from "./in_process.ts";

/** Names of a command's flags that are so. */
function flags(command: string, are: (flag: Flag) => boolean): string {
  return COMMANDS.find(({ name }) => name === command)!.flags.filter(are)
    .map(({ name }) => name).join(" ");
}

Deno.test("which flags may be given several times, and which may not be empty", () => {
  for (
    const [command, many, notEmpty, typed] of [
      [
        "build",
        "tag build-context build-arg label secret ssh no-cache-filter platform output add-host ulimit cache-from cache-to attest annotation allow security-opt",
        "tag build-arg label secret platform timings shm-size ulimit",
        "shm-size ulimit",
      ],
      ["push", "", "", ""],
      ["pull", "", "platform", ""],
      ["du", "filter", "filter", ""],
      [
        "prune",
        "filter",
        "filter reserved-space max-used-space min-free-space keep-storage",
        "reserved-space max-used-space min-free-space keep-storage",
      ],
      ["gateway", "allow", flags("gateway", () => true), ""],
      ["doctor", "", "", ""],
      ["completions", "", "", ""],
    ] as const
  ) {
    assertEquals(flags(command, ({ many }) => many === true), many);
    assertEquals(flags(command, (flag) => flag.notEmpty === true), notEmpty);
    assertEquals(flags(command, (flag) => flag.typed === true), typed);
  }
  assertEquals([EXIT_OK, EXIT_FAILED, EXIT_FLAGS, EXIT_INTERRUPTED], [
    0,
    1,
    125,
    130,
  ]);
});

Deno.test("didYouMean() names the nearest word, or one that begins so", () => {
  const known = ["build", "push", "pull", "prune", "x-long-name", "ls"];
  for (
    const [word, meant] of [
      ["build", "build"],
      ["BUILD", "build"],
      ["biuld", "build"],
      ["buil", "build"],
      ["bxxld", "build"],
      ["bxxxd", ""],
      ["pul", "pull"],
      ["pusl", "push"],
      // Half of so short a word is wrong.
      ["bui", "build"],
      ["pu", "push"],
      ["lx", "ls"],
      ["p", ""],
      ["pxx", ""],
      ["pushed", "push"],
      ["x-l", "x-long-name"],
      ["x-long", "x-long-name"],
      ["", ""],
    ] as const
  ) {
    const expected = meant === "" ? "" : `; did you mean ${meant}?`;
    assertEquals(didYouMean(word, known), expected, word);
  }
  assertEquals(didYouMean("a", []), "");
});

Deno.test("fieldsOf() reads CSV of keys and values, and csvRow() one line", () => {
  assertEquals(fieldsOf("--x", 'A=b,c=,"d=e,f",g= h=i'), [
    ["a", "b"],
    ["c", ""],
    ["d", "e,f"],
    ["g", " h=i"],
  ]);
  const message = (flag: string, value: string) =>
    assertThrows(() => fieldsOf(flag, value), UsageError).message;
  const expected = "expected fields as key=value with commas between";
  for (const value of ["a", "=a", "a=b,c", ""]) {
    const told = value === "" ? "--x needs a value in one line" : undefined;
    assertEquals(message("--x", value), told ?? `--x: ${expected}`, value);
  }
  assertEquals(
    message("--secret", "hunter2"),
    `--secret: ${expected}, such as id=ID,src=FILE or id=ID,env=VARIABLE`,
  );
  assertEquals(message("--x", 'a="'), "--x: the quotes do not fit together");
  assertEquals(message("--x", "a=b\nc=d"), "--x needs a value in one line");
  assertEquals(csvRow("--x", "a,b"), ["a", "b"]);
});

Deno.test("helpOf() puts flags into two columns where they fit into 80, and else into one", () => {
  const help = (usage: string, ...flags: Flag[]) =>
    helpOf({
      name: "test",
      summary: "A test",
      usage,
      flags,
      words: [0, 0],
      load: () => Promise.reject(new Error("not loaded")),
    }).split("\n");
  const flag = (name: string, help?: string, more: Partial<Flag> = {}) => ({
    name,
    ...(help === undefined ? {} : { help }),
    ...more,
  });
  assertEquals(help("USAGE"), ["Usage: davit test USAGE", "", "A test"]);
  assertEquals(
    help(
      "",
      flag("one", "first", { short: "o", value: "V" }),
      flag("hidden"),
      flag("second", "the second"),
      flag("three", "3"),
    ).slice(3),
    ["", "-o, --one V first       --three 3", "--second    the second"],
  );
  for (const [width, rows] of [[80, 1], [81, 2]] as const) {
    // "--a " and "--b ", two between, and the two helps.
    const left = "x".repeat(30);
    const right = "y".repeat(width - 30 - 10);
    const lines = help("", flag("a", left), flag("b", right)).slice(4);
    assertEquals(lines.length, rows, `${width}`);
    assertEquals(lines[0]!.startsWith(`--a ${left}`), true);
  }
  const [, , summary] = helpOf({
    ...COMMANDS.find(({ name }) => name === "build")!,
    flags: [],
  }).split("\n");
  assertEquals(
    summary,
    "Build an image from a folder, a URL or standard input; also: davit b",
  );
});

async function script(shell: string): Promise<string[]> {
  const { code, stdout } = await davitHere(["completions", shell]);
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

const CONTEXTS = "$(davit completions contexts 2>/dev/null)";

/** All commands, and those below them. */
const ALL = withNested(COMMANDS).map(({ command }) => command);

/** How many flags of all commands the help shows, and how many of those have values that can be completed. */
function countShown(are: (flag: Flag) => boolean = () => true): number {
  return ALL.flatMap(({ flags }) => flags)
    .filter((flag) => flag.help !== undefined && are(flag)).length;
}

Deno.test("bash's script: what each flag is completed with", async () => {
  const lines = await script("bash");
  for (
    const line of [
      "    b) command=build ;;",
      "    build:-f|build:--file) _davit_reply -f; return ;;",
      "    build:-o|build:--output) _davit_reply -d; return ;;",
      `    push:-c|push:--context) _davit_reply -W "${CONTEXTS}"; return ;;`,
      "    build:--network) _davit_reply -W 'default none host'; return ;;",
      "    push) flags='-q --quiet -H --host -c --context -D --debug --help' ;;",
      "    completions) _davit_reply -W 'bash zsh fish'; return ;;",
    ]
  ) assert(lines.includes(line), line);
  assertEquals(
    lines.filter((line) => /^ {4}[\w\\ ]+:.* return ;;$/.test(line)).length,
    countShown(({ complete }) => complete !== undefined),
  );
  assertEquals(lines.filter((line) => /command=\w/.test(line)).length, 1);
  const sets = lines.filter((line) => /\) flags='-/.test(line));
  const flagged = ALL.filter(({ flags }) => flags.length > 0);
  assertEquals(sets.length, flagged.length);
  const longs = sets.join(" ").match(/ --(?!help)/g);
  const firsts = sets.filter((line) => line.includes("flags='--"));
  assertEquals(longs!.length + firsts.length, countShown());
});

Deno.test("zsh's script: what each flag is completed with", async () => {
  const lines = await script("zsh");
  for (
    const line of [
      "    b) command=build ;;",
      "      \\*'-t[name the image]:NAME:' \\",
      "      '--target[stage to build]:STAGE:' \\",
      "      \\*'--build-arg[build argument]:K=V:' \\",
      "      '-f[Dockerfile or -]:file:_files' \\",
      "      \\*'-o[folder, -, type=…]:folder:_files -/' \\",
      "      '-H[engines address]:URI:' \\",
      "      '-c[dockers context]:context:_davit_contexts' \\",
      "      '--network[of steps none…]:mode:(default none host)' \\",
      "      '--watch[rebuild on change]' \\",
      "      '1:shell:(bash zsh fish)' ;;",
    ]
  ) assert(lines.includes(line), line);
  const flags = lines.filter((line) => /^ {6}\S*'-/.test(line));
  assertEquals(
    flags.length,
    countShown() + countShown(({ short }) => short !== undefined),
  );
  assertEquals(
    lines.filter((line) => line === "      '*:path:_files' ;;").length,
    ALL.filter(({ commands }) => commands === undefined).length - 1,
  );
  const names = lines.find((line) => line.includes("_values 'command'"))!;
  assert(names.includes("'prune[Delete the builders cache]'"), names);
});

Deno.test("fish's script: what each flag is completed with", async () => {
  const lines = await script("fish");
  const build = "complete -c davit -n '__fish_seen_subcommand_from build b'";
  const push = "complete -c davit -n '__fish_seen_subcommand_from push'";
  for (
    const line of [
      `${build} -l tag -s t -x -d 'name the image'`,
      `${build} -l target -x -d 'stage to build'`,
      `${build} -l file -s f -r -d 'Dockerfile or -'`,
      `${build} -l output -s o -r -d 'folder, -, type=…'`,
      `${build} -l network -x -a 'default none host' -d 'of steps: none…'`,
      `${build} -l watch -d 'rebuild on change'`,
      `${push} -l host -s H -x -d 'engine\\'s address'`,
      `${push} -l context -s c -x -a '(${
        CONTEXTS.slice(2, -1)
      })' -d 'docker\\'s context'`,
      "complete -c davit -n __fish_use_subcommand -f -a prune -d 'Delete the builder\\'s cache'",
    ]
  ) assert(lines.includes(line), line);
  assertEquals(lines.length, countShown() + ALL.length + 2);
});
