/**
 * Builds with docker's own command on a real engine, and writes what the engine
 * remembers of that build into `history_record.json`:
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A -c deno.json tests/timings/capture_history.ts
 *     deno fmt tests/timings/history_record.json
 */
// deno-lint-ignore-file no-console

import { DockerClient } from "../../mod.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { runProgram } from "../cli/command.ts";

const FILES = {
  Dockerfile: `# Two stages that run side by side.
FROM davit-test/base AS build
WORKDIR /src
COPY sources /src
RUN --mount=type=cache,target=/cache \\
    --mount=type=secret,id=token,required=true \\
    sleep 0.8 && cat hello.txt > out.txt

FROM davit-test/base as check
COPY sources/hello.txt /
RUN sleep 0.3; grep -q hello /hello.txt && echo "all is well" > /report.txt

FROM scratch
COPY --from=build /src/out.txt /
COPY --from=check /report.txt /
`,
  "sources/hello.txt": "hello\n",
  token: "not-to-be-kept",
};

if (import.meta.main) {
  const [engine]: EngineDescription[] = JSON.parse(
    Deno.env.get("DAVIT_ENGINES") ?? "[]",
  );
  if (engine?.cli === undefined) throw new Error("no engine with a client");
  const { host, cli, cliEnv } = engine;
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, FILES);
    const { code, stderr } = await runProgram([
      ...[cli, "buildx", "build", "--network=none"],
      ...["--secret=id=token,src=token", `--metadata-file=${cwd}/m.json`, "."],
    ], {
      cwd,
      env: { ...cliEnv, DOCKER_HOST: host, BUILDX_CONFIG: `${cwd}/buildx` },
    });
    if (code !== 0) throw new Error(stderr);
    const { "buildx.build.ref": ref } = JSON.parse(
      await Deno.readTextFile(`${cwd}/m.json`),
    );
    await using docker = await DockerClient.fromDockerHost(host);
    const log = await docker.buildHistory().logs(ref.split("/").at(-1));
    const record = {
      events: await Array.fromAsync(log.events()),
      dockerfile: await log.dockerfile(),
      attrs: await log.attrs(),
    };
    const file = new URL("history_record.json", import.meta.url);
    await Deno.writeTextFile(file, `${JSON.stringify(record)}\n`);
    console.log(`${record.events.length} events of ${log.ref}`);
  });
}
