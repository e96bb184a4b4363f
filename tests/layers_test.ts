import { assertEquals } from "./support/assert.ts";

/**
 * The architecture: which room of `lib/` may import which. A room is a folder,
 * or a file directly in `lib/`. A new arrow is a line changed here.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "advice.ts": [],
  "deno_version.ts": ["errors.ts"],
  "errors.ts": [],
  "open_file.ts": [],
  "option_names.ts": ["plain_object.ts"],
  "file_url.ts": ["std"],
  "plain_object.ts": [],
  proto: [],
  redact: ["streams"],
  std: [],
  streams: ["errors.ts", "std"],
  secrets: ["errors.ts", "plain_object.ts", "std"],
  ssh: [
    "advice.ts",
    "file_url.ts",
    "plain_object.ts",
    "secrets",
    "streams",
  ],
  transport: ["deno_version.ts", "errors.ts", "std", "streams"],
  http2: ["streams"],
  context: [
    "advice.ts",
    "errors.ts",
    "open_file.ts",
    "option_names.ts",
    "std",
    "streams",
  ],
  fsutil: ["context", "errors.ts", "grpc", "streams"],
  exporter: [
    "advice.ts",
    "context",
    "errors.ts",
    "file_url.ts",
    "fsutil",
    "open_file.ts",
    "plain_object.ts",
    "std",
    "streams",
  ],
  grpc: ["http2", "streams"],
  engine: [
    "errors.ts",
    "option_names.ts",
    "plain_object.ts",
    "std",
    "streams",
    "transport",
  ],
  credentials: [
    "plain_object.ts",
    "secrets",
    "std",
    "streams",
    "transport",
  ],
  session: [
    "credentials",
    "errors.ts",
    "exporter",
    "fsutil",
    "grpc",
    "proto",
    "secrets",
    "ssh",
    "streams",
  ],
  progress: ["streams"],
  masks: ["engine", "progress"],
  operation: ["deno_version.ts", "errors.ts", "streams"],
  imagebuild: [
    "advice.ts",
    "context",
    "credentials",
    "engine",
    "errors.ts",
    "exporter",
    "file_url.ts",
    "fsutil",
    "masks",
    "operation",
    "option_names.ts",
    "plain_object.ts",
    "progress",
    "redact",
    "secrets",
    "session",
    "ssh",
    "std",
    "streams",
    "verify",
  ],
  verify: [
    "engine",
    "errors.ts",
    "file_url.ts",
    "open_file.ts",
    "option_names.ts",
    "redact",
    "secrets",
    "streams",
  ],
  gateway: [
    "credentials",
    "deno_version.ts",
    "engine",
    "errors.ts",
    "imagebuild",
    "masks",
    "operation",
    "option_names.ts",
    "plain_object.ts",
    "redact",
    "secrets",
    "session",
    "std",
    "streams",
    "transport",
  ],
  display: ["imagebuild", "option_names.ts", "progress", "streams"],
  transfer: [
    "advice.ts",
    "credentials",
    "engine",
    "errors.ts",
    "operation",
    "option_names.ts",
    "streams",
  ],
  cli: [
    "advice.ts",
    "imagebuild",
    "client.ts",
    "context",
    "deno_version.ts",
    "display",
    "engine",
    "errors.ts",
    "gateway",
    "secrets",
    "std",
    "streams",
    "transfer",
    "transport",
  ],
  "client.ts": [
    "imagebuild",
    "credentials",
    "deno_version.ts",
    "engine",
    "operation",
    "option_names.ts",
    "secrets",
    "streams",
    "transfer",
    "transport",
    "verify",
  ],
};

const LIB = new URL("../lib/", import.meta.url);
/** An import of a file, of its types, or with its first use. */
const IMPORT_REGEXP =
  /^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"(\.[^"]+)"|@ts-types="(\.[^"]+)"|import\(\s*"(\.[^"]+)"\s*\)/gm;
/** What is loaded with a module, types not among it. */
const STATIC_REGEXP =
  /^(?:import|export)\b(?! type\b)(?:[^;"]*?\bfrom)?\s*"([^"]+)"/gm;

async function* sources(folder: URL, under = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = under + entry.name;
    if (entry.isDirectory) {
      yield* sources(new URL(`${entry.name}/`, folder), `${path}/`);
    } else if (path.endsWith(".ts")) {
      yield path;
    }
  }
}

Deno.test("rooms of lib/ import each other in one direction", async () => {
  const wrong: string[] = [];
  const unused = new Set(
    Object.entries(MAY_IMPORT).flatMap(([room, others]) =>
      others.map((other) => `${room} -> ${other}`)
    ),
  );
  for await (const path of sources(LIB)) {
    const room = path.split("/")[0]!;
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined) wrong.push(`${path}: an unknown room`);
    const text = await Deno.readTextFile(new URL(path, LIB));
    for (const [, from, types, later] of text.matchAll(IMPORT_REGEXP)) {
      const target = new URL((from ?? types ?? later)!, new URL(path, LIB));
      if (!target.href.startsWith(LIB.href)) {
        wrong.push(`${path} -> outside of lib/`);
        continue;
      }
      const other = target.href.slice(LIB.href.length).split("/")[0]!;
      unused.delete(`${room} -> ${other}`);
      if (other !== room && !allowed?.includes(other)) {
        wrong.push(`${path} -> ${other}`);
      }
    }
  }
  assertEquals(wrong, []);
  assertEquals([...unused], [], "arrows that nobody needs");
});

Deno.test("what a program loads with a client holds nothing of node, which takes longer than all else", async () => {
  const seen = new Set<string>();
  const nodes: string[] = [];
  const follow = async (url: URL): Promise<void> => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const text = await Deno.readTextFile(url);
    for (const [, target] of text.matchAll(STATIC_REGEXP)) {
      if (target!.startsWith("node:")) nodes.push(`${url.href} -> ${target}`);
      if (target!.startsWith(".")) await follow(new URL(target!, url));
    }
  };
  await follow(new URL("../mod.ts", import.meta.url));
  assertEquals(seen.size > 100, true, "imports are not read any more");
  assertEquals(nodes, []);
});

Deno.test("mod.ts only re-exports, and no generated or protocol type", async () => {
  const text = await Deno.readTextFile(new URL("../mod.ts", import.meta.url));
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  const statements = code.split(";").map((part) => part.trim()).filter(Boolean);
  assertEquals(
    statements.filter((part) =>
      !/^export (type )?\{[^}]*\} from "\.\/lib\/(?!proto|grpc|http2)[^"]+"$/
        .test(part)
    ),
    [],
  );
});
