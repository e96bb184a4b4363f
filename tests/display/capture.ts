/**
 * Builds sample builds with the real buildx and writes down what it prints,
 * into `buildx/`:
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A -c deno.json tests/display/capture.ts
 */
// deno-lint-ignore-file no-console

import type { EngineDescription } from "../engines/environment.ts";
import { SAMPLE_BUILDS, type SampleBuild } from "../progress/builds.ts";
import { tarBytes } from "../support/tar.ts";

/** Builds that buildx prints in the same order each time. */
export const PRINTED_BUILDS: readonly SampleBuild[] = SAMPLE_BUILDS.filter(
  ({ name }) =>
    ["output", "cached", "failing_run", "syntax_error", "warnings", "heredoc"]
      .includes(name),
);

/** What `docker build --progress=MODE` prints of a sample build. */
export async function runBuildx(
  engine: EngineDescription,
  build: SampleBuild,
  mode: "plain" | "rawjson",
): Promise<string> {
  if (engine.cli === undefined) throw new Error("the engine has no client");
  const flags = build.twice ? [] : ["--no-cache"];
  const child = new Deno.Command(engine.cli, {
    args: ["build", "--progress", mode, ...flags, "--network", "none", "-"],
    env: { ...engine.cliEnv, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(
    await tarBytes({
      "Dockerfile": build.dockerfile,
      "hello.txt": "hello from the context\n",
      // A context that is known already is not loaded again.
      ...(build.twice ? {} : { "salt": crypto.randomUUID() }),
    }),
  );
  await writer.close();
  return new TextDecoder().decode((await child.output()).stderr);
}

if (import.meta.main) {
  const [engine]: EngineDescription[] = JSON.parse(
    Deno.env.get("DAVIT_ENGINES") ?? "[]",
  );
  if (engine === undefined) throw new Error("DAVIT_ENGINES names no engine");
  for (const build of PRINTED_BUILDS) {
    if (build.twice) await runBuildx(engine, build, "plain");
    for (const mode of ["plain", "rawjson"] as const) {
      const text = await runBuildx(engine, build, mode);
      await Deno.writeTextFile(
        new URL(`buildx/${build.name}.${mode}`, import.meta.url),
        text,
      );
      console.log(`${build.name}.${mode}: ${text.length} characters`);
    }
  }
}
