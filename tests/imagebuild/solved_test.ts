import { engineHost } from "../../lib/imagebuild/host.ts";
import {
  keepSolved,
  provenanceOf,
  solvedOf,
} from "../../lib/imagebuild/solved.ts";
import { readContentResponse } from "../../lib/proto/content.ts";
import { historyEvent, historyRecord } from "../../lib/proto/history.ts";
import { answer, ScriptedEngine } from "../buildkit/scripted_engine.ts";
import { assertEquals } from "../support/assert.ts";

const { signal } = new AbortController();

Deno.test("what BuildKit told of a build is kept beside its result, and nothing of other builds", async () => {
  const attestation = {
    mediaType: "application/vnd.in-toto+json",
    digest: "sha256:1",
    size: 2,
    annotations: new Map([[
      "in-toto.io/predicate-type",
      "https://slsa.dev/provenance/v0.2",
    ]]),
  };
  await using scripted = new ScriptedEngine({
    ListenBuildHistory: answer(historyEvent.encode({
      record: {
        ...historyRecord.zero(),
        ref: "r",
        result: { only: undefined, attestations: [attestation], results: [] },
        results: new Map(),
      },
    })),
    Read: answer(
      readContentResponse.encode({ data: new TextEncoder().encode('{"a":1}') }),
    ),
  });
  const solved = { ref: "r", answer: new Map([["a", "b"]]) };
  const result = {};
  const other = {};
  keepSolved(result, engineHost(scripted.engine), solved);
  keepSolved(other, engineHost(scripted.engine), undefined);
  assertEquals(solvedOf(result)?.ref, "r");
  assertEquals(solvedOf(result)?.answer, solved.answer);
  assertEquals(solvedOf(other), undefined);
  assertEquals(solvedOf({}), undefined);
  assertEquals(await provenanceOf(result, signal), new Map([["", { a: 1 }]]));
  const before = scripted.calls.length;
  assertEquals(await provenanceOf(other, signal), new Map());
  assertEquals(scripted.calls.length, before);
});
