import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ContextError } from "../../lib/errors.ts";
import { type BuildContext, tarDirectory } from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { engineTest } from "../support/engines.ts";
import { bothWaysTest } from "../support/ways.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** A tar of a small build, large enough for several chunks. */
async function someTar(): Promise<Uint8Array<ArrayBuffer>> {
  let tar = new Uint8Array(0);
  await withTempFolder(async (root) => {
    await writeTree(root, {
      // Of like images at the same time, the classic builder makes several.
      Dockerfile: `FROM scratch\n${SALT}\nCOPY a /\n`,
      a: new Uint8Array(700_000),
    });
    tar = await new Response(tarDirectory(root, { sourceDateEpoch: 0 }))
      .bytes();
  });
  return tar;
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_000) {
    yield await Promise.resolve(bytes.subarray(at, at + 100_000));
  }
}

for (const version of ["1", "2"] as const) {
  const test: typeof engineTest = version === "1" ? engineTest : bothWaysTest;
  test(
    `an image is built from a tar in every form in which programs have one, with version ${version}`,
    async ({ docker }) => {
      const tar = await someTar();
      const shared = new Uint8Array(new SharedArrayBuffer(tar.length));
      shared.set(tar);
      const forms: Record<string, BuildContext> = {
        "a stream": new Blob([tar]).stream(),
        bytes: tar,
        "bytes in another buffer": new Uint8Array([0, ...tar]).subarray(1),
        "shared bytes": shared,
        "a Buffer": Buffer.from(tar),
        "a Blob": new Blob([tar]),
        "a File": new File([tar], "app.tar"),
        "a Readable": Readable.from(slices(tar)),
        "a Readable with events": new Readable({
          read() {
            this.push(tar);
            this.push(null);
          },
        }),
        "an async generator": slices(tar),
        "packed bytes": gzipSync(tar),
        ...(version === "1" ? { "in zstd": zstdCompressSync(tar) } : {}),
      };
      const ids = new Set<string>();
      for (const [form, context] of Object.entries(forms)) {
        const id = await docker.imageBuild(context, { version }).wait()
          .catch((error) => `${form}: ${error}`);
        ids.add(id);
      }
      assertEquals(ids.size, 1, [...ids].join("\n"));
      assert([...ids][0]!.startsWith("sha256:"), [...ids].join());
    },
  );

  test(
    `what is no tar is named before the engine's words, with version ${version}`,
    async ({ docker }) => {
      const begins = (...bytes: number[]) => {
        const whole = new Uint8Array(2000).fill(1);
        whole.set(bytes);
        return whole;
      };
      const cases: [Uint8Array<ArrayBuffer>, RegExp][] = [
        [new Uint8Array(), /context that was given is empty/],
        [new Uint8Array(10_240), /is a tar without any file/],
        [begins(0x50, 0x4b, 3, 4), /is packed with zip/],
        [begins(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c), /is packed with 7z/],
        [begins(0x04, 0x22, 0x4d, 0x18), /is packed with lz4/],
        version === "2"
          ? [begins(0x28, 0xb5, 0x2f, 0xfd), /packed with zstd.*zstd -d/]
          : [begins(0x41), /is no tar/],
      ];
      for (const [bytes, words] of cases) {
        for (const pieces of [[bytes], Array.from(bytes, (b) => [b])]) {
          const stream = ReadableStream.from(
            pieces.map((piece) => new Uint8Array(piece)),
          );
          const build = docker.imageBuild(stream, { version });
          const error = await assertRejects(() => build.wait(), ContextError);
          assert(words.test(error.message), error.message);
        }
      }
    },
  );
}

bothWaysTest(
  "a Dockerfile alone is built from, as BuildKit does",
  async ({ docker }) => {
    const text = new TextEncoder().encode("FROM scratch\nLABEL a=b\n");
    const id = await docker.imageBuild(text).wait();
    assert(id.startsWith("sha256:"));
    const given: BuildContext[] = [
      { dockerfile: text },
      { dockerfile: new Blob([text]) },
      { dockerfile: Readable.from([Buffer.from(text)]) },
      { dockerfile: slices(text) },
    ];
    for (const context of given) {
      assertEquals(await docker.imageBuild(context).wait(), id);
    }
  },
);

bothWaysTest(
  "a source that fails, gives text or is not wanted is told of, and let go",
  async ({ docker }) => {
    const broken = new Readable({
      read() {
        this.destroy(new Error("the disk is gone"));
      },
    });
    const failed = await assertRejects(
      () => docker.imageBuild(broken).wait(),
      ContextError,
    );
    assert(/the disk is gone/.test(failed.message), failed.message);

    // It fails before anything is read of it, and would end this program.
    const missing = await assertRejects(
      () => docker.imageBuild(createReadStream("/nonexistent.tar")).wait(),
      ContextError,
    );
    assert(/ENOENT/.test(missing.message), missing.message);
    const noDockerfile = { dockerfile: createReadStream("/nonexistent") };
    const unwritten = await assertRejects(
      () => docker.imageBuild(noDockerfile).wait(),
      ContextError,
    );
    assert(/ENOENT/.test(unwritten.message), unwritten.message);

    const texts = Readable.from(["FROM scratch\n"]) as AsyncIterable<never>;
    const wrong = await assertRejects(
      () => docker.imageBuild(texts).wait(),
      ContextError,
    );
    assert(/gave text.* TextEncoderStream/.test(wrong.message), wrong.message);

    const unread = Readable.from([new Uint8Array(5)]);
    let isReturned = false;
    const iterable: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: true, value: undefined }),
        return() {
          isReturned = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    for (const context of [unread, iterable]) {
      await assertRejects(
        () => docker.imageBuild(context, { shmsize: -1 }).wait(),
        RangeError,
      );
    }
    assertEquals([unread.destroyed, isReturned], [true, true]);
  },
);
