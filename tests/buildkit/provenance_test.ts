/** Provenance out of BuildKit's history. */
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { buildProvenance } from "../../lib/buildkit/provenance.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import {
  readContentRequest,
  readContentResponse,
} from "../../lib/proto/content.ts";
import {
  type DescriptorMessage,
  historyEvent,
  historyRecord,
  historyRequest,
} from "../../lib/proto/history.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { NEVER } from "./engine_builds.ts";
import {
  type Answer,
  answer,
  refuse,
  requestOf,
  say,
  ScriptedEngine,
} from "./scripted_engine.ts";

const KIND = "in-toto.io/predicate-type";

/** A descriptor of an attestation with this digest. */
function attestation(
  digest: string,
  kind: string | null = "https://slsa.dev/provenance/v0.2",
): DescriptorMessage {
  return {
    mediaType: "application/vnd.in-toto+json",
    digest,
    size: 1,
    annotations: new Map(kind === null ? [] : [[KIND, kind]]),
  };
}

type Attested = Record<string, readonly DescriptorMessage[]>;

/** A record of a build; the result by the empty name is for no platform. */
function record(ref: string, results: Attested) {
  const { "": alone, ...platforms } = results;
  return historyEvent.encode({
    record: {
      ...historyRecord.zero(),
      ref,
      result: alone && { only: undefined, attestations: alone, results: [] },
      results: new Map(
        Object.entries(platforms).map(([platform, attestations]) => [
          platform,
          { only: undefined, attestations, results: [] },
        ]),
      ),
    },
  });
}

/** Asks for the provenance of the build "r". */
async function provenance(
  records: readonly Uint8Array[] | Answer,
  texts: Record<string, readonly (string | Uint8Array)[]> = {},
) {
  const asked: string[] = [];
  await using scripted = new ScriptedEngine({
    ListenBuildHistory: typeof records === "function"
      ? records
      : async (stream) => {
        // Always all, and what is there now.
        assertEquals(
          await requestOf(stream),
          historyRequest.encode({ earlyExit: true }),
        );
        answer(...records)(stream);
      },
    async Read(stream) {
      const { digest } = readContentRequest.decode(await requestOf(stream));
      asked.push(digest);
      say(
        stream,
        ...(texts[digest] ?? []).map((text) =>
          readContentResponse.encode({
            data: typeof text === "string"
              ? new TextEncoder().encode(text)
              : text,
          })
        ),
      );
      stream.end([["grpc-status", "0"]]);
    },
  });
  const found = await buildProvenance(buildkitOf(scripted.engine), "r", NEVER);
  return { found: Object.fromEntries(found), asked };
}

Deno.test("the provenance of a build is found by its id, for each platform", async () => {
  // A character whose bytes come in two parts.
  const bytes = new TextEncoder().encode('{"a":"é"}');
  const parts = [bytes.slice(0, 7), bytes.slice(7)];
  assertEquals(
    await provenance([
      record("other", { "": [attestation("sha256:0")] }),
      historyEvent.encode({}),
      record("r", {
        "": [
          attestation("sha256:1", "https://spdx.dev/Document"),
          attestation("sha256:2", null),
          attestation("sha256:3"),
          attestation("sha256:4"),
        ],
      }),
      record("r2", { "": [attestation("sha256:5")] }),
    ], { "sha256:3": parts }),
    { found: { "": { a: "é" } }, asked: ["sha256:3"] },
  );
  assertEquals(
    await provenance([
      record("r", {
        "": [],
        "linux/amd64": [
          attestation("sha256:1", "https://slsa.dev/provenance/v1"),
        ],
        "linux/arm64": [attestation("sha256:2")],
        "linux/arm": [],
      }),
    ], { "sha256:1": ['{"a":1}'], "sha256:2": ['{"a":2}'] }),
    {
      found: { "linux/amd64": { a: 1 }, "linux/arm64": { a: 2 } },
      asked: ["sha256:1", "sha256:2"],
    },
  );
});

Deno.test("an engine that keeps no record of a build has no provenance of it", async () => {
  const none = { found: {}, asked: [] };
  assertEquals(await provenance([]), none);
  assertEquals(await provenance([record("r", {})]), none);
  // As engines of the 20.10 line.
  assertEquals(
    await provenance(refuse(GrpcCode.UNIMPLEMENTED, "unknown method")),
    none,
  );
  await assertRejects(
    () => provenance(refuse(GrpcCode.INTERNAL, "broken")),
    SolveError,
    "broken",
  );
});

Deno.test("what is no provenance is refused, and not quoted", async () => {
  const of = (...text: string[]) =>
    provenance([record("r", { "": [attestation("sha256:1")] })], {
      "sha256:1": text,
    });
  for (const text of ["", "hunter2", "null", "[]", '"a"', "5"]) {
    const error = await assertRejects(() => of(text), ProtocolError);
    assertEquals(
      error.message,
      "The engine's history has a provenance of the build that is no JSON object",
    );
    assertEquals(error.cause, undefined);
  }
  assertEquals((await of("{}")).found, { "": {} });
  const part = " ".repeat(8 * 1024 * 1024);
  const parts = Array.from({ length: 2 }, () => part);
  const most = [part, part.slice(2), "{}"];
  assertEquals((await of(...most)).found, { "": {} });
  await assertRejects(
    () => of(...parts, "{}"),
    ProtocolError,
    "has more than 16777216 bytes",
  );
});
