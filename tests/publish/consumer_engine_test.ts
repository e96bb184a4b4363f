import { runProgram } from "../cli/command.ts";
import { openDenoApp } from "../docs/deno_app/open_app.ts";
import { pages } from "../docs/blocks.ts";
import { runBlock } from "../docs/run_block.ts";
import { standIns } from "../docs/stand_ins.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { publishToJsr } from "./jsr.ts";

// One engine is enough: it is about the files that a program gets.
let chosen: string | undefined;

engineTest(
  "whoever has davit from JSR installs, builds and has the command as the README says, and makes an image of a Deno app",
  async (engine) => {
    await using there = await standIns(engine);
    await using jsr = await publishToJsr();
    const { folder } = there;
    // A folder of its own for modules, with those of npm that are there already.
    await Deno.mkdir(`${folder}/modules`);
    await Deno.symlink(`${there.env.DENO_DIR}/npm`, `${folder}/modules/npm`);
    await Deno.writeTextFile(`${folder}/deno.json`, "{}");
    await Deno.remove(`${folder}/bin/davit`);
    const machine = {
      ...there,
      env: {
        ...there.env,
        ...jsr.env,
        DENO_DIR: `${folder}/modules`,
        PATH: `${folder}/.deno/bin:${there.env.PATH}`,
      },
      // From JSR, not from this checkout.
      adapt: (text: string) => text,
    };
    const readme = (await pages()).find(({ name }) => name === "README.md")!;
    const blocks = readme.blocks.filter(({ text }) =>
      text.includes("@davit/build")
    );
    assert(blocks.some(({ text }) => text.includes("deno add jsr:")));
    assert(blocks.some(({ language }) => language === "ts"));
    assert(blocks.some(({ text }) => text.includes("deno install")));
    for (const block of blocks) {
      const outcome = await runBlock(
        { ...block, fate: { kind: "run" } },
        machine,
      );
      assertEquals(outcome, undefined);
    }
    const installed = await Deno.readTextFile(`${folder}/.deno/bin/davit`);
    assert(installed.includes("jsr:@davit/build"), installed);

    await using app = await openDenoApp(engine, {
      home: folder,
      tag: `davit-test/deno-app:${crypto.randomUUID()}`,
      fromJsr: true,
    });
    const { code, stderr } = await runProgram(
      [Deno.execPath(), "task", "image"],
      { cwd: app.folder, env: machine.env },
    );
    assertEquals(code, 0, stderr);
    assert(app.registry.requests.length > 0);
  },
  ({ generation, host }) => {
    if (Number(generation) >= 28) chosen ??= host;
    return host === chosen;
  },
);
