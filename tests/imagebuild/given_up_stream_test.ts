import { assertEquals, assertRejects } from "../support/assert.ts";
import { startFakeEngine } from "../support/fake_engine.ts";
import { DockerClient, type ImageBuildOptions } from "../../mod.ts";

Deno.test("a stream for the result is aborted, whatever option is wrong", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const wrong = [
    { shmsize: -1 },
    { version: "3" },
    { secretsVia: "pigeon" },
    { credentials: { "not a host": {} } },
    { session: false },
  ] as unknown as ImageBuildOptions[];
  for (const options of wrong) {
    for (const list of [false, true]) {
      const aborted: unknown[] = [];
      const dest = new WritableStream<Uint8Array>({
        abort: (reason) => void aborted.push(reason),
      });
      const output = { type: "tar" as const, dest };
      const build = docker.imageBuild(new ReadableStream(), {
        outputs: list ? [output] : output,
        ...options,
      });
      const error = await assertRejects(() => build.wait(), Error);
      assertEquals(aborted, [error], JSON.stringify(options));
      assertEquals(dest.locked, false);
    }
  }
  assertEquals(engine.requests.length, 0);
});

Deno.test("a stream of somebody else's writer is left alone", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const aborted: unknown[] = [];
  const dest = new WritableStream<Uint8Array>({
    abort: (reason) => void aborted.push(reason),
  });
  using _ = { [Symbol.dispose]: () => writer.releaseLock() };
  const writer = dest.getWriter();
  const build = docker.imageBuild(new ReadableStream(), {
    outputs: { type: "tar", dest },
  });
  await assertRejects(() => build.wait(), TypeError, "in use");
  assertEquals(aborted, []);
});
