import { assertEquals } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { writeTree } from "../support/folder.ts";
import { docstrings } from "./docstrings.ts";
import { runBlock } from "./run_block.ts";
import { standIns } from "./stand_ins.ts";

/** A Dockerfile with the stages and files that the examples name. */
const DOCKERFILE = `FROM davit-test/base AS release
COPY hello.txt /app/version
RUN --network=none --mount=type=secret,id=npm_token true
FROM release AS test
RUN --network=none mkdir /reports && echo ok >/reports/junit.xml
FROM release
`;

// One engine is enough: what differs between engines has tests of its own.
let chosen: string | undefined;

engineTest(
  "every example in the documentation of a name runs",
  async (engine) => {
    await using there = await standIns(engine, { daemon: true });
    await writeTree(there.folder, { "app/Dockerfile": DOCKERFILE });
    const examples = (await docstrings())
      .filter(({ fate }) => fate.kind === "run");
    await writeTree(
      there.folder,
      Object.fromEntries(
        examples.map(({ text }, at) => [`example_${at}.ts`, there.adapt(text)]),
      ),
    );
    // One process for all of them, which loads davit once.
    const program = `
    const wrong: string[] = [];
    const places = ${JSON.stringify(examples.map(({ where }) => where))};
    for (const [at, where] of places.entries()) {
      try {
        await import(\`./example_\${at}.ts\`);
      } catch (error) {
        wrong.push(\`\${where}: \${error.stack}\`);
      }
    }
    if (wrong.length > 0) throw new Error(wrong.join("\\n\\n"));
  `;
    const outcome = await runBlock({
      where: "examples",
      language: "ts",
      text: program,
      fate: { kind: "run" },
    }, there);
    assertEquals(outcome, undefined);
  },
  ({ generation, host }) => {
    if (Number(generation) >= 28) chosen ??= host;
    return host === chosen;
  },
);
