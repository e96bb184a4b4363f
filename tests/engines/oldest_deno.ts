import { OLDEST_DENO } from "../../lib/deno_version.ts";
import { CACHE } from "./kept_folder.ts";

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

/** A program with its arguments and what it needs of the environment. */
export interface OldestDenoCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The command that runs a smaller suite on the oldest Deno that davit supports,
 * which npx brings. It reads a copy of `deno.json` without what it does not
 * know; types are what the newest checks.
 */
export async function oldestDenoCommand(): Promise<OldestDenoCommand> {
  const root = `${import.meta.dirname}/../..`;
  const { test: _, tasks: __, ...config } = JSON.parse(
    await Deno.readTextFile(`${root}/deno.json`),
  );
  await Deno.mkdir(CACHE, { recursive: true });
  const path = `${CACHE}/deno-${OLDEST_DENO}.json`;
  await Deno.writeTextFile(path, JSON.stringify(config));
  return {
    program: "npx",
    args: [
      ...["-y", `deno@${OLDEST_DENO}`, "test", "-A", "--no-prompt"],
      ...["--no-check", "--no-lock", "--config", path],
      ...SUITE.map((file) => `${root}/${file}`),
    ],
    // It does not ask the system for certificates by itself.
    env: { DENO_TLS_CA_STORE: "system,mozilla" },
  };
}
