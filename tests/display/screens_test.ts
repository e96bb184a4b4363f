import { assertEquals } from "../support/assert.ts";
import { recordOf, screensOf, SHOWN } from "./screens.ts";

/**
 * After a change that is wanted:
 *
 *     deno run -A tests/display/screens.ts && git diff tests/display/screens
 */
for (const shown of SHOWN) {
  Deno.test(`what is seen of the build "${shown.name}" is what was looked at once`, async () => {
    for (const [kind, text] of screensOf(shown)) {
      const recorded = await Deno.readTextFile(recordOf(shown.name, kind));
      assertEquals(text.split("\n"), recorded.split("\n"), kind);
    }
  });
}
