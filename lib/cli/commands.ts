import { BUILDER } from "./builder_flags.ts";
import { BUILD_FLAGS } from "./build_flags.ts";
import { CACHE_COMMANDS } from "./cache_commands.ts";
import { HISTORY_COMMAND } from "./history_commands.ts";
import type { Command } from "./command.ts";
import { ENGINE_FLAGS } from "./engine_flags.ts";
import { GATEWAY_FLAGS } from "./gateway_flags.ts";
import { IMAGETOOLS } from "./imagetools_flags.ts";
import { loadModule } from "./load_module.ts";

/** Every command. */
export const COMMANDS: readonly Command[] = [
  {
    name: "build",
    aliases: ["b"],
    summary: "Build an image from a folder, a URL or standard input",
    usage: "[OPTIONS] PATH | URL | -",
    flags: BUILD_FLAGS,
    words: [1, 1],
    load: async () =>
      (await loadModule<typeof import("./build_command.ts")>(
        "./build_command.ts",
      )).runBuild,
  },
  BUILDER,
  {
    name: "push",
    summary: "Send an image to its registry",
    usage: "[OPTIONS] NAME[:TAG]",
    flags: [
      { name: "quiet", short: "q", help: "print the digest only" },
      ...ENGINE_FLAGS,
    ],
    words: [1, 1],
    load: async () =>
      (await loadModule<typeof import("./push_command.ts")>(
        "./push_command.ts",
      )).runPush,
  },
  {
    name: "pull",
    summary: "Fetch an image from its registry",
    usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
    flags: [
      { name: "quiet", short: "q", help: "print the digest only" },
      {
        name: "platform",
        notEmpty: true,
        value: "OS/ARCH",
        help: "which platform",
      },
      ...ENGINE_FLAGS,
    ],
    words: [1, 1],
    load: async () =>
      (await loadModule<typeof import("./pull_command.ts")>(
        "./pull_command.ts",
      )).runPull,
  },
  ...CACHE_COMMANDS,
  HISTORY_COMMAND,
  IMAGETOOLS,
  {
    name: "gateway",
    summary: "Serve builds with the X-BuildKit-Secrets header to other clients",
    usage: "[OPTIONS]",
    flags: GATEWAY_FLAGS,
    words: [0, 0],
    load: async () =>
      (await loadModule<typeof import("./gateway_command.ts")>(
        "./gateway_command.ts",
      )).runGateway,
  },
  {
    name: "doctor",
    summary: "Tell which engine or builder is used, why, and what is missing",
    usage: "[OPTIONS]",
    flags: [
      {
        name: "builder",
        value: "NAME",
        help: "look at this builder, not at the engine",
      },
      ...ENGINE_FLAGS,
    ],
    words: [0, 0],
    load: async () =>
      (await loadModule<typeof import("./doctor_command.ts")>(
        "./doctor_command.ts",
      )).runDoctor,
  },
  {
    name: "completions",
    summary: "Print a script that completes words in a shell",
    usage: "bash | zsh | fish",
    flags: [],
    words: [1, 1],
    load: async () => {
      const { runCompletions } = await loadModule<
        typeof import("./completions_command.ts")
      >("./completions_command.ts");
      return (context) => runCompletions(context, COMMANDS);
    },
  },
];
