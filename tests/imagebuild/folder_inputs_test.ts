import {
  ContextError,
  DockerClient,
  type FolderContext,
  type ImageBuildOptions,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** What is read of this machine is read before an engine is asked for anything: here is none. */
async function buildNowhere(
  context: string | FolderContext,
  options: ImageBuildOptions = {},
): Promise<string> {
  await using docker = await DockerClient.fromDockerHost(
    "unix:///nowhere/docker.sock",
  );
  return await docker.imageBuild(context, options).wait();
}

Deno.test("a build is cancelled while a Dockerfile's stream gives nothing, and the stream is told", async () => {
  const reason = new Error("enough");
  const abort = new AbortController();
  const cancelled = Promise.withResolvers<unknown>();
  const dockerfile = new ReadableStream<Uint8Array>({
    pull() {
      abort.abort(reason);
      return new Promise<void>(() => {});
    },
    cancel: cancelled.resolve,
  }, { highWaterMark: 0 });
  const building = buildNowhere({ dockerfile }, { signal: abort.signal });
  assertEquals(await building.catch((error) => error), reason);
  assertEquals(await cancelled.promise, reason);
});

Deno.test("a Dockerfile's stream is given back where the build is refused", async () => {
  for (
    const options of [
      { dockerfile: "named twice" },
      { tag: "A:B:C" },
    ] as ImageBuildOptions[]
  ) {
    const cancelled = Promise.withResolvers<unknown>();
    const dockerfile = new ReadableStream<Uint8Array>({
      cancel: cancelled.resolve,
    });
    const error = await buildNowhere({ dockerfile }, options).catch((e) => e);
    assert(error instanceof TypeError, `${error}`);
    assertEquals(await cancelled.promise, error);
  }
});

Deno.test("a Dockerfile's stream has an end, and is bytes", async () => {
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
  });
  await assertRejects(
    () => buildNowhere({ dockerfile: endless }),
    ContextError,
    "more than 16777216 bytes",
  );
  const text = ReadableStream.from(["FROM scratch"]);
  const refused = await assertRejects(
    () => buildNowhere({ dockerfile: text as unknown as ReadableStream }),
    ContextError,
  );
  const words = "Cannot build: the Dockerfile's stream gave text";
  assertEquals(refused.message.slice(0, words.length), words);
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("out of paper"));
    },
  });
  await assertRejects(
    () => buildNowhere({ dockerfile: broken }),
    ContextError,
    "out of paper",
  );
});

Deno.test("a Dockerfile or ignore file that is a FIFO holds nothing up", async () => {
  await withTempFolder(async (root) => {
    const makeFifo = (name: string) =>
      new Deno.Command("mkfifo", { args: [`${root}/${name}`] }).output();
    await makeFifo("Dockerfile");
    const refused = async (context: string | FolderContext) => {
      const error = await assertRejects(
        () => buildNowhere(context),
        ContextError,
      );
      assert(/no regular file/.test(error.message), error.message);
      assert(!/ignore it/.test(error.message), error.message);
    };
    await refused(root);
    await refused({ context: root, dockerfile: `${root}/Dockerfile` });
    await Deno.remove(`${root}/Dockerfile`);
    await writeTree(root, { Dockerfile: "FROM scratch\n" });
    await makeFifo("Dockerfile.dockerignore");
    await refused(root);
  });
});

Deno.test("a Dockerfile that is a link out of the folder is none, and is not shown", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "secret": "root:SECRET\n",
      "in/sub/Real": "FROM scratch\n",
    });
    for (
      const target of ["../secret", `${folder}/secret`, "sub/../../secret"]
    ) {
      await Deno.symlink(target, `${folder}/in/Dockerfile`);
      const error = await assertRejects(
        () => buildNowhere(`${folder}/in`),
        ContextError,
      );
      assert(/there is no Dockerfile/.test(error.message), error.message);
      assert(/the link/.test(error.message), error.message);
      await Deno.remove(`${folder}/in/Dockerfile`);
    }
    // A link that stays inside is followed: the next thing that fails is the engine.
    await Deno.symlink("/sub/Real", `${folder}/in/Dockerfile`);
    const error = await buildNowhere(`${folder}/in`).catch((error) => error);
    assertEquals(error.name, "ConnectionError");
  });
});
