/**
 * Writes the page of errors from what real engines of two generations say:
 *
 *     deno run -A tests/imagebuild/write_error_page.ts
 */
import { DockerClient } from "../../mod.ts";
import { startTestEngines } from "../engines/environment.ts";
import { ERROR_CASES, errorText } from "./error_texts.ts";

const PAGE = new URL("../../examples/errors/README.md", import.meta.url);

await using engines = await startTestEngines([
  { generation: "28" },
  { generation: "20" },
]);
// What stands before the first case is written by hand.
const written = await Deno.readTextFile(PAGE);
let page = written.slice(0, written.indexOf(`\n## ${ERROR_CASES[0]!.title}\n`));
for (const one of ERROR_CASES) {
  page += `\n## ${one.title}\n\n\`\`\`dockerfile\n${
    one.dockerfile.join("\n")
  }\n\`\`\`\n`;
  for (const { host, name } of engines.engines) {
    await using docker = await DockerClient.fromDockerHost(host);
    page += `\nEngine ${
      name.replace(/\+.*/, "")
    }:\n\n\`\`\`text\n${await errorText(
      docker,
      one,
    )}\n\`\`\`\n`;
  }
}
page += `
## The engine dies

\`\`\`text
ConnectionError: The connection broke after 12 messages of the answer: is the engine still running?
\`\`\`

## Errors that are shown without a place

BuildKit's own API tells the place of an error in the Dockerfile; an engine's
\`/build\` does not. davit finds the place by the step's name, or by comparing the
engine's sentence with the Dockerfile's text. Where several lines could be
meant, or davit can't read the Dockerfile, the message has no place:

- for the same mistake in several stages, and for an image that can't be fetched
  and that several stages use: the engine tries the stages that the build needs,
  and does not tell which one failed. The same holds for an image whose name is
  made with variables, if several lines could make that name;
- for a Dockerfile that davit does not see: one at a URL; one in a tar that is
  packed with bzip2 or xz, which Deno can't unpack; one that comes after the
  first 64 MiB of a tar that is packed with gzip; and one that is longer than
  256 KiB;
- for errors that a frontend of your own (\`# syntax=\`) reports in words of its
  own.
`;
await Deno.writeTextFile(PAGE, page);
