import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import {
  formatImageReference,
  fullImageName,
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

Deno.test("fullImageName() writes a name as engines do", () => {
  for (
    const [name, plain, tagged] of [
      ["a", "docker.io/library/a", "docker.io/library/a:latest"],
      ["a:1", "docker.io/library/a:1", "docker.io/library/a:1"],
      ["a/b", "docker.io/a/b", "docker.io/a/b:latest"],
      ["docker.io/a", "docker.io/library/a", "docker.io/library/a:latest"],
      ["docker.io/a/b", "docker.io/a/b", "docker.io/a/b:latest"],
      ["index.docker.io/a:1", "docker.io/library/a:1", "docker.io/library/a:1"],
      ["index.docker.io/a/b", "docker.io/a/b", "docker.io/a/b:latest"],
      ["a:latest", "docker.io/library/a:latest", "docker.io/library/a:latest"],
      ["a.example/b:c", "a.example/b:c", "a.example/b:c"],
      ["localhost/b", "localhost/b", "localhost/b:latest"],
      ["localhost:5000/b", "localhost:5000/b", "localhost:5000/b:latest"],
      ["localhost:5000", "docker.io/library/localhost:5000", undefined],
      [`a@${DIGEST}`, `docker.io/library/a@${DIGEST}`, undefined],
      [`r.example/a:1@${DIGEST}`, `r.example/a:1@${DIGEST}`, undefined],
    ] as const
  ) {
    assertEquals([fullImageName(name, false), fullImageName(name)], [
      plain,
      tagged ?? plain,
    ]);
  }
});
