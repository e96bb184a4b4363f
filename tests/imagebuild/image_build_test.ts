/** What a caller has of a running build, whatever runs it. */
import { startBuild } from "../../lib/imagebuild/image_build.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import type { BuildRecord } from "../../lib/imagebuild/record.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
import { Operations } from "../../lib/operation/operations.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const RESULT = { imageId: "sha256:1" } as BuildResult;

/** A build of its own client, which does this. */
function start(
  work: (record: BuildRecord, stop: AbortSignal) => Promise<void> | void,
  options: ImageBuildOptions = {},
) {
  const operations = new Operations();
  const build = startBuild({
    operations,
    startedBy: start,
    options,
    async run(record, stop) {
      await work(record, stop);
      return RESULT;
    },
  });
  return { build, operations };
}

Deno.test("a build that its client cuts off is called by its first name, if it has one", async () => {
  for (
    const [tag, words] of [
      [undefined, "The build was cancelled"],
      [["app:1", "app:2"], 'The build of "app:1" was cancelled'],
    ] as const
  ) {
    const { build, operations } = start(
      (_, stop) =>
        new Promise((_, reject) => {
          stop.addEventListener("abort", () => reject(stop.reason));
        }),
      tag === undefined ? {} : { tag: [...tag] },
    );
    const ended = assertRejects(() => build.wait());
    await operations.close();
    const error = await ended;
    assert(error.message.startsWith(words), error.message);
  }
});

Deno.test("options that are none are left to who checks them", async () => {
  for (const options of [undefined, null, 5] as unknown[]) {
    const { build } = start(() => {}, options as ImageBuildOptions);
    assertEquals([build.names, await build.wait()], [[], "sha256:1"]);
  }
});

Deno.test("the newest 16 MiB of messages are kept for readers that start late", async () => {
  const MEBIBYTE = 1024 * 1024;
  for (const [last, isKept] of [[MEBIBYTE, true], [MEBIBYTE + 1, false]]) {
    const { build } = start((record) => {
      // A message counts as 300 characters more than its text.
      const say = (size: number) =>
        record.tellLine({ stream: "x".repeat(size - 300) });
      for (let count = 0; count < 15; count++) say(MEBIBYTE);
      say(last as number);
    });
    assertEquals(await build.wait(), "sha256:1");
    const codes: unknown[] = [];
    let messages = 0;
    for await (const { id, aux } of build.messages()) {
      messages++;
      if (id === "davit.warning") codes.push((aux as { code: string }).code);
    }
    assertEquals([codes, messages], [isKept ? [] : ["messages-lost"], 16]);
  }
});

Deno.test("a log that is cancelled lets its reader go before that is over", async () => {
  const gate = Promise.withResolvers<void>();
  const { build } = start(async (record) => {
    // All text is output of a step while its container runs.
    record.tellLine({ stream: "Step 1/1 : RUN a\n" });
    record.tellLine({ stream: " ---> Running in 0123456789ab\n" });
    record.tellLine({ stream: "one\n" });
    await gate.promise;
  });
  const logs = build.logs();
  const reader = logs.getReader();
  assertEquals(
    new TextDecoder().decode((await reader.read()).value),
    "one\n",
  );
  await reader.cancel();
  gate.resolve();
  await build.wait();
});
