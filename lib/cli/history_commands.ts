import { MEMORY_FLAGS } from "./memory_flags.ts";
import type { Command } from "./command.ts";
import { loadModule } from "./load_module.ts";

/** The command about builds that an engine remembers. */
export const HISTORY_COMMAND: Command = {
  name: "history",
  summary: "Show the builds that the engine remembers",
  usage: "COMMAND",
  flags: MEMORY_FLAGS,
  words: [0, 0],
  commands: [
    {
      name: "ls",
      summary: "List the newest 50 builds",
      usage: "[OPTIONS]",
      flags: [
        {
          name: "filter",
          notEmpty: true,
          value: "FILTER",
          many: true,
          help: "such as status=error",
        },
        { name: "format", value: "FORMAT", help: "table, json, or a template" },
        { name: "local", help: "only of this repository" },
        { name: "no-trunc", help: "whole names" },
        ...MEMORY_FLAGS,
      ],
      words: [0, 0],
      load: async () =>
        (await loadModule<typeof import("./history_ls_command.ts")>(
          "./history_ls_command.ts",
        )).runHistoryLs,
    },
    {
      name: "logs",
      summary: "Print the log of a build, of the newest without REF",
      usage: "[OPTIONS] [REF]",
      flags: [
        {
          name: "progress",
          value: "MODE",
          help: "plain, tty, rawjson",
          complete: ["plain", "tty", "rawjson"],
        },
        ...MEMORY_FLAGS,
      ],
      words: [0, 1],
      load: async () =>
        (await loadModule<typeof import("./history_logs_command.ts")>(
          "./history_logs_command.ts",
        )).runHistoryLogs,
    },
    {
      name: "timings",
      summary: "Show where the time of a build went, of the newest without REF",
      usage: "[OPTIONS] [REF]",
      flags: [
        {
          name: "against",
          value: "FILE",
          help: "compare with what --timings or this has written",
          complete: "file",
        },
        {
          name: "output",
          short: "o",
          value: "FILE",
          help: "a page, or .svg, .json, .txt; text without it",
          complete: "file",
        },
        ...MEMORY_FLAGS,
      ],
      words: [0, 1],
      load: async () =>
        (await loadModule<typeof import("./history_timings_command.ts")>(
          "./history_timings_command.ts",
        )).runHistoryTimings,
    },
    {
      name: "inspect",
      summary: "Show what is known of a build, of the newest without REF",
      usage: "[OPTIONS] [REF]",
      flags: [
        {
          name: "format",
          value: "FORMAT",
          help: "pretty, json, or a template",
        },
        ...MEMORY_FLAGS,
      ],
      words: [0, 1],
      commands: [{
        name: "attachment",
        summary: "Print what a record has beside itself, as its provenance",
        usage: "[OPTIONS] [REF [DIGEST]]",
        flags: [
          {
            name: "platform",
            value: "OS/ARCH",
            help: "the platform that it is for",
          },
          {
            name: "type",
            value: "TYPE",
            help: "provenance, sbom, manifest…",
            complete: ["index", "manifest", "image", "provenance", "sbom"],
          },
          ...MEMORY_FLAGS,
        ],
        words: [0, 2],
        load: async () =>
          (await loadModule<typeof import("./history_attachment_command.ts")>(
            "./history_attachment_command.ts",
          ))
            .runHistoryAttachment,
      }],
      load: async () =>
        (await loadModule<typeof import("./history_inspect_command.ts")>(
          "./history_inspect_command.ts",
        )).runHistoryInspect,
    },
    {
      name: "export",
      summary: "Write builds into a file for Docker Desktop",
      usage: "[OPTIONS] [REF...]",
      flags: [
        { name: "all", help: "all builds that have ended" },
        { name: "finalize", help: "wait for BuildKit's traces" },
        {
          name: "output",
          short: "o",
          value: "FILE",
          help: "in place of standard output",
          complete: "file",
        },
        ...MEMORY_FLAGS,
      ],
      words: [0, Infinity],
      load: async () =>
        (await loadModule<typeof import("./history_export_command.ts")>(
          "./history_export_command.ts",
        )).runHistoryExport,
    },
    {
      name: "rm",
      summary: "Let the engine forget builds",
      usage: "[OPTIONS] [REF...]",
      flags: [
        { name: "all", help: "all builds that have ended" },
        ...MEMORY_FLAGS,
      ],
      words: [0, Infinity],
      load: async () =>
        (await loadModule<typeof import("./history_rm_command.ts")>(
          "./history_rm_command.ts",
        )).runHistoryRm,
    },
  ],
};
