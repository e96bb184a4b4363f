/** Builds of files that begin with something wrong. */
import {
  type BuildFilesOptions,
  type BuildOperation,
  type BuiltFiles,
  DockerClient,
  UnsupportedError,
} from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { ScriptedBuildKit } from "./scripted_buildkit.ts";

/** A stream that tells why it was cancelled. */
function given() {
  const reasons: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    cancel(reason) {
      reasons.push(reason);
    },
  }, { highWaterMark: 0 });
  return { stream, reasons };
}

Deno.test("an option about a result is refused before anything is sent, and the context is given back", async () => {
  const transport = new ScriptedBuildKit();
  await using docker = new DockerClient(transport);
  for (
    const options of [
      { annotations: {} },
      { attest: {} },
      { cacheto: "type=inline" },
      { outputs: [] },
      { quiet: false },
      { squash: false },
      { tag: [] },
      { verify: false },
    ] as unknown as BuildFilesOptions[]
  ) {
    const { stream, reasons } = given();
    const error = await assertRejects(
      () => docker.buildFiles(stream, options).result(),
      TypeError,
      `Cannot read files of a build with ${Object.keys(options)[0]}: `,
    );
    assertEquals(reasons, [error]);
  }
  assertEquals(transport.upgrades, []);
  assertEquals(transport.open, 0);
});

Deno.test("whatever ends a build of files before its files are there ends its connections", async () => {
  const transport = new ScriptedBuildKit();
  await using docker = new DockerClient(transport);
  const ends = async (
    build: BuildOperation<BuiltFiles>,
    reason: unknown,
  ) => {
    assertEquals(await assertRejects(() => build.result()), reason);
    await build.cancel();
    assertEquals(transport.open, 0);
  };
  const why = new Error("enough");
  const dockerfile = { text: "FROM scratch\n" };
  await ends(
    docker.buildFiles({ dockerfile }, { signal: AbortSignal.abort(why) }),
    why,
  );
  // A script without LLBBridge never knows the build.
  const build = docker.buildFiles({ dockerfile });
  const result = assertRejects(() => build.result());
  await build.cancel(why);
  assertEquals(await result, why);
  assertEquals(transport.open, 0);
  const classic = docker.buildFiles({ dockerfile }, { version: "1" });
  await assertRejects(() => classic.result(), UnsupportedError);
  assertEquals(transport.open, 0);
});
