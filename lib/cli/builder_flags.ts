import type { Command } from "./command.ts";
import { ENGINE_FLAGS } from "./engine_flags.ts";
import type { Flag } from "./flag.ts";
import { loadModule } from "./load_module.ts";

const BUILDER_FLAG: Flag = {
  name: "builder",
  value: "NAME",
  help: "builder, if none is named",
};

/** `davit builder`, with the commands and flags of buildx. */
export const BUILDER: Command = {
  name: "builder",
  summary: "Make, show, choose and remove builders",
  usage: "COMMAND",
  flags: [],
  words: [0, 0],
  commands: [
    {
      name: "ls",
      summary: "List builders and what they are doing",
      usage: "[OPTIONS]",
      flags: [
        {
          name: "format",
          value: "FORMAT",
          help: "table, json, or a template",
          complete: ["table", "json"],
        },
        { name: "no-trunc", help: "name every platform" },
        ...ENGINE_FLAGS,
      ],
      words: [0, 0],
      load: async () =>
        (await loadModule<typeof import("./builder_ls.ts")>("./builder_ls.ts"))
          .runBuilderLs,
    },
    {
      name: "inspect",
      summary: "Show a builder, the chosen one unless named",
      usage: "[OPTIONS] [NAME]",
      flags: [
        { name: "bootstrap", help: "start it first" },
        BUILDER_FLAG,
        ...ENGINE_FLAGS,
      ],
      words: [0, 1],
      load: async () =>
        (await loadModule<typeof import("./builder_inspect.ts")>(
          "./builder_inspect.ts",
        )).runBuilderInspect,
    },
    {
      name: "create",
      summary: "Make a builder, or a node of one",
      usage: "[OPTIONS] [CONTEXT|ENDPOINT]",
      flags: [
        { name: "append", help: "add a node to a builder" },
        { name: "bootstrap", help: "wait until it can be used" },
        {
          name: "buildkitd-config",
          value: "FILE",
          help: "buildkitd's configuration",
          complete: "file",
        },
        { name: "config", value: "FILE", complete: "file" },
        {
          name: "buildkitd-flags",
          value: "FLAGS",
          help: "buildkitd's flags",
        },
        {
          name: "driver",
          value: "DRIVER",
          help: "how daemons are run",
          complete: ["docker-container", "remote"],
        },
        {
          name: "driver-opt",
          value: "K=V",
          many: true,
          help: "options of the driver",
        },
        { name: "leave", help: "take a node out of a builder" },
        { name: "name", value: "NAME", help: "of the builder" },
        { name: "node", value: "NAME", help: "make or change this node" },
        {
          name: "platform",
          value: "OS/ARCH",
          many: true,
          help: "what the node is for",
        },
        { name: "use", help: "choose the builder" },
        ...ENGINE_FLAGS,
      ],
      words: [0, 1],
      load: async () =>
        (await loadModule<typeof import("./builder_create.ts")>(
          "./builder_create.ts",
        )).runBuilderCreate,
    },
    {
      name: "rm",
      summary: "Remove builders, with their containers and caches",
      usage: "[OPTIONS] [NAME...]",
      flags: [
        { name: "all-inactive", help: "all that do not run" },
        BUILDER_FLAG,
        { name: "force", short: "f", help: "do not ask first" },
        { name: "keep-daemon", help: "leave its container running" },
        { name: "keep-state", help: "keep its cache" },
        ...ENGINE_FLAGS,
      ],
      words: [0, Infinity],
      load: async () =>
        (await loadModule<typeof import("./builder_rm.ts")>("./builder_rm.ts"))
          .runBuilderRm,
    },
    {
      name: "use",
      summary: "Choose the builder for builds",
      usage: "[OPTIONS] NAME",
      flags: [
        { name: "default", help: "also whenever this engine is used again" },
        { name: "global", help: "for every engine" },
        ...ENGINE_FLAGS,
      ],
      words: [1, 1],
      load: async () =>
        (await loadModule<typeof import("./builder_use.ts")>(
          "./builder_use.ts",
        )).runBuilderUse,
    },
  ],
};
