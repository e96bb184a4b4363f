import { ConnectionError, EngineError } from "../../mod.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { untagImage } from "../../lib/imagebuild/untag.ts";
import { assertEquals } from "../support/assert.ts";

const OWN = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

/** An engine whose names lead to these ids; removing takes what `remove` throws. */
function fakeEngine(
  ids: Record<string, string>,
  remove: (name: string) => void = () => {},
): Engine {
  // deno-lint-ignore require-await -- it rejects, as a real one does
  const json = async (
    { method, path }: { method?: string; path: string },
  ): Promise<unknown> => {
    const name = decodeURIComponent(/^\/images\/([^/]+)/.exec(path)![1]!);
    if (method === "DELETE") {
      remove(name);
      return [];
    }
    const Id = ids[name];
    if (Id === undefined) throw new ConnectionError("The engine is gone");
    return { Id };
  };
  return { json } as unknown as Engine;
}

Deno.test("untagImage() takes names that are the image's own, and leaves others", async () => {
  const engine = fakeEngine({
    [OWN]: OWN,
    "a:1": OWN,
    "b:1": OTHER,
    "c:1": OWN.slice("sha256:".length),
  });
  assertEquals(await untagImage(engine, OWN, ["a:1", "b:1", "c:1"]), {
    removed: ["a:1", "c:1"],
    kept: [],
    moved: ["b:1"],
  });
});

Deno.test("untagImage() throws nothing: what can't be removed is kept", async () => {
  const failures: Record<string, Error> = {
    "a:1": new ConnectionError("The connection broke"),
    "b:1": new EngineError({
      status: 409,
      method: "DELETE",
      path: "/images/b:1",
      detail: "in use",
    }),
    "d:1": new EngineError({
      status: 404,
      method: "DELETE",
      path: "/images/d:1",
      detail: "No such image",
    }),
  };
  const engine = fakeEngine({}, (name) => {
    if (failures[name] !== undefined) throw failures[name];
  });
  assertEquals(await untagImage(engine, OWN, ["a:1", "b:1", "c:1", "d:1"]), {
    removed: ["c:1"],
    kept: ["a:1", "b:1"],
    moved: [],
  });
});
