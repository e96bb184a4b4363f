import { assert, assertEquals } from "../support/assert.ts";
import { type EngineContext, isRecent } from "../support/engines.ts";
import { bothWaysTest } from "../support/ways.ts";
import { someAtOnce } from "../support/some_at_once.ts";
import { withTempFolder } from "../support/folder.ts";
import { dockerfileTar, tarBytes, tarHeader, tarOf } from "../support/tar.ts";
import { BuildError, type DockerClient } from "../../mod.ts";
import { runProgram } from "../cli/command.ts";
import {
  FAILING,
  FAILING_FROM as FROM,
  RECENT,
  TWICE,
} from "./failing_dockerfiles.ts";
import { changedHeader, pack } from "./tar_forms.ts";

async function placeOf(
  docker: DockerClient,
  tar: ReadableStream<Uint8Array>,
  dockerfile?: string,
): Promise<{ first: number | undefined; last: number | undefined }> {
  const error = await docker.imageBuild(tar, {
    networkmode: "none",
    ...(dockerfile === undefined ? {} : { dockerfile }),
  }).wait().then(() => undefined, (error) => error);
  assert(error instanceof BuildError, `${error}`);
  return { first: error.source?.startLine, last: error.source?.endLine };
}

/** The lines that docker's own client marks. */
function markedBy(
  engine: EngineContext,
  dockerfile: readonly string[],
): Promise<number[]> {
  const key = [engine.cli, ...dockerfile].join("\n");
  const marked = markedByDocker.get(key) ?? readMarked(engine, dockerfile);
  markedByDocker.set(key, marked);
  return marked;
}

/** What docker marked in each Dockerfile: one answer for all ways of davit. */
const markedByDocker = new Map<string, Promise<number[]>>();

async function readMarked(
  { cli, cliEnv }: EngineContext,
  dockerfile: readonly string[],
): Promise<number[]> {
  let marked: number[] = [];
  await withTempFolder(async (cwd) => {
    await Deno.writeTextFile(
      `${cwd}/Dockerfile`,
      `${dockerfile.join("\n")}\n`,
    );
    const { code, stderr } = await runProgram(
      [cli!, "build", "--progress=plain", "--network=none", "."],
      { cwd, env: cliEnv! },
    );
    assertEquals(code, 1, stderr);
    marked = [...stderr.matchAll(/^ *(\d+) \| >>>/gm)].map(([, line]) =>
      Number(line)
    );
  });
  return [...new Set(marked)];
}

bothWaysTest(
  "a sentence of the engine without a line gets its place, docker's own where that shows one",
  async (context) => {
    const compare = isRecent(context) && context.cli !== undefined;
    await someAtOnce(FAILING, async ([line, ...dockerfile]) => {
      const what = dockerfile.join("\n");
      if (!isRecent(context) && RECENT.test(what)) return;
      const { first, last } = await placeOf(
        context.docker,
        dockerfileTar(...dockerfile),
      );
      // Of two lines that need the same image, BuildKit names one by chance.
      const also = TWICE.test(what) && first === line! + 1;
      if (!also) assertEquals(first, line, what);
      if (!compare) return;
      const marked = await markedBy(context, dockerfile);
      // Of two lines that need the same image, docker marks one by chance.
      if (TWICE.test(what)) assert(marked.length === 1, what);
      else assertEquals([first, last], [marked[0], marked.at(-1)], what);
    });
  },
);

bothWaysTest(
  "the place is found in a tar of any kind, packed with gzip too",
  async ({ docker }) => {
    const text = `${FROM}\nRUM make\n`;
    const plain = await tarBytes({ Dockerfile: text });
    const content = plain.subarray(512);
    const header = tarHeader("Dockerfile", text.length);
    const tar = (...parts: Uint8Array[]) =>
      new Blob(parts as Uint8Array<ArrayBuffer>[]);
    const first = (await tarBytes({ Dockerfile: `${FROM}\n` })).subarray(
      0,
      1024,
    );
    const kinds: Record<string, Blob> = {
      plain: tar(plain),
      packed: tar(await pack(plain)),
      "in two members": tar(
        await pack(plain.slice(0, 100)),
        await pack(plain.slice(100)),
      ),
      "before POSIX": tar(
        changedHeader(header, (bytes) => bytes.fill(0, 257)),
        content,
      ),
      "with a size in base 256": tar(
        changedHeader(header, (bytes) => {
          bytes.fill(0, 124, 136)[124] = 0x80;
          bytes[135] = text.length;
        }),
        content,
      ),
      "with two Dockerfiles": tar(first, plain),
    };
    for (const [kind, blob] of Object.entries(kinds)) {
      assertEquals((await placeOf(docker, blob.stream())).first, 2, kind);
    }
    for (
      const [path, dockerfile] of [
        ["dockerfile", undefined],
        ["x/../s/dockerfile", "s/Dockerfile"],
        ["s/Dockerfile", "./a/../s/Dockerfile"],
      ] as const
    ) {
      const stream = tarOf({ [path]: text });
      assertEquals((await placeOf(docker, stream, dockerfile)).first, 2, path);
    }
    // The last of two is what the engine builds.
    const last = tar(plain.subarray(0, 1024), first, new Uint8Array(1024));
    await docker.imageBuild(last.stream()).wait();
  },
);
