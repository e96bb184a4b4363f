/** The Dockerfile of a build that is remembered. */
import { dockerfileIn } from "../../lib/history/dockerfile.ts";
import { buildTimings } from "../../lib/timings/mod.ts";
import { BuildError } from "../../lib/errors.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { at, recordWith } from "./records.ts";
import { scriptedHistory } from "./scripted_history.ts";

const FILE = { filename: "Dockerfile", data: btoa("FROM scratch\n") };
const FOUND = { name: "Dockerfile", text: "FROM scratch\n" };

/** A provenance of version 0.2. */
function older(infos: unknown): unknown {
  return {
    metadata: {
      "https://mobyproject.org/buildkit@v1#metadata": { source: { infos } },
    },
  };
}

/** A provenance of version 1. */
function newer(infos: unknown): unknown {
  return {
    runDetails: { metadata: { buildkit_metadata: { source: { infos } } } },
  };
}

Deno.test("the Dockerfile is in a provenance of both versions", () => {
  for (const provenance of [older, newer]) {
    assertEquals(dockerfileIn(provenance([FILE])), FOUND);
    assertEquals(
      dockerfileIn(provenance([null, { filename: "a" }, {
        filename: "b",
        data: "%",
      }, FILE])),
      FOUND,
    );
  }
});

Deno.test("a provenance of another shape has no Dockerfile", () => {
  const others = [
    undefined,
    null,
    1,
    {},
    { metadata: null },
    { metadata: {} },
    ...[older, newer].flatMap((provenance) =>
      [undefined, {}, [], [1], [{ filename: 1, data: FILE.data }]].map(
        provenance,
      )
    ),
  ];
  for (const other of others) assertEquals(dockerfileIn(other), undefined);
});

const attestation = (digest: string, type: string) => ({
  mediaType: "application/vnd.in-toto+json",
  digest,
  size: 1,
  annotations: new Map([["in-toto.io/predicate-type", type]]),
});

const good = (ref: string, ...types: [digest: string, type: string][]) =>
  recordWith({
    ref,
    createdAt: at(1),
    completedAt: at(2),
    result: {
      only: undefined,
      attestations: types.map(([digest, type]) => attestation(digest, type)),
      results: [],
    },
  });

Deno.test("a log has the Dockerfile and the error that the engine remembers", async () => {
  const SLSA = "https://slsa.dev/provenance/v1";
  const value = new TextEncoder().encode(JSON.stringify({
    info: { filename: "app.Dockerfile", data: btoa("FROM a\nRUN b\n") },
    ranges: [{ start: { line: 2 }, end: { line: 2 } }],
  }));
  const failed = (ref: string, details: boolean) =>
    recordWith({
      ref,
      createdAt: at(1),
      completedAt: at(2),
      error: {
        code: 2,
        message: "it failed",
        details: details
          ? [{ typeUrl: "moby/errdefs.Source+json", value }]
          : [],
      },
    });
  await using scripted = scriptedHistory({
    records: [
      good("good", ["sbom", "https://spdx.dev/Document"], ["empty", SLSA], [
        "full",
        "https://slsa.dev/provenance/v0.2",
      ]),
      good("min", ["empty", SLSA]),
      good("none"),
      failed("failed", true),
      failed("early", false),
    ],
    contents: {
      // An SBOM may be large: it is not read.
      sbom: "no JSON",
      empty: "{}",
      full: JSON.stringify(older([FILE])),
    },
  });
  const log = (ref: string) => scripted.docker.buildHistory().logs(ref);
  const dockerfile = async (ref: string) => await (await log(ref)).dockerfile();
  assertEquals(await dockerfile("good"), FOUND);
  assertEquals(await dockerfile("min"), undefined);
  assertEquals(await dockerfile("none"), undefined);
  assertEquals(await dockerfile("failed"), {
    name: "app.Dockerfile",
    text: "FROM a\nRUN b\n",
  });
  assertEquals(await dockerfile("early"), undefined);
  assertEquals(await (await log("good")).failure(), undefined);
  const failure = await (await log("failed")).failure();
  assert(failure instanceof BuildError);
  assertEquals(failure.detail, "it failed");
  // All of it is in the times of such a build.
  const timings = await buildTimings(await log("failed"));
  assertEquals(timings.dockerfile!.name, "app.Dockerfile");
  assertEquals(timings.status, "error");
  assertEquals(timings.failure, {
    message: "it failed",
    step: undefined,
    lines: { start: 2, end: 2 },
    excerpt: failure.source!.excerpt,
  });
});
