import { hostileMemory } from "../exporter/hostile_memory.ts";

hostileMemory(
  "10 million entries",
  { script: "entries", megabytes: 700 },
  "1000001: ExportError: Cannot export: the result has more than 1000000 entries (maxEntries)",
);
hostileMemory(
  "millions of long paths",
  { script: "paths", megabytes: 600 },
  "ExportError: Cannot export: the paths",
);
