import { randomTar, usesContainerd } from "./images.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { EngineError, type TransferEvent } from "../../mod.ts";

const SIZE = 200 * 1024 * 1024;

/** How much memory the process may take on while so much passes through it. */
const MAX_GROWTH = 96 * 1024 * 1024;

/** The most memory that the process has while `work` is done, beyond what it had before. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = Deno.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, Deno.memoryUsage().rss);
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

engineTest(
  "200 MB are saved, and loaded again as they come, in flat memory and with progress",
  async ({ docker }) => {
    const repo = `davit-test/large-${crypto.randomUUID()}`;
    const name = `${repo}:1`;
    const id = await docker.imageImport(
      ReadableStream.from(randomTar(20, SIZE / 20)),
      { repo, tag: "1" },
    );
    let saved = 0;
    const folder = await Deno.makeTempDir({ prefix: "davit-save-" });
    await using _ = {
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
    const path = `${folder}/images.tar`;
    const growth = await growthDuring(async () => {
      const tar = await docker.imageSave(name, {
        onProgress: ({ bytes }) => saved = bytes,
      });
      await tar.pipeTo(
        (await Deno.open(path, { write: true, create: true })).writable,
      );
    });
    assertEquals(saved, (await Deno.stat(path)).size);
    assert(saved > SIZE);
    assertLess(growth, MAX_GROWTH, `saving took ${growth} bytes`);

    await docker.imageRemove(name, { force: true });
    const events: TransferEvent[] = [];
    let sent = 0;
    const loadGrowth = await growthDuring(async () => {
      const { names } = await docker.imageLoad(
        (await Deno.open(path)).readable,
        {
          onProgress: (event) => {
            if (event.type === "bytes") sent = event.bytes;
            else events.push(event);
          },
        },
      );
      assertEquals(names, [name]);
    });
    assertEquals(sent, saved);
    assertLess(loadGrowth, MAX_GROWTH, `loading took ${loadGrowth} bytes`);
    assert(
      await usesContainerd(docker) ||
        events.some((event) =>
          event.type === "layer" && event.status === "Loading layer" &&
          event.current! > 0
        ),
      JSON.stringify(events.slice(0, 3)),
    );
    assertEquals((await docker.imageInspect(name)).Id, id);
    await docker.imageRemove(name, { force: true });
  },
);

engineTest(
  "a slow reader of a saved image holds the engine up, and memory stays flat",
  async ({ docker }) => {
    const repo = `davit-test/slow-${crypto.randomUUID()}`;
    const name = `${repo}:1`;
    await docker.imageImport(
      ReadableStream.from(randomTar(1, 64 * 1024 * 1024)),
      { repo, tag: "1" },
    );
    let bytes = 0;
    const tar = await docker.imageSave(name, {
      onProgress: (event) => bytes = event.bytes,
    });
    const reader = tar.getReader();
    const { value } = await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    // What is read is told of, and nothing is read ahead but one chunk.
    assertLess(bytes - value!.length, 1024 * 1024);
    await reader.cancel();
    await docker.imageRemove(name, { force: true });
  },
);

engineTest(
  "a load fails with what its stream fails with, and a progress that throws ends it",
  async ({ docker }) => {
    const broken = new Error("the disk is gone");
    let pulls = 0;
    const tar = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ < 3) return controller.enqueue(new Uint8Array(512));
        controller.error(broken);
      },
    });
    assertEquals(await assertRejects(() => docker.imageLoad(tar)), broken);
    const enough = new Error("enough");
    let cancelled = 0;
    const large = () => {
      const source = randomTar(1, 64 * 1024 * 1024);
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { value } = await source.next();
          controller.enqueue(value!);
        },
        cancel: () => {
          cancelled++;
        },
      });
    };
    const error = await assertRejects(() =>
      docker.imageLoad(large(), {
        onProgress: (event) => {
          if (event.type === "bytes" && event.bytes > 4e6) throw enough;
        },
      })
    );
    assertEquals(error, enough);
    assertEquals(cancelled, 1);
    const reason = new Error("no more");
    const abort = new AbortController();
    const load = docker.imageLoad(large(), {
      signal: abort.signal,
      onProgress: (event) => {
        if (event.type === "bytes" && event.bytes > 4e6) abort.abort(reason);
      },
    });
    assertEquals(await assertRejects(() => load), reason);
    assertEquals(cancelled, 2);
    await assertRejects(
      () => docker.imageSave("davit-test/no-such-image"),
      EngineError,
    );
  },
);
