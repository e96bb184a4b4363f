import type { Command, CommandContext } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import type { Flag } from "./flag.ts";
import { print } from "./print.ts";

const SHELLS: Readonly<Record<string, () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `davit completions`. */
export function runCompletions({ parsed }: CommandContext): Promise<number> {
  const [shell = ""] = parsed.words;
  const script = SHELLS[shell];
  if (script === undefined) {
    throw new UsageError(
      `no completions for ${JSON.stringify(shell)}: expected bash, zsh or fish`,
    );
  }
  print(script());
  return Promise.resolve(EXIT_OK);
}

/** The flags that the help shows. */
function shown({ flags }: Command): Flag[] {
  return flags.filter(({ help }) => help !== undefined);
}

function wordsOf(flag: Flag): string[] {
  const short = flag.short === undefined ? [] : [`-${flag.short}`];
  return [...short, `--${flag.name}`];
}

function bashScript(): string {
  const cases = COMMANDS.flatMap((command) =>
    shown(command).flatMap((flag) => {
      if (flag.complete === undefined) return [];
      const how = flag.complete === "file"
        ? "-f"
        : flag.complete === "folder"
        ? "-d"
        : `-W '${flag.complete.join(" ")}'`;
      return wordsOf(flag).map((word) =>
        `    ${command.name}:${word}) COMPREPLY=($(compgen ${how} -- "$word")); return ;;`
      );
    })
  );
  const flags = COMMANDS.map((command) =>
    `    ${command.name}) flags='${
      shown(command).flatMap(wordsOf).join(" ")
    } --help' ;;`
  );
  const names = COMMANDS.map(({ name }) => name).join(" ");
  return `_davit() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" flags=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$word")); return
  fi
  case "$command:$before" in
${cases.join("\n")}
  esac
  case "$command" in
${flags.join("\n")}
    completions) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _davit davit`;
}

function zshScript(): string {
  const quoted = (text: string) => text.replace(/['[\]:]/g, "");
  const commands = COMMANDS.map((command) => {
    const flags = shown(command).flatMap((flag) =>
      wordsOf(flag).map((word) => {
        const many = flag.many === true ? "\\*" : "";
        const action = flag.value === undefined
          ? ""
          : flag.complete === undefined
          ? `:${quoted(flag.value)}:`
          : flag.complete === "file"
          ? ":file:_files"
          : flag.complete === "folder"
          ? ":folder:_files -/"
          : `:mode:(${flag.complete.join(" ")})`;
        return `      ${many}'${word}[${quoted(flag.help ?? "")}]${action}'`;
      })
    );
    const rest = command.name === "completions"
      ? "'1:shell:(bash zsh fish)'"
      : "'*:path:_files'";
    return `    ${command.name}) _arguments \\\n${
      [...flags, `      ${rest}`].join(" \\\n")
    } ;;`;
  });
  return `#compdef davit
_davit() {
  if (( CURRENT == 2 )); then
    _values 'command' ${
    COMMANDS.map(({ name, summary }) => `'${name}[${quoted(summary)}]'`).join(
      " ",
    )
  }
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${commands.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_davit" ]; then _davit "$@"; else compdef _davit davit; fi`;
}

function fishScript(): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = COMMANDS.flatMap((command) => [
    `complete -c davit -n __fish_use_subcommand -f -a ${command.name} -d ${
      quoted(command.summary)
    }`,
    ...shown(command).map((flag) =>
      [
        `complete -c davit -n '__fish_seen_subcommand_from ${command.name}'`,
        `-l ${flag.name}`,
        ...(flag.short === undefined ? [] : [`-s ${flag.short}`]),
        ...(flag.value === undefined
          ? []
          : flag.complete === "file" || flag.complete === "folder"
          ? ["-r"]
          : flag.complete === undefined
          ? ["-x"]
          : [`-x -a ${quoted(flag.complete.join(" "))}`]),
        `-d ${quoted(flag.help ?? "")}`,
      ].join(" ")
    ),
  ]);
  return [
    ...lines,
    "complete -c davit -n '__fish_seen_subcommand_from completions' -f -a 'bash zsh fish'",
  ].join("\n");
}
