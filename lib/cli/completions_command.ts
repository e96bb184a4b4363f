import type { Command, CommandContext } from "./command.ts";
import { type NamedCommand, withNested } from "./nested_commands.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import type { Flag } from "./flag.ts";
import { print } from "./print.ts";
import { loadModule } from "./load_module.ts";

const SHELLS: Readonly<
  Record<string, (commands: readonly Command[]) => string>
> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * The hidden argument with which the scripts ask for the names of docker
 * contexts, one per line.
 */
const CONTEXTS = "contexts";
const ASK_CONTEXTS = `davit completions ${CONTEXTS} 2>/dev/null`;

/**
 * Runs `davit completions`.
 *
 * @param commands The commands for which the script completes words.
 */
export async function runCompletions(
  { parsed }: CommandContext,
  commands: readonly Command[],
): Promise<number> {
  const [shell = ""] = parsed.words;
  if (shell === CONTEXTS) {
    const { contextNames } = await loadModule<
      typeof import("../transport/context_names.ts")
    >("../transport/context_names.ts");
    print((await contextNames()).join("\n"));
    return EXIT_OK;
  }
  const script = SHELLS[shell];
  if (script === undefined) {
    throw new UsageError(
      `no completions for ${JSON.stringify(shell)}: expected bash, zsh or fish`,
    );
  }
  print(script(commands));
  return EXIT_OK;
}

/**
 * The branches of a shell's `case` that replace an alias by the name of its
 * command.
 */
function aliasCases(commands: readonly NamedCommand[]): string {
  return commands.flatMap(({ path, command: { aliases = [] } }) => {
    const above = path.split(" ").slice(0, -1);
    const words = aliases.map((alias) => pattern([...above, alias].join(" ")));
    return words.length === 0
      ? []
      : [`    ${words.join("|")}) command=${pattern(path)} ;;`];
  }).join("\n");
}

/** Names as a shell's pattern, which has no blanks. */
function pattern(names: string): string {
  return names.replaceAll(" ", "\\ ");
}

/**
 * A shell's pattern for all names that stand below another command, aliases
 * among them; one that nothing matches if there are none.
 */
function nestedPattern(commands: readonly NamedCommand[]): string {
  const names = commands.filter(({ path }) => path.includes(" ")).flatMap((
    { path, command: { aliases = [] } },
  ) => {
    const above = path.split(" ").slice(0, -1);
    return [path, ...aliases.map((alias) => [...above, alias].join(" "))];
  });
  return names.map(pattern).join("|") || "\\ ";
}

/** The names of the commands directly below a command. */
function namesBelow({ commands = [] }: Command): string {
  return commands.map(({ name }) => name).join(" ");
}

/** The flags that the help shows. */
function shown({ flags }: Command): Flag[] {
  return flags.filter(({ help }) => help !== undefined);
}

function wordsOf(flag: Flag): string[] {
  const short = flag.short === undefined ? [] : [`-${flag.short}`];
  return [...short, `--${flag.name}`];
}

function bashScript(commands: readonly Command[]): string {
  const all = withNested(commands);
  const cases = all.flatMap(({ path, command }) =>
    shown(command).flatMap((flag) => {
      if (flag.complete === undefined) return [];
      const how = flag.complete === "file"
        ? "-f"
        : flag.complete === "folder"
        ? "-d"
        : flag.complete === "context"
        ? `-W "$(${ASK_CONTEXTS})"`
        : `-W '${flag.complete.join(" ")}'`;
      const words = wordsOf(flag).map((word) => `${pattern(path)}:${word}`);
      return [`    ${words.join("|")}) _davit_reply ${how}; return ;;`];
    })
  );
  const flags = all.filter(({ command }) => shown(command).length > 0).map(
    ({ path, command }) =>
      `    ${pattern(path)}) flags='${
        shown(command).flatMap(wordsOf).join(" ")
      } --help' ;;`,
  );
  const below = all.filter(({ command }) => command.commands !== undefined).map(
    ({ path, command }) =>
      `    ${pattern(path)}:*) _davit_reply -W '${namesBelow(command)}' ;;`,
  );
  const names = commands.map(({ name }) => name).join(" ");
  // COMPREPLY is filled line by line, because names may have spaces. By default
  // bash splits words at =, so --flag=value is three words.
  return `_davit_reply() {
  mapfile -t COMPREPLY < <(compgen "$@" -- "$word")
}
_davit() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command='' flags='--help' at
  if [ "$word" = = ]; then word=''
  elif [ "$before" = = ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for (( at = 1; at < COMP_CWORD; at++ )); do
    case "\${COMP_WORDS[at]}" in
      -H|--host|-c|--context) (( at++ )); [ "\${COMP_WORDS[at]}" = = ] && (( at++ )) ;;
      -*) ;;
      *)
        case "$command\${command:+ }\${COMP_WORDS[at]}" in
          ${nestedPattern(all)}) command="$command \${COMP_WORDS[at]}" ;;
          *) command="\${command:-\${COMP_WORDS[at]}}" ;;
        esac
        case "$command" in
${aliasCases(all)}
        esac ;;
    esac
  done
  if [ -z "$command" ]; then
    case "$before" in
      -c|--context) _davit_reply -W "$(${ASK_CONTEXTS})"; return ;;
    esac
    _davit_reply -W '${names} help --help --version'; return
  fi
  case "$command:$before" in
${cases.join("\n")}
  esac
  case "$command" in
    completions) _davit_reply -W '${Object.keys(SHELLS).join(" ")}'; return ;;
    help) _davit_reply -W '${names}'; return ;;
${flags.join("\n")}
  esac
  case "$command:$word" in
    *:-*) _davit_reply -W "$flags" ;;
${below.map((line) => `${line}\n`).join("")}    *) _davit_reply -f ;;
  esac
}
complete -o filenames -F _davit davit`;
}

function zshScript(commands: readonly Command[]): string {
  const quoted = (text: string) => text.replace(/['[\]:]/g, "");
  const all = withNested(commands);
  const cases = all.map(({ path, command }) => {
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
          : flag.complete === "context"
          ? ":context:_davit_contexts"
          : `:mode:(${flag.complete.join(" ")})`;
        // Only behind `=`, and it may be left out.
        const [ending, optional] = flag.alone === true ? ["=-", ":"] : ["", ""];
        return `      ${many}'${word}${ending}[${
          quoted(flag.help ?? "")
        }]${optional}${action}'`;
      })
    );
    const rest = command.name === "completions"
      ? "'1:shell:(bash zsh fish)'"
      : command.commands !== undefined
      ? `'1:command:(${namesBelow(command)})'`
      : "'*:path:_files'";
    return `    ${pattern(path)}) _arguments \\\n${
      [...flags, `      ${rest}`].join(" \\\n")
    } ;;`;
  });
  return `#compdef davit
_davit_contexts() {
  compadd -- \${(f)"$(${ASK_CONTEXTS})"}
}
_davit() {
  local at=2
  while (( at < CURRENT )); do
    case $words[at] in
      -c|--context) (( at + 1 == CURRENT )) && { _davit_contexts; return }; (( at += 2 )) ;;
      -H|--host) (( at += 2 )) ;;
      -*) (( at++ )) ;;
      *) break ;;
    esac
  done
  if (( at >= CURRENT )); then
    _values 'command' ${
    commands.map(({ name, summary }) => `'${name}[${quoted(summary)}]'`).join(
      " ",
    )
  }
    return
  fi
  local command=$words[at]
  while true; do
    case $command in
${aliasCases(all)}
    esac
    (( at + 1 < CURRENT )) || break
    case "$command $words[at+1]" in
      ${nestedPattern(all)}) (( at++ )); command+=" $words[at]" ;;
      *) break ;;
    esac
  done
  words=("\${(@)words[at,-1]}"); (( CURRENT -= at - 1 ))
  case $command in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_davit" ]; then _davit "$@"; else compdef _davit davit; fi`;
}

function fishScript(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const contexts = `-x -a '(${ASK_CONTEXTS})'`;
  /** What fish asks for the commands that lead to one, and for itself. */
  const seen = (above: readonly Command[]) =>
    above.map(({ name, aliases = [] }) =>
      `__fish_seen_subcommand_from ${[name, ...aliases].join(" ")}`
    );
  const linesOf = (
    command: Command,
    above: readonly Command[],
  ): string[] => [
    `complete -c davit -n ${
      above.length === 0 ? "__fish_use_subcommand" : `'${
        [
          ...seen(above),
          `not __fish_seen_subcommand_from ${namesBelow(above.at(-1)!)}`,
        ].join("; and ")
      }'`
    } -f -a ${command.name} -d ${quoted(command.summary)}`,
    ...shown(command).map((flag) =>
      [
        `complete -c davit -n '${seen([...above, command]).join("; and ")}'`,
        `-l ${flag.name}`,
        ...(flag.short === undefined ? [] : [`-s ${flag.short}`]),
        ...(flag.value === undefined || flag.alone === true
          ? []
          : flag.complete === "file" || flag.complete === "folder"
          ? ["-r"]
          : flag.complete === "context"
          ? [contexts]
          : flag.complete === undefined
          ? ["-x"]
          : [`-x -a ${quoted(flag.complete.join(" "))}`]),
        `-d ${quoted(flag.help ?? "")}`,
      ].join(" ")
    ),
    ...(command.commands ?? []).flatMap((next) =>
      linesOf(next, [...above, command])
    ),
  ];
  const lines = commands.flatMap((command) => linesOf(command, []));
  return [
    ...lines,
    `complete -c davit -n __fish_use_subcommand -s c -l context ${contexts}`,
    "complete -c davit -n '__fish_seen_subcommand_from completions' -f -a 'bash zsh fish'",
  ].join("\n");
}
