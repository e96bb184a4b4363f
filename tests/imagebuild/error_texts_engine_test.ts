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
    async ({ docker, generation }) => {
      assertEquals(
        await errorText(docker, one),
        await pinned(one.title, generation),
      );
    },
    {
      only: ({ generation }) => ["20", "28"].includes(generation),
      ...(one.title === "There is no such base image"
        ? { engineOnly: "a daemon asks this machine's registries without TLS" }
        : {}),
    },
  );
}
