/** The picture of a recorded build that pages show. */
import { assertEquals } from "../support/assert.ts";

Deno.test("the picture on the page is what its program draws", async () => {
  const folder = new URL("../../examples/timings/", import.meta.url);
  const drawn = await Deno.readTextFile(new URL("build.svg", folder));
  const { drawBuild } = await import("../../examples/timings/draw.ts");
  assertEquals(await drawBuild(), drawn);
});
