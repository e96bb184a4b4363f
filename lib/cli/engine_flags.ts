import type { Flag } from "./flag.ts";

/** What every command that speaks with an engine has. */
export const ENGINE_FLAGS: readonly Flag[] = [
  { name: "host", short: "H", value: "URI", help: "engine's address" },
  {
    name: "context",
    short: "c",
    value: "NAME",
    help: "docker's context",
    complete: "context",
  },
  { name: "debug", short: "D", help: "show causes" },
];
