import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import {
  formatImageReference,
  parseImageReference,
} from "../../lib/engine/image_reference.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

Deno.test("parseImageReference() tells host, path, tag and digest apart", () => {
  const cases: [
    name: string,
    registry: string,
    rest: [string, (string | undefined)?, string?],
  ][] = [
    ["app", "docker.io", ["app", "latest"]],
    ["team/app:1", "docker.io", ["team/app", "1"]],
    ["localhost/app", "localhost", ["localhost/app", "latest"]],
    ["localhost:5000", "docker.io", ["localhost", "5000"]],
    ["localhost:5000/app:1.2-x", "localhost:5000", [
      "localhost:5000/app",
      "1.2-x",
    ]],
    ["ghcr.io/a/b/c", "ghcr.io", ["ghcr.io/a/b/c", "latest"]],
    ["[::1]:5000/app:1", "[::1]:5000", ["[::1]:5000/app", "1"]],
    ["Host/app", "Host", ["Host/app", "latest"]],
    [`r.example/app@${DIGEST}`, "r.example", [
      "r.example/app",
      undefined,
      DIGEST,
    ]],
    [`app:1@${DIGEST}`, "docker.io", ["app", "1", DIGEST]],
  ];
  for (const [name, registry, [repository, tag, digest]] of cases) {
    const reference = parseImageReference(name);
    assertEquals(reference, { registry, repository, tag, digest }, name);
    const written = formatImageReference(reference);
    assertEquals(written, tag === "latest" ? `${name}:latest` : name);
  }
  assertEquals(
    parseImageReference("localhost:5000/app", "2").tag,
    "2",
  );
});

Deno.test("parseImageReference() refuses what is no name, and two tags", () => {
  const form = ': expected "name", "name:tag" or "name@digest"';
  const cases: [name: string, tag: string | undefined, words: string][] = [
    ["", undefined, `""${form}`],
    ["a b", undefined, `"a b"${form}`],
    ["app@", undefined, `"app@"${form}`],
    ["app:", undefined, `"app:"${form}`],
    ["app", "", `"app" with an empty tag${form}`],
    ["app:1", "1", '"app:1" with tag "1": it has a tag already'],
    [`app@${DIGEST}`, "1", `with tag "1": it has a digest already`],
  ];
  for (const [name, tag, words] of cases) {
    const { message } = assertThrows(
      () => parseImageReference(name, tag),
      TypeError,
      "Cannot use image name",
    );
    assert(message.endsWith(words), message);
  }
});
