import type { Command } from "./command.ts";
import type { Flag } from "./flag.ts";
import { loadModule } from "./load_module.ts";

const CA_FLAG: Flag = {
  name: "ca",
  notEmpty: true,
  value: "FILE",
  many: true,
  complete: "file",
  help: "authority of registries' certificates",
};

const DEBUG_FLAG: Flag = { name: "debug", short: "D", help: "show causes" };

/** `davit imagetools`, with the commands and flags of buildx. */
export const IMAGETOOLS: Command = {
  name: "imagetools",
  summary: "Work on images in registries",
  usage: "COMMAND",
  flags: [],
  words: [0, 0],
  commands: [
    {
      name: "create",
      summary: "Make one image of several",
      usage: "[OPTIONS] [SOURCE...]",
      flags: [
        {
          name: "annotation",
          notEmpty: true,
          value: "KEY=VALUE",
          many: true,
          help: "such as index:KEY=VALUE",
        },
        { name: "append", help: "begin with what the first tag has" },
        { name: "dry-run", help: "print the image and write nothing" },
        {
          name: "file",
          short: "f",
          notEmpty: true,
          value: "FILE",
          many: true,
          complete: "file",
          help: "a source's descriptor, as JSON",
        },
        {
          name: "platform",
          short: "p",
          notEmpty: true,
          value: "OS/ARCH",
          many: true,
          help: "keep these platforms alone",
        },
        {
          name: "prefer-index",
          help: "an index also of a single manifest",
        },
        {
          name: "progress",
          value: "MODE",
          complete: ["auto", "none", "plain"],
          help: "auto, none or plain",
        },
        {
          name: "tag",
          short: "t",
          notEmpty: true,
          value: "NAME",
          many: true,
          help: "a name for the image",
        },
        CA_FLAG,
        DEBUG_FLAG,
      ],
      words: [0, Infinity],
      load: async () =>
        (await loadModule<typeof import("./imagetools_command.ts")>(
          "./imagetools_command.ts",
        )).runImagetoolsCreate,
    },
    {
      name: "inspect",
      summary: "Show what a registry has under a name",
      usage: "[OPTIONS] NAME",
      flags: [
        {
          name: "format",
          value: "TEMPLATE",
          help: "such as '{{json .Manifest}}'",
        },
        { name: "raw", help: "the manifest's own bytes" },
        CA_FLAG,
        DEBUG_FLAG,
      ],
      words: [1, 1],
      load: async () =>
        (await loadModule<typeof import("./imagetools_command.ts")>(
          "./imagetools_command.ts",
        )).runImagetoolsInspect,
    },
  ],
};
