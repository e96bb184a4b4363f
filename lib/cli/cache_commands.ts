import { MEMORY_FLAGS } from "./memory_flags.ts";
import type { Command } from "./command.ts";
import type { Flag } from "./flag.ts";
import { loadModule } from "./load_module.ts";

const FILTER: Flag = {
  name: "filter",
  notEmpty: true,
  value: "KEY=VALUE",
  many: true,
  help: "such as until=24h",
};

function size(name: string, help: string): Flag {
  return { name, notEmpty: true, typed: true, value: "BYTES", help };
}

/** The commands about the build cache. */
export const CACHE_COMMANDS: readonly Command[] = [
  {
    name: "du",
    summary: "Show what the build cache has, and its size",
    usage: "[OPTIONS]",
    flags: [
      FILTER,
      {
        name: "format",
        value: "FORMAT",
        help: "table, pretty, json, or a template",
      },
      { name: "verbose", help: "same as --format pretty" },
      ...MEMORY_FLAGS,
    ],
    words: [0, 0],
    load: async () =>
      (await loadModule<typeof import("./du_command.ts")>("./du_command.ts"))
        .runDu,
  },
  {
    name: "prune",
    summary: "Delete the builder's cache",
    usage: "[OPTIONS]",
    flags: [
      { name: "all", short: "a", help: "also internal records and frontends" },
      FILTER,
      { name: "force", short: "f", help: "do not ask" },
      size("reserved-space", "always keep this much"),
      size("max-used-space", "keep no more than this"),
      size("min-free-space", "until so much is free"),
      // Its former name.
      {
        name: "keep-storage",
        notEmpty: true,
        typed: true,
        value: "BYTES",
      },
      { name: "verbose", help: "all that is known of each" },
      ...MEMORY_FLAGS,
    ],
    words: [0, 0],
    load: async () =>
      (await loadModule<typeof import("./prune_command.ts")>(
        "./prune_command.ts",
      )).runPrune,
  },
];
