import type { Build } from "../../../lib/imagebuild/build_way.ts";
import { openOffer } from "../../../lib/imagebuild/context/open_offer.ts";
import { sourceOf } from "../../../lib/imagebuild/context/source.ts";
import { nodeTars } from "../../../lib/imagebuild/nodes/tars.ts";
import { assertEquals } from "../../support/assert.ts";

async function buildOf(
  context: Parameters<typeof sourceOf>[0],
  tars: readonly (readonly [string, ReadableStream<Uint8Array>])[] = [],
): Promise<Build> {
  const source = sourceOf(context);
  return {
    request: { context: source },
    context: await openOffer(source),
    contexts: { folders: new Map(), tars: new Map(tars), remotes: new Map() },
  } as unknown as Build;
}

const text = (stream: ReadableStream<Uint8Array>) =>
  new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();

/** A stream of one piece that tells why it was cancelled. */
function stream(piece: string) {
  const seen: { cancelled?: unknown } = {};
  const given = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
    cancel(reason) {
      seen.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { given, seen };
}

Deno.test("each node gets a copy of every tar, and a place for it", async () => {
  const build = await buildOf(stream("own").given, [[
    "more",
    stream("named").given,
  ]]);
  const nodes = await nodeTars(build, 2);
  assertEquals(nodes.length, 2);
  const own = await Promise.all(
    nodes.map(async ({ contexts }) =>
      text((await contexts.context.tar()).body!)
    ),
  );
  assertEquals(await Promise.all(own), ["own", "own"]);
  const named = nodes.map(({ contexts }) =>
    text(contexts.contexts.tars.get("more")!)
  );
  assertEquals(await Promise.all(named), ["named", "named"]);
  for (const { uploads } of nodes) {
    assertEquals(uploads.own === undefined, false);
    assertEquals([...uploads.named.keys()], ["more"]);
  }
  assertEquals(new Set(nodes.map(({ uploads }) => uploads.own)).size, 2);
});

Deno.test("folders and URLs are each node's own to read", async () => {
  for (
    const context of [
      { files: { Dockerfile: "FROM scratch" } },
      "https://x.example/a.git",
    ]
  ) {
    const build = await buildOf(context);
    for (const { contexts, uploads } of await nodeTars(build, 2)) {
      assertEquals(contexts.context, build.context);
      assertEquals([uploads.own, uploads.named.size], [undefined, 0]);
    }
  }
});

Deno.test("what no node has begun to read is given up with the last of them", async () => {
  const own = stream("own");
  const named = stream("named");
  const build = await buildOf(own.given, [["more", named.given]]);
  const [one, two] = await nodeTars(build, 2);
  one!.release("first");
  await Promise.resolve();
  assertEquals([own.seen.cancelled, named.seen.cancelled], [
    undefined,
    undefined,
  ]);
  // One that is being read is its reader's.
  const reader = two!.contexts.contexts.tars.get("more")!.getReader();
  two!.release("second");
  await Promise.resolve();
  assertEquals([own.seen.cancelled, named.seen.cancelled], [
    "second",
    undefined,
  ]);
  await reader.cancel("third");
  assertEquals(named.seen.cancelled, "third");
});
