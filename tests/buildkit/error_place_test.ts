import { entitlementsIn, errorPlace } from "../../lib/buildkit/error_place.ts";
import type { LineRange } from "../../lib/progress/dockerfile.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";

const TEXT = Array.from({ length: 12 }, (_, i) => `RUN ${i + 1}`).join("\n");

function placeOf(...ranges: readonly LineRange[]) {
  return errorPlace({ file: "Dockerfile", text: TEXT, ranges });
}

Deno.test("the place of an error is its first range, with those that touch it", () => {
  const at = (start: number, end = start) => ({ start, end });
  for (
    const [ranges, startLine, endLine] of [
      [[at(5)], 5, 5],
      // A step over several lines, as BuildKit gives it, in any order.
      [[at(4), at(2), at(3)], 2, 4],
      [[at(2, 6), at(3), at(7)], 2, 7],
      [[at(2, 3), at(3, 5)], 2, 5],
      // Another step.
      [[at(9), at(2), at(4)], 2, 2],
    ] as const
  ) {
    const place = placeOf(...ranges);
    assertEquals([place?.startLine, place?.endLine], [startLine, endLine]);
    assertEquals(place?.file, "Dockerfile");
    assertStringIncludes(place!.excerpt, `RUN ${startLine}`);
  }
  assertEquals(placeOf(), undefined);
  const named = errorPlace(
    { file: "Dockerfile", text: TEXT, ranges: [at(1)] },
    "app/Dockerfile",
  );
  assertEquals(named?.file, "app/Dockerfile");
});

Deno.test("an entitlement is read where a step was not allowed it", () => {
  for (
    const [words, names] of [
      ["failed to load LLB: network.host is not allowed", ["network.host"]],
      ["security.insecure is not allowed", ["security.insecure"]],
      ["a: device=x/y is not allowed", ["device=x/y"]],
      ["network.host is not allowed here", []],
      ["my-network.host is not allowed", []],
    ] as const
  ) assertEquals(entitlementsIn(words), [...names]);
});
