// An image of two platforms with two outputs, provenance and a secret, in a
// registry that speaks TLS and wants a login: beside what buildx makes of the
// same folder.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import {
  type EngineContext,
  engineKindTest,
  engineOf,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { readPushedImage } from "../registry/pushed_image.ts";
import type { ImagePlatform } from "../registry/read_image.ts";
import { dockerCommand, pulledFiles } from "./docker_client.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64"] as const;

/** Steps run on this machine's processor; the images hold what they copied. */
const DOCKERFILE = `
FROM --platform=$BUILDPLATFORM davit-test/base AS build
ARG TARGETARCH
WORKDIR /out
COPY src src
RUN --mount=type=secret,id=token,required=true \\
    sha256sum < /run/secrets/token > token.sum && \\
    echo "for $TARGETARCH" > arch && chmod 0750 arch && ln -s arch link
FROM scratch
COPY --from=build /out /app
COPY --chown=12:34 notes.txt /
ENV FOR=everybody
`;

/** What both make of the folder, for a platform. */
async function expectedFiles(token: string, arch: string): Promise<string[]> {
  const file = async (
    path: string,
    mode: string,
    owner: string,
    text: string,
  ) => `${path} 0 ${mode} ${owner} ${text.length} ${await sha256(text)} `;
  return [
    await file("app/arch", "750", "0 0", `for ${arch}\n`),
    `app/link 2 777 0 0 0 ${await sha256("")} arch`,
    await file("app/src/a.txt", "644", "0 0", "a"),
    await file("app/token.sum", "644", "0 0", `${await sha256(token)}  -\n`),
    await file("notes.txt", "644", "12 34", "notes"),
  ];
}

for (const generation of ["28", "26"] as const) {
  engineKindTest(
    { generation, containerdStore: true },
    "two platforms, two outputs, provenance and a secret, pushed over TLS with a login: each platform's files are buildx's",
    compareWithBuildx,
  );
}

async function compareWithBuildx(engine: EngineContext): Promise<void> {
  await using registry = await startRegistry({
    auth: "basic",
    tls: true,
    direct: true,
  });
  await using buildx = await dockerCommand(engine, [registry.host]);
  // Another engine, which has nothing of it.
  const other = await engineOf({ generation: "28", containerdStore: false });
  await using puller = await dockerCommand(other, [registry.host]);
  await withTempFolder(async (folder) => {
    const context = `${folder}/context`;
    const token = `token of two platforms ${crypto.randomUUID()}`;
    await Deno.mkdir(context);
    await writeTree(context, {
      Dockerfile: DOCKERFILE,
      "src/a.txt": "a",
      "notes.txt": "notes",
    });
    await Deno.writeTextFile(`${folder}/token`, token);
    await buildx.run([
      ...["buildx", "build", "--no-cache", "--network=none"],
      ...["--platform", PLATFORMS.join(), "--provenance=mode=max"],
      ...["--secret", "id=token,src=../token", "-o", "../buildx"],
      ...["--push", "-t", `${registry.host}/two:buildx`, "."],
    ], context);
    const build = engine.docker.imageBuild(context, {
      platform: PLATFORMS,
      tag: `${registry.host}/two:davit`,
      secrets: { token },
      credentials: { [registry.host]: LOGIN },
      attest: { provenance: "max" },
      outputs: [
        { type: "image", push: true },
        { type: "local", dest: `${folder}/davit` },
      ],
      networkmode: "none",
      nocache: true,
    });
    const result = await build.result();
    assertEquals(result.secrets.served, ["token"]);

    const ours = await readPushedImage(registry, "two", "davit");
    const theirs = await readPushedImage(registry, "two", "buildx");
    assertEquals(result.imageId, ours.digest);
    assertEquals(result.image, {
      digest: ours.digest,
      platforms: PLATFORMS.map((platform) => ({
        platform,
        digest: ours.platforms[platform]!.digest,
      })),
    });
    assertEquals(result.exports.map(({ dest }) => dest), [`${folder}/davit`]);
    assertEquals(Object.keys(ours.platforms), [...PLATFORMS]);
    for (const platform of PLATFORMS) {
      const arch = platform.split("/")[1]!;
      const files = (image: string) =>
        pulledFiles(puller, `${registry.host}/${image}`, platform);
      const pulled = await files("two:davit");
      assertEquals(pulled, await files("two:buildx"));
      const own = pulled.filter((line) =>
        /^(app\/.*[^/]|notes.txt) /.test(line)
      );
      const inFolders = own.filter((line) => !/^\S+ 5 /.test(line));
      assertEquals(inFolders, await expectedFiles(token, arch));
      compareImages(ours.platforms[platform]!, theirs.platforms[platform]!);
    }
    // The other output, beside that of buildx.
    assertEquals(
      await filesBelow(`${folder}/davit`),
      await filesBelow(`${folder}/buildx`),
    );
    // The token is nowhere, and neither is the login.
    for (const [digest, bytes] of ours.blobs) {
      const text = new TextDecoder().decode(await unpacked(bytes));
      assert(!text.includes(token), digest);
      assert(!text.includes(LOGIN.password), digest);
    }
    assertEquals(registry.log().includes(LOGIN.password), false);
    await engine.docker.imageRemove(`${registry.host}/two:davit`);
    await engine.docker.imageRemove(`${registry.host}/two:buildx`);
  });
}

/** The same but for times, and what the times make different. */
function compareImages(ours: ImagePlatform, theirs: ImagePlatform): void {
  assertEquals(ours.config.config, theirs.config.config);
  assertEquals(
    ours.config.history.map(({ created_by }: { created_by: string }) =>
      created_by
    ),
    theirs.config.history.map(({ created_by }: { created_by: string }) =>
      created_by
    ),
  );
  assertEquals(
    ours.manifest.layers.map(({ mediaType }) => mediaType),
    theirs.manifest.layers.map(({ mediaType }) => mediaType),
  );
  assertEquals(ours.statements.length, theirs.statements.length);
  for (const [i, statement] of ours.statements.entries()) {
    const { predicateType, subject, predicate } = statement;
    assertMatch(predicateType, /^https:\/\/slsa\.dev\/provenance\/v/);
    assertEquals(predicateType, theirs.statements[i]!.predicateType);
    assertEquals(`sha256:${subject[0]!.digest.sha256}`, ours.digest);
    const text = JSON.stringify(predicate);
    // mode=max: the Dockerfile is in it, and which secrets there were.
    assertStringIncludes(text, btoa(DOCKERFILE).slice(0, 40));
    assertStringIncludes(text, '"token"');
    assertEquals(
      Object.keys(predicate).sort(),
      Object.keys(theirs.statements[i]!.predicate).sort(),
    );
  }
}

async function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f) return bytes;
  return await new Response(
    new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")),
  ).bytes();
}

/** Paths, modes and contents, but for those of the provenance. */
async function filesBelow(path: string, under = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(path)) {
    const own = `${path}/${name}`;
    if (isDirectory) {
      found.push(...await filesBelow(own, `${under}/${name}`));
    } else if (isSymlink) {
      found.push(`${under}/${name} -> ${await Deno.readLink(own)}`);
    } else {
      const { mode } = await Deno.stat(own);
      const text = name === "provenance.json"
        ? "…"
        : await Deno.readTextFile(own);
      found.push(`${under}/${name} ${mode?.toString(8)} ${text}`);
    }
  }
  return found.sort();
}
