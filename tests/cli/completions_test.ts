import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { TmuxScreen } from "../display/tmux.ts";
import { unpacked } from "../engines/unpack.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { DAVIT, runProgram } from "./command.ts";
import { davitHere } from "./in_process.ts";

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout } = await davitHere(["completions", shell]);
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout);
}

/** A folder for the PATH with the command in it, and docker's configuration with two contexts. */
async function surroundings(folder: string): Promise<Record<string, string>> {
  await writeTree(folder, {
    "bin/davit": `#!/bin/sh\nexec ${
      DAVIT.map((word) => `'${word}'`).join(" ")
    } "$@"\n`,
    "docker/contexts/meta/1/meta.json": '{"Name":"production"}',
    "docker/contexts/meta/2/meta.json": '{"Name":"test.two"}',
    // None of these is one.
    "docker/contexts/meta/3/meta.json": '{"Name":"$(touch x)"}',
    "docker/contexts/meta/4/meta.json": "{",
    "docker/contexts/meta/5/other": "",
  });
  await Deno.chmod(`${folder}/bin/davit`, 0o755);
  return {
    PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
    DOCKER_CONFIG: `${folder}/docker`,
    DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
  };
}

/** What bash would offer; words as it cuts them, `=` on its own. */
async function complete(
  script: string,
  words: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram([
    "bash",
    "-c",
    `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_davit
printf '%s\\n' "\${COMPREPLY[@]}"`,
  ], { cwd, env });
  assertEquals([code, stderr], [0, ""]);
  return new TextDecoder().decode(stdout).trim().split("\n").sort();
}

Deno.test("bash completes commands, flags, their values and files", async () => {
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { "a file": "", "a folder/": "" });
    const script = await scriptOf("bash");
    for (
      const [words, expected] of [
        [["pr"], ["prune"]],
        [["b", "--iid"], ["--iidfile"]],
        [["build", "--iid"], ["--iidfile"]],
        [["build", "--progress", "pl"], ["plain"]],
        [["build", "--progress", "=", "pl"], ["plain"]],
        [["build", "--network", "="], ["default", "host", "none"]],
        [["build", "-f", "a "], ["a file", "a folder"]],
        [["build", "--output", "=", "a "], ["a folder"]],
        [["build", "a "], ["a file", "a folder"]],
        [["completions", "z"], ["zsh"]],
        [["completions", ""], ["bash", "fish", "zsh"]],
        [["help", "bu"], ["build", "builder"]],
        [["-H", "x", "bu"], ["build", "builder"]],
        [["--host", "=", "x", "build", "--iid"], ["--iidfile"]],
        [["gateway", "--allow", "sa"], ["save"]],
        [["build", "--timings", "=", "a "], ["a file", "a folder"]],
        [["history", ""], [
          "export",
          "inspect",
          "logs",
          "ls",
          "rm",
          "timings",
        ]],
        [["-H", "x", "history", "l"], ["logs", "ls"]],
        [["history", "--ho"], ["--host"]],
        [["history", "-H", "x", "ls", "--no"], ["--no-trunc"]],
        [["history", "logs", "--progress", "r"], ["rawjson"]],
        [["history", "inspect", ""], ["attachment"]],
        [["history", "inspect", "attachment", "--type", "s"], ["sbom"]],
      ] as const
    ) {
      assertEquals(
        await complete(script, ["davit", ...words], cwd),
        [...expected],
        words.join(" "),
      );
    }
    const all = await complete(script, ["davit", ""], cwd);
    for (const { name } of COMMANDS) assert(all.includes(name), name);
  });
});

Deno.test("bash completes the names of docker's contexts", async () => {
  await withTempFolder(async (cwd) => {
    const env = await surroundings(cwd);
    const script = await scriptOf("bash");
    for (
      const [words, expected] of [
        [["-c", "p"], ["production"]],
        [["--context", "=", ""], ["default", "production", "test.two"]],
        [["build", "-c", "te"], ["test.two"]],
        [["b", "--context", "=", "d"], ["default"]],
        [["push", "--context", ""], ["default", "production", "test.two"]],
      ] as const
    ) {
      assertEquals(
        await complete(script, ["davit", ...words], cwd, env),
        [...expected],
        words.join(" "),
      );
    }
    const { stdout } = await davitHere(["completions", "contexts"], {
      env: { DOCKER_CONFIG: `${cwd}/none` },
    });
    assertEquals(new TextDecoder().decode(stdout), "default\n");
  });
});

Deno.test("bash completes in a terminal, where = parts words", async () => {
  await withTempFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/davit.bash`, await scriptOf("bash"));
    await using screen = await TmuxScreen.start(
      `cd ${cwd} && PS1='> ' bash --norc --noprofile -i`,
      { columns: 80, rows: 10 },
    );
    await screen.waitFor((lines) => lines.at(-1) === ">", "a prompt");
    await screen.press(". ./davit.bash");
    await screen.press("Enter");
    for (
      const [typed, shown] of [
        ["davit completions z", "> davit completions zsh"],
        ["davit build --progress=pl", "> davit build --progress=plain"],
      ] as const
    ) {
      await screen.press(typed);
      await screen.press("Tab");
      await screen.waitFor((lines) => lines.at(-1) === shown, shown);
      await screen.press("C-u");
    }
  });
});

/** A shell from Debian, unpacked, and how it is asked whether it took the script. */
const SHELLS = {
  zsh: {
    packages: ["zsh", "zsh-common"],
    programs: [
      "bin/zsh",
      "usr/lib/x86_64-linux-gnu/zsh",
      "usr/share/zsh/functions",
    ],
    command: (folder: string) => [
      `${folder}/bin/zsh`,
      "-f",
      "-c",
      `module_path=(${folder}/usr/lib/x86_64-linux-gnu/zsh/*)
fpath=(${folder}/usr/share/zsh/functions ${folder}/usr/share/zsh/functions/**/*(/N))
autoload -Uz compinit && compinit -u -D && source ./script && (( $+_comps[davit] ))`,
    ],
  },
  fish: {
    packages: ["fish", "fish-common", "libpcre2-32-0"],
    programs: ["usr/bin/fish", "usr/share/fish/functions"],
    command: (folder: string) => [
      `${folder}/usr/bin/fish`,
      "--no-config",
      "-c",
      `set fish_function_path ${folder}/usr/share/fish/functions
source ./script
and complete -C 'davit build --iid' | string match -q -- '--iidfile*'
and complete -C 'davit completions z' | string match -q zsh
and complete -C 'davit history lo' | string match -q 'logs*'
and complete -C 'davit history ls --no-t' | string match -q -- '--no-trunc*'
and not complete -C 'davit history ls lo' | string match -q 'logs*'
and complete -C 'davit -c te' | string match -q 'test.two*'
and complete -C 'davit b --context pro' | string match -q 'production*'`,
    ],
  },
};

for (const [shell, { command, packages, programs }] of Object.entries(SHELLS)) {
  Deno.test(`the script for ${shell} has all commands and flags, and ${shell} takes it`, async () => {
    const script = await scriptOf(shell);
    for (const { name, flags } of COMMANDS) {
      assert(script.includes(name), name);
      for (const flag of flags) {
        if (flag.help !== undefined) assert(script.includes(flag.name));
      }
    }
    const recipe = { suite: "bookworm", packages, programs };
    const { folder } = await unpacked(shell, recipe);
    await withTempFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/script`, script);
      const { code, stderr } = await runProgram(command(folder), {
        cwd,
        env: {
          ...await surroundings(cwd),
          HOME: cwd,
          LD_LIBRARY_PATH: `${folder}/lib`,
        },
      });
      assertEquals([code, stderr], [0, ""]);
    });
  });
}

Deno.test("zsh completes in a terminal: commands, aliases and contexts", async () => {
  const { packages, programs } = SHELLS.zsh;
  const { folder } = await unpacked("zsh", {
    suite: "bookworm",
    packages,
    programs,
  });
  await withTempFolder(async (cwd) => {
    const env = await surroundings(cwd);
    await writeTree(cwd, {
      ".davit": await scriptOf("zsh"),
      ".zshrc": `module_path=(${folder}/usr/lib/x86_64-linux-gnu/zsh/*)
fpath=(${folder}/usr/share/zsh/functions ${folder}/usr/share/zsh/functions/**/*(/N))
autoload -Uz compinit && compinit -u -D && source ~/.davit
PS1='> '
${
        Object.entries(env).map(([name, value]) => `export ${name}='${value}'`)
          .join("\n")
      }
unset LD_LIBRARY_PATH
`,
    });
    await using screen = await TmuxScreen.start(
      `cd ${cwd} && HOME=${cwd} ZDOTDIR=${cwd} LD_LIBRARY_PATH=${folder}/lib ${folder}/bin/zsh -i`,
      { columns: 80, rows: 10 },
    );
    await screen.waitFor((lines) => lines.at(-1) === ">", "a prompt");
    for (
      const [typed, shown] of [
        ["davit completions z", "> davit completions zsh"],
        ["davit b --iid", "> davit b --iidfile"],
        ["davit -c te", "> davit -c test.two"],
        ["davit -c test.two pus", "> davit -c test.two push"],
        ["davit build --context pro", "> davit build --context production"],
        ["davit history lo", "> davit history logs"],
        ["davit history ls --no-t", "> davit history ls --no-trunc"],
      ] as const
    ) {
      await screen.press(typed);
      await screen.press("Tab");
      await screen.waitFor((lines) => lines.at(-1) === shown, shown);
      await screen.press("C-u");
    }
  });
});
