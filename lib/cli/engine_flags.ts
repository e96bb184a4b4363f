import type { Flag } from "./flag.ts";

/** The flags of every command that speaks with an engine. */
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
