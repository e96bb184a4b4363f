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
let page = `# What goes wrong, and how it reads

The text of each error, as two generations of engines give it. Digests and names
that differ from run to run are shown as \`…\`. The message begins with the
engine's own words; behind them stand the step's last lines and its place in the
Dockerfile, where davit is sure of it. Nothing of it holds a secret's value.
`;
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

## What has no place

BuildKit's own API tells the place of an error, and an engine's \`/build\` does
not. davit finds it by the step's name, or by the engine's sentence and the
Dockerfile's text, and shows none where several lines could be meant:

- Stages in a circle (\`circular dependency detected on stage\`), a second
  directive of one name, and a file without instructions.
- The same mistake in several stages, and an image that can't be had and that
  several stages take: the engine looks at those that it needs, and does not
  tell which. One that stands in words with variables, where several could make
  it.
- On 20.10, an image behind \`--from\` that can't be had, if it was never there.
- A Dockerfile that davit does not see: one at a URL, in a tar that is packed
  with bzip2 or xz (what Deno has unpacks neither), behind the first 64 MiB of
  one that is packed with gzip, or longer than 256 KiB.
- What a frontend behind \`# syntax=\` says in words of its own.
`;
await Deno.writeTextFile(PAGE, page);
