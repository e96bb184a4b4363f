import { assertEquals } from "../support/assert.ts";
import { bothWaysTest } from "../support/ways.ts";
import { ERROR_CASES, errorText } from "./error_texts.ts";

const PAGE = new URL("../../examples/errors/README.md", import.meta.url);

/** The text that the page gives for a case on an engine of a generation. */
async function pinned(
  title: string,
  generation: string,
): Promise<string | undefined> {
  const page = await Deno.readTextFile(PAGE);
  const section =
    page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
  const engine =
    section.split(/^Engine /m).find((part) =>
      part.startsWith(`${generation}.`)
    ) ?? "";
  return /```text\n([\s\S]*?)\n```/.exec(engine)?.[1];
}

for (const one of ERROR_CASES) {
  bothWaysTest(
    `the page of errors is true: ${one.title}`,
    async ({ docker, generation, daemon }) => {
      const text = await pinned(one.title, generation);
      assertEquals(
        await errorText(docker, one),
        // It asks the registries of its own machine without TLS.
        daemon === undefined ? text : text?.replace("https://", "http://"),
      );
    },
    {
      only: ({ generation }) => ["20", "28"].includes(generation),
    },
  );
}
