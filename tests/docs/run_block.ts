import type { Block } from "./blocks.ts";
import type { StandIns } from "./stand_ins.ts";

/** How long one program may take, in milliseconds; a generous limit, for what hangs. */
const LIMIT_MS = 120_000;

const PRELOAD = new URL("./preload.ts", import.meta.url).pathname;

/** A program that goes on, to be stopped at the end of its page. */
export interface RunningBlock {
  /** Stops it, as Ctrl-C does. */
  stop(): Promise<string | undefined>;
}

/** What a block came to: what was wrong with it, or that it goes on. */
export type Outcome = string | RunningBlock | undefined;

/** Runs one block in the working folder of its page. */
export async function runBlock(
  block: Block,
  { folder, env, adapt }: StandIns,
): Promise<Outcome> {
  const { fate, language, where } = block;
  if (fate.kind === "skip") return undefined;
  const child = new Deno.Command(
    language === "ts" ? Deno.execPath() : "bash",
    {
      args: language === "ts"
        ? [
          "run",
          ...["-A", "--no-prompt", "--no-check", "--no-lock", "--quiet"],
          `--preload=${PRELOAD}`,
          await program(folder, where, adapt(block.text)),
        ]
        : ["-euo", "pipefail", "-c", adapt(block.text)],
      cwd: folder,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    },
  ).spawn();
  let output = "";
  const found = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      if (fate.kind === "stop" && output.includes(fate.at)) found.resolve();
    }
  };
  const ended = Promise.all([
    child.status,
    collect(child.stdout),
    collect(child.stderr),
  ]);
  const failed = (why: string) => `${where}: ${why}\n${output}`;
  const kill = () => child.kill("SIGKILL");
  let limit = setTimeout(kill, LIMIT_MS);
  const over = async (): Promise<string | undefined> => {
    const [{ code }] = await ended;
    clearTimeout(limit);
    const isStopped = fate.kind === "stop" && code === 130;
    if (code !== 0 && !isStopped) return failed(`it ended with ${code}`);
    // What curl prints of an answer, and takes for a success.
    return /"errorDetail"|^\{"message":/m.test(output)
      ? failed("the engine told of an error")
      : undefined;
  };
  if (fate.kind === "run") return await over();
  await Promise.race([found.promise, ended]);
  if (!output.includes(fate.at)) {
    return await over() ?? failed(`it did not print "${fate.at}"`);
  }
  clearTimeout(limit);
  return {
    stop: async () => {
      limit = setTimeout(kill, LIMIT_MS);
      await interrupt(child.pid);
      return await over();
    },
  };
}

/** A file beside the page's others, so that paths and imports lead where they should. */
async function program(
  folder: string,
  where: string,
  text: string,
): Promise<string> {
  const path = `${folder}/${where.replaceAll(/\W+/g, "_")}.ts`;
  await Deno.writeTextFile(path, text);
  return path;
}

/** SIGINT for a process and all that it started. */
async function interrupt(pid: number): Promise<void> {
  try {
    const children = await Deno.readTextFile(
      `/proc/${pid}/task/${pid}/children`,
    );
    for (const child of children.split(" ").filter(Boolean)) {
      await interrupt(Number(child));
    }
    Deno.kill(pid, "SIGINT");
  } catch (error) {
    // It ended by itself, with its child.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
