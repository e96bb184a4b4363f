import { OLDEST_DENO } from "../../lib/deno_version.ts";
import { runCommand } from "./command.ts";
import { CACHE } from "./kept_folder.ts";
import { ROOT } from "./test_files.ts";
import type { TestCommand } from "./test_run.ts";

/**
 * What is tried on the oldest Deno, too: secrets, folders, cancelling, leaks,
 * exports, the command. Of that, not what docker's client and an engine make of
 * 60 Dockerfiles, and of every flag: no Deno has a part in it.
 */
const SUITE: readonly (readonly [file: string, filter?: string])[] = [
  ["tests/imagebuild/cancel_engine_test.ts"],
  ["tests/imagebuild/engine_faults_engine_test.ts"],
  ["tests/imagebuild/folder_engine_test.ts"],
  ["tests/imagebuild/secrets_engine_test.ts"],
  ["tests/cli/build_engine_test.ts", "/secret|failure/"],
  ["tests/deno_lacks_test.ts"],
  ["tests/exporter/export_engine_test.ts"],
  ["tests/exporter/folder_exporter_test.ts"],
  ["tests/fsutil/races_test.ts"],
];

/**
 * The runs of a smaller suite on the oldest Deno, one for each file: has npx bring the oldest Deno that davit supports. It reads a copy of
 * `deno.json` without what it does not know; types are what the newest checks.
 * Two versions empty each other's caches, so it has its own; the modules are in
 * it when this ends, for runs side by side.
 */
export async function oldestCommands(
  signal: AbortSignal,
): Promise<TestCommand[]> {
  const { test: _, tasks: __, ...settings } = JSON.parse(
    await Deno.readTextFile(`${ROOT}/deno.json`),
  );
  await Deno.mkdir(CACHE, { recursive: true });
  const path = `${CACHE}/deno-${OLDEST_DENO}.json`;
  await Deno.writeTextFile(path, JSON.stringify(settings));
  const code = "console.log(Deno.execPath())";
  const program = (await runCommand(
    "npx",
    ["-y", `deno@${OLDEST_DENO}`, "eval", code],
    { signal },
  )).trim();
  const env = {
    DENO_DIR: `${CACHE}/deno-${OLDEST_DENO}`,
    // It does not ask the system for certificates by itself.
    DENO_TLS_CA_STORE: "system,mozilla",
  };
  const config = ["--no-lock", "--config", path];
  const files = SUITE.map(([file]) => file);
  // All packages, which a command that tests run would fetch otherwise, and say so.
  const packages = Object.values<string>(settings.imports);
  await runCommand(program, ["cache", ...config, ...packages, ...files], {
    cwd: ROOT,
    env,
    signal,
  });
  return SUITE.map(([file, filter]) => ({
    program,
    args: [
      ...["test", "-A", "--no-prompt", "--no-check", ...config],
      ...(filter === undefined ? [] : ["--filter", filter]),
      `${ROOT}/${file}`,
    ],
    env,
    title: `on Deno ${OLDEST_DENO}`,
  }));
}
