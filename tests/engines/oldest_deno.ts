import { OLDEST_DENO } from "../../lib/deno_version.ts";
import { runCommand } from "./command.ts";
import { CACHE } from "./kept_folder.ts";
import { ROOT } from "./test_files.ts";

/** What is tried on the oldest Deno, too: secrets, folders, cancelling, leaks, exports, the command. */
const SUITE = [
  "tests/imagebuild/cancel_engine_test.ts",
  "tests/imagebuild/engine_faults_engine_test.ts",
  "tests/imagebuild/folder_engine_test.ts",
  "tests/imagebuild/secrets_engine_test.ts",
  "tests/cli/build_engine_test.ts",
  "tests/deno_lacks_test.ts",
  "tests/exporter/export_engine_test.ts",
  "tests/exporter/folder_exporter_test.ts",
  "tests/fsutil/races_test.ts",
];

/** What of these files is left out: what docker's client and an engine make of 60 Dockerfiles. */
const LEFT_OUT = "davit build does what docker build does";

/** The oldest Deno, and how to run tests on it. */
export interface OldestDeno {
  readonly program: string;
  /** Before the files. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The files of its smaller suite. */
  readonly files: readonly string[];
}

/**
 * Has npx bring the oldest Deno that davit supports. It reads a copy of
 * `deno.json` without what it does not know; types are what the newest checks.
 * Two versions empty each other's caches, so it has its own; the modules are in
 * it when this ends, for runs side by side.
 */
export async function oldestDeno(signal: AbortSignal): Promise<OldestDeno> {
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
  await runCommand(program, ["cache", ...config, ...SUITE], {
    cwd: ROOT,
    env,
    signal,
  });
  return {
    program,
    args: [
      ...["test", "-A", "--no-prompt", "--no-check", ...config],
      ...["--filter", `/^(?!${LEFT_OUT})/`],
    ],
    env,
    files: SUITE,
  };
}
