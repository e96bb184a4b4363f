/**
 * Writes the page of errors from what real engines of two generations say:
 *
 *     deno run -A tests/build/write_error_page.ts
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
`;
await Deno.writeTextFile(PAGE, page);
