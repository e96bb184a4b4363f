import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import {
  findBuild,
  type OpenedMemory,
  openMemory,
  type RememberedBuild,
} from "./open_memory.ts";

/** Runs `davit history export`. */
export async function runHistoryExport(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const all = parsed.switched("all");
  if (all && parsed.words.length > 0) {
    throw new UsageError("cannot specify refs when using --all");
  }
  const output = parsed.text("output");
  if (output === undefined && Deno.stdout.isTerminal()) {
    throw new UsageError(
      "refusing to write to console, use --output to specify a file",
    );
  }
  await using memory = await openMemory(parsed, signal);
  const finalize = parsed.switched("finalize");
  const [first, ...others] = all
    ? memory.nodes.map(({ client }) => ({
      history: client.buildHistory(),
      ref: undefined,
    }))
    : await findBuilds(memory, parsed.words, signal);
  if (others.some(({ history }) => history !== first!.history)) {
    throw new UsageError(
      "the builds are on several nodes, and a file has those of one: name builds of one node",
    );
  }
  const { history } = first!;
  const refs = all
    ? (await history.list({ filters: ["status!=running"], signal }))
      .map(({ ref }) => ref)
    : [first!, ...others].flatMap(({ ref }) => ref ?? []);
  const dest = output ?? Deno.stdout.writable;
  await history.export(refs, { dest, finalize, signal });
  return EXIT_OK;
}

/** Finds builds; those of one node have one history. */
async function findBuilds(
  memory: OpenedMemory,
  words: readonly string[],
  signal: AbortSignal,
): Promise<Pick<RememberedBuild, "history" | "ref">[]> {
  const histories = new Map<string, RememberedBuild["history"]>();
  const builds = [];
  for (const word of words.length === 0 ? [undefined] : words) {
    const { history, node, ref } = await findBuild(memory, word, {
      ended: true,
      signal,
    });
    if (!histories.has(node)) histories.set(node, history);
    builds.push({ history: histories.get(node)!, ref });
  }
  return builds;
}
