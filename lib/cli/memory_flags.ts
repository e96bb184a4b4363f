import { ENGINE_FLAGS } from "./engine_flags.ts";
import type { Flag } from "./flag.ts";

/** The flags that say whose builds and whose cache a command is about. */
export const MEMORY_FLAGS: readonly Flag[] = [
  { name: "builder", value: "NAME", help: "whose, if not the engine's" },
  ...ENGINE_FLAGS,
];
