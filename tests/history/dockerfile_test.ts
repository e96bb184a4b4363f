/** The Dockerfile of a build that is remembered. */
import { dockerfileIn } from "../../lib/history/dockerfile.ts";
import { assertEquals } from "../support/assert.ts";

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
