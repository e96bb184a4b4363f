import { ConnectionError, EngineError } from "../../mod.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import type { Build } from "../../lib/imagebuild/build_way.ts";
import type { OwnWarning } from "../../lib/imagebuild/fact.ts";
import { untagUnverified } from "../../lib/imagebuild/unverified.ts";
import { storedImages } from "../../lib/progress/stored_images.ts";
import { assertEquals } from "../support/assert.ts";

const OWN = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

function notFound(path: string): EngineError {
  const detail = "No such image";
  return new EngineError({ status: 404, method: "GET", path, detail });
}

/** What is removed, and told, where names lead to these ids. */
async function untagged(
  ids: Record<string, string | Error>,
  { verify = {}, makesImage = true, stored = [OWN] }: {
    verify?: { keepTags?: boolean };
    makesImage?: boolean;
    stored?: readonly string[];
  } = {},
): Promise<{ removed: string[]; told: OwnWarning[] }> {
  const removed: string[] = [];
  const told: OwnWarning[] = [];
  // deno-lint-ignore require-await -- it rejects, as a real one does
  const json = async (
    { method, path }: { method?: string; path: string },
  ): Promise<unknown> => {
    const name = decodeURIComponent(/^\/images\/([^/?]+)/.exec(path)![1]!);
    if (method === "DELETE") {
      removed.push(name);
      return [];
    }
    const Id = ids[name];
    if (Id instanceof Error) throw Id;
    return { Id };
  };
  await untagUnverified(
    {
      engine: { json } as unknown as Engine,
      request: { verify, makesImage, tags: Object.keys(ids) },
      record: {
        storedImages: new Set(stored),
        warn: (...warning: OwnWarning) => void told.push(warning),
      },
    } as unknown as Build,
  );
  return { removed, told };
}

Deno.test("untagUnverified() takes the names of the build's own image alone", async () => {
  const ids = { "a:1": OWN, "b:1": OTHER, "c:1": notFound("/"), "d:1": OWN };
  assertEquals(await untagged(ids), { removed: ["a:1", "d:1"], told: [] });
});

Deno.test("untagUnverified() leaves names that are to stay, or where nothing was stored", async () => {
  const ids = { "a:1": OWN };
  const none = { removed: [], told: [] };
  assertEquals(await untagged(ids, { verify: { keepTags: true } }), none);
  assertEquals(await untagged(ids, { makesImage: false }), none);
  assertEquals(await untagged(ids, { stored: [] }), none);
});

Deno.test("untagUnverified() tells of a name that it can't remove, and goes on", async () => {
  const broken = new ConnectionError("The connection broke");
  const { removed, told } = await untagged({ "a:1": broken, "b:1": OWN });
  assertEquals(removed, ["b:1"]);
  assertEquals(told, [[
    "image-unverified",
    "a:1 may have been built, and could not be looked through for secrets: remove it, or build again",
  ]]);
});

Deno.test("storedImages() reads the images' ids out of BuildKit's log", () => {
  const of = (...ids: string[]) =>
    storedImages(
      {
        vertexes: [],
        statuses: ids.map((id) => ({ id, vertex: "v" })),
        logs: [],
        warnings: [],
      } as unknown as Parameters<typeof storedImages>[0],
    );
  assertEquals(
    of(
      `writing image ${OWN}`,
      `exporting manifest ${OTHER}`,
      `exporting manifest list ${OWN}`,
    ),
    [OWN, OTHER, OWN],
  );
  assertEquals(
    of(
      `exporting config ${OWN}`,
      `exporting attestation manifest ${OWN}`,
      `writing image ${OWN}0`,
      `not writing image ${OWN}`,
      "naming to docker.io/library/a:1",
    ),
    [],
  );
});
