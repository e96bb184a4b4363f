import { assertEquals } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { runProgram } from "./command.ts";
import { flagTable } from "./flag_table.ts";

engineTest(
  "the page has every flag that docker buildx build shows",
  async ({ cli, cliEnv }) => {
    const help = async (env: Record<string, string>) => {
      const run = await runProgram([cli!, "buildx", "build", "--help"], {
        env: { ...cliEnv, ...env },
      });
      return [
        ...new TextDecoder().decode(run.stdout).matchAll(
          /^ +(?:-\w, )?--([a-z-]+) /gm,
        ),
      ].map(([, name]) => name!);
    };
    const shown = new Set([
      ...await help({}),
      ...await help({ BUILDX_EXPERIMENTAL: "1" }),
    ]);
    assertEquals([...(await flagTable()).keys()], [...shown].toSorted());
  },
  (engine) => engine.cli !== undefined && isRecent(engine),
);
