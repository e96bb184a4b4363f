import type { BuildMessage, DockerClient, ImageBuild } from "../../mod.ts";
import { findProcesses } from "../engines/process.ts";
import { assertRejects } from "./assert.ts";
import { traceText } from "./builds.ts";
import type { EngineContext } from "./engines.ts";
import { dockerfileTar } from "./tar.ts";
import { until } from "./until.ts";

/** A build whose step runs until it is stopped, and a name to find its process by. */
export async function sleeper(
  docker: DockerClient,
  signal?: AbortSignal,
): Promise<{ build: ImageBuild; seconds: string }> {
  const seconds = String(100_000 + Math.floor(Math.random() * 900_000));
  const build = docker.imageBuild(
    dockerfileTar(
      "FROM davit-test/base",
      `RUN --mount=type=secret,id=t echo started && sleep ${seconds}`,
    ),
    {
      networkmode: "none",
      nocache: true,
      tag: `davit-test/sleeper:${seconds}`,
      secrets: { t: "secret-of-sleeper" },
      ...(signal ? { signal } : {}),
    },
  );
  const seen: BuildMessage[] = [];
  for await (const message of build.messages()) {
    seen.push(message);
    if (/started$/m.test(traceText(seen))) break;
  }
  await until(() => sleeping(seconds), "the step sleeps");
  return { build, seconds };
}

/** Whether its process runs. */
export async function sleeping(seconds: string): Promise<boolean> {
  return (await findProcesses((args) => args.includes(seconds))).length > 0;
}

/** Waits until its step is gone, and checks that there is no image of it. */
export async function stopsOnEngine(
  { docker }: EngineContext,
  seconds: string,
): Promise<void> {
  await until(async () => !await sleeping(seconds), "the step is stopped");
  await assertRejects(() =>
    docker.imageInspect(`davit-test/sleeper:${seconds}`)
  );
}
