/**
 * Builds the sample builds on a real engine and writes what it says into
 * `traces/`, as it came from the wire:
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A -c deno.json tests/progress/capture.ts [NAME …]
 */
// deno-lint-ignore-file no-console

import { connectEngine, socketPathOf } from "../engines/engine_api.ts";
import type { EngineDescription } from "../engines/environment.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS, type SampleBuild } from "./builds.ts";
import { tarBytes } from "../support/tar.ts";

/** Sends a sample build and gives back the whole answer, an error's text too. */
export async function postSample(
  host: string,
  build: SampleBuild,
): Promise<string> {
  using api = connectEngine(socketPathOf(host));
  const query = new URLSearchParams({
    version: "2",
    networkmode: "none",
    ...(build.twice ? {} : { nocache: "1" }),
    ...build.query,
  });
  const body = await tarBytes({
    "Dockerfile": build.dockerfile,
    "hello.txt": "hello from the context\n",
  });
  const post = async () => {
    const response = await api.request(`/build?${query}`, {
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body,
    });
    return await response.text();
  };
  if (build.twice) await post();
  return await post();
}

if (import.meta.main) {
  const [engine]: EngineDescription[] = JSON.parse(
    Deno.env.get("DAVIT_ENGINES") ?? "[]",
  );
  if (engine === undefined) throw new Error("DAVIT_ENGINES names no engine");
  for (const build of [...SAMPLE_BUILDS, ...CLASSIC_BUILDS]) {
    if (Deno.args.length > 0 && !Deno.args.includes(build.name)) continue;
    const text = await postSample(engine.host, build);
    const file = `traces/${engine.generation}_${build.name}.jsonl`;
    await Deno.writeTextFile(new URL(file, import.meta.url), text);
    console.log(`${file}: ${text.length} characters`);
  }
}
