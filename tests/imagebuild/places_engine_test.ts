import { assert, assertEquals } from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { dockerfileTar, tarBytes, tarHeader, tarOf } from "../support/tar.ts";
import { BuildError, type DockerClient } from "../../mod.ts";
import { runProgram } from "../cli/command.ts";
import { changedHeader, pack } from "./tar_forms.ts";

const FROM = "FROM davit-test/base";

/** A Dockerfile that fails, and the first line of what is wrong; none where nobody can tell. */
type Case = readonly [line: number | undefined, ...dockerfile: string[]];

/** What BuildKit 28 says without a line, and davit finds by its words. */
const CASES: readonly Case[] = [
  [2, FROM, "ENV a"],
  [4, "FROM scratch AS a", "ENV b c", FROM, "env a", "LABEL b", "ENV d"],
  [2, FROM, "ONBUILD ENV a", "ENV b"],
  [5, FROM, "RUN <<EOF", "ENV a", "EOF", "LABEL a"],
  [
    3,
    FROM,
    "RUN true",
    "RUN --mount=type=nope true",
    "RUN --mount=type=nope x",
  ],
  [
    2,
    FROM,
    "RUN --mount=type=cache,target=/c \\",
    '  --mount="type=nope" \\',
    "  true",
  ],
  [2, FROM, "RUN --mount=type=cache true"],
  [2, FROM, "RUN --mount=type=bind,foo=bar true"],
  [2, FROM, "RUN --mount=type=secret,id=x,required=maybe true"],
  [2, FROM, "RUN --mount=type=secret,id=x,mode=x true"],
  [2, FROM, "RUN --mount=type=cache,target=/x,sharing=nope true"],
  [2, "ARG X", "FROM $X"],
  [1, 'FROM ""', FROM],
  [1, "FROM A:B:C"],
  [1, "FROM --platform=x/y/z/w scratch"],
  [3, FROM, "ARG M=64a", "COPY --chmod=$M Dockerfile /"],
  [2, FROM, "COPY --chmod=64a Dockerfile /", "ADD --chmod=64a Dockerfile /"],
  [2, FROM, "COPY --from=nostage:5 /a /b"],
  [2, FROM, "COPY --from=nostage /a /b", "COPY --from=nostage /c /d"],
  [2, FROM, "ADD --checksum=x http://a/ /"],
  [2, FROM, "EXPOSE nope"],
  [2, FROM, "STOPSIGNAL nope"],
  [2, FROM, "COPY <<A <<B /x/", "a", "A", "b"],
  [4, FROM, 'ENV a="b c d"', "ENV c d", "ENV a=b c"],
  [2, FROM, "LABEL a=b \\", " c"],
  [3, FROM, "FROM scratch AS x", "COPY --from=y a b", "FROM x AS y"],
  [2, FROM, "ADD --checksum=sha256:aa http://a/ /"],
  [1, "# nothing"],
  [4, "# a", "", "# b", "  # c"],
  [3, "# a", "", ""],
  [1, "ENV a=b", FROM],
  [1, "# syntax=127.0.0.1:1/a/b:1", FROM],
  [2, FROM, "WORKDIR ${a:?missing}", "RUN echo ${a:?missing}"],
  // The words of a step are not the engine's.
  [2, FROM, "RUN echo 'dockerfile parse error on line 1: x' && false"],
  [3, FROM, "EXPOSE 1", "RUN echo 'invalid containerPort: 1' && false"],
];

/** What an engine before BuildKit 0.13 takes, dies of, or says in other words. */
const RECENT =
  /<<|chmod|checksum|EXPOSE nope|STOPSIGNAL|from=nostage|from=y|syntax|ONBUILD/;

/** Two lines that fail for the same reason. */
const TWICE = /(COPY --from=nostage) .*\n\1 /;

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
async function markedBy(
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

engineTest(
  "a sentence of the engine without a line gets its place, docker's own where that shows one",
  async (context) => {
    const compare = isRecent(context) && context.cli !== undefined;
    for (const [line, ...dockerfile] of CASES) {
      const what = dockerfile.join("\n");
      if (!isRecent(context) && RECENT.test(what)) continue;
      const { first, last } = await placeOf(
        context.docker,
        dockerfileTar(...dockerfile),
      );
      assertEquals(first, line, what);
      if (!compare) continue;
      const marked = await markedBy(context, dockerfile);
      // Of two lines that need the same image, docker marks one by chance.
      if (TWICE.test(what)) assert(marked.length === 1, what);
      else assertEquals([first, last], [marked[0], marked.at(-1)], what);
    }
  },
);

engineTest(
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
