// What is attested about an image: the statements that buildx asks for.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "../support/assert.ts";
import { containerdTest, engineKindTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarOf } from "../support/tar.ts";
import type { Statement } from "../registry/read_image.ts";
import { SecretLeakError } from "../../mod.ts";
import { bothArchives } from "./both_archives.ts";

const PLATFORM = "linux/amd64";

const DOCKERFILE = `FROM davit-test/base AS build
ARG LEVEL=1
RUN --mount=type=secret,id=token,required=true echo $LEVEL > /level
FROM scratch
COPY --from=build /level /
COPY a /
`;

/** What differs from build to build: times, ids, digests that have those in them. */
const OWN = /(?:started|finished)On$|invocationI[dD]$/i;

/** A statement without what a build has alone; steps are listed by their digests. */
function normalized(statement: Statement | undefined): unknown {
  const text = JSON.stringify(
    statement,
    (name, value) =>
      name === "digestMapping"
        ? Object.values(value).sort()
        : OWN.test(name)
        ? "…"
        : value,
  );
  return JSON.parse(text.replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…"));
}

for (
  const [name, words, provenance] of [
    ["min", "mode=min", "min"],
    ["max", "mode=max", "max"],
    [
      "max in SLSA 1.0, with a builder's name",
      "mode=max,version=v1,builder-id=https://builder.example",
      { mode: "max", version: "v1", builderId: "https://builder.example" },
    ],
  ] as const
) {
  containerdTest(
    `provenance ${name}: what buildx has in it, and no secret`,
    async (engine) => {
      const token = `token of a provenance ${crypto.randomUUID()}`;
      await withTempFolder(async (folder) => {
        await Deno.writeTextFile(`${folder}/token`, token);
        const { buildx, davit } = await bothArchives(engine, {
          files: { Dockerfile: DOCKERFILE, a: "a" },
          words: [
            ...["--network=none", "--build-arg", "LEVEL=2"],
            ...["--secret", `id=token,src=${folder}/token`],
            `--attest=type=provenance,${words}`,
          ],
          options: {
            networkmode: "none",
            buildargs: { LEVEL: "2" },
            secrets: { token },
            attest: { provenance },
            verify: { strict: true },
          },
        });
        const [ours, theirs] = [davit, buildx].map(({ platforms }) =>
          platforms[PLATFORM]!
        );
        assertEquals(ours!.digest, theirs!.digest);
        assertEquals(ours!.statements.length, 1);
        assertEquals(
          normalized(ours!.statements[0]),
          normalized(theirs!.statements[0]),
        );
        const text = JSON.stringify(ours!.statements);
        assert(!text.includes(token));
        assertEquals(
          text.includes(btoa(DOCKERFILE).slice(0, 40)),
          name !== "min",
        );
      });
    },
  );
}

containerdTest(
  "verify finds a secret that is in the provenance alone",
  async ({ docker }) => {
    const token = `token-in-a-name-${crypto.randomUUID()}`;
    const tag = `davit-test/attested:${crypto.randomUUID()}`;
    const build = (options: { verify: boolean }) =>
      docker.imageBuild(
        tarOf({ [token]: "FROM scratch\nCOPY a /\n", a: "a" }),
        {
          ...options,
          tag,
          dockerfile: token,
          secrets: { token },
          attest: { provenance: "max" },
        },
      ).wait();
    const error = await build({ verify: true }).catch((error) => error);
    assertInstanceOf(error, SecretLeakError);
    assertEquals(error.removed, [tag]);
    assert(error.finds.length > 0);
    for (const { id, part } of error.finds) {
      assertEquals([id, part], ["token", "attestation"]);
    }
    assert(!`${error}`.includes(token));
    // Without the search the image is there, with the name beside it.
    await build({ verify: false });
    await docker.imageRemove(tag);
  },
);

/** A program that makes a bill of materials: the list of the files, and of its own parameters. */
const GENERATOR = `FROM davit-test/base
COPY --chmod=0755 <<'EOT' /generate
#!/bin/sh
cd "$BUILDKIT_SCAN_SOURCE"
files=$(find . -type f | sort | sed 's/.*/"&"/' | tr '\\n' ',')
cat > "$BUILDKIT_SCAN_DESTINATION/own.spdx.json" <<END
{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"files":[\${files%,}],"level":"$BUILDKIT_SCAN_LEVEL"}}
END
EOT
ENTRYPOINT ["/generate"]
`;

engineKindTest(
  { generation: "28", containerdStore: true, ownNetwork: true },
  "a bill of materials by a generator of one's own: what buildx gets, for each platform",
  async (engine) => {
    const generator = `davit-test/generator:${crypto.randomUUID()}`;
    await engine.docker.imageBuild(tarOf({ Dockerfile: GENERATOR }), {
      tag: generator,
    }).wait();
    const platforms = ["linux/amd64", "linux/arm64"];
    const { buildx, davit } = await bothArchives(engine, {
      files: {
        Dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n",
        "amd64/for-amd64": "a",
        "arm64/for-arm64": "b",
      },
      words: [
        ...["--platform", platforms.join()],
        `--sbom=generator=${generator},LEVEL=high`,
      ],
      options: {
        platform: platforms,
        attest: { sbom: { generator, parameters: { LEVEL: "high" } } },
      },
    });
    for (const platform of platforms) {
      const [ours, theirs] = [davit, buildx].map((image) =>
        image.platforms[platform]!
      );
      assertEquals(ours!.digest, theirs!.digest);
      assertEquals(
        ours!.statements.map(({ predicateType, predicate }) => [
          predicateType,
          predicate,
        ]),
        [["https://spdx.dev/Document", {
          files: [`./for-${platform.split("/")[1]}`],
          level: "high",
        }]],
      );
      assertEquals(ours!.statements, theirs!.statements);
    }
    // It fails as a step fails.
    const error = await engine.docker.imageBuild(
      tarOf({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" }),
      { attest: { sbom: { generator: "davit-test/base" } }, tag: generator },
    ).wait().catch((error) => error);
    assertInstanceOf(error, Error);
    assertStringIncludes(`${error}`, "davit-test/base");
    await engine.docker.imageRemove(generator);
  },
);
