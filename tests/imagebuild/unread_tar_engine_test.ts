import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineKindTest } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { BuildError } from "../../mod.ts";
import { unreadTarHint } from "../../lib/imagebuild/unread_tar.ts";

engineKindTest(
  { generation: "26", containerdStore: true },
  "a tar that an engine can't read by POST /build: the error says what can be done, and that helps",
  async ({ docker }) => {
    const tar = () => dockerfileTar("FROM scratch", "LABEL a=b");
    const error = await docker.imageBuild(tar()).wait().catch((error) => error);
    assertInstanceOf(error, BuildError);
    assertEquals(unreadTarHint(error.detail) === undefined, false);
    assertStringIncludes(error.message, unreadTarHint(error.detail)!);
    const id = await docker.imageBuild(tar(), { api: "buildkit" }).wait();
    assertMatch(id, /^sha256:/);
    // Another image: the engine sometimes fails where it has one without a name.
    const text = "FROM scratch\nLABEL a=c\n";
    const other = await docker.imageBuild({ dockerfile: { text } }).wait();
    assertMatch(other, /^sha256:/);
  },
);

Deno.test("no other failure is taken for that of a tar", () => {
  const lookup = (host: string) =>
    `failed to read downloaded context: failed to load cache key: Get "http://${host}": dial tcp: lookup ${host}: no such host`;
  assert(unreadTarHint(lookup("build-context-a1")) !== undefined);
  for (
    const detail of [
      lookup("example.com"),
      `step: ${lookup("build-context-a1")}`,
      "",
    ]
  ) assertEquals(unreadTarHint(detail), undefined);
});
