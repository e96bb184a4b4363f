import { assert, assertEquals } from "../support/assert.ts";
import { startEngine } from "./engine.ts";

const IGNORE = Boolean(Deno.env.get("DAVIT_TEST_HOST"));

Deno.test({
  name:
    "run.ts runs the tests on the engine of DAVIT_TEST_HOST and counts them",
  ignore: IGNORE,
  async fn() {
    await using engine = await startEngine({ generation: "28" });
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/engine_test.ts`, TEST_FILE);
      const all = await run(engine.host, [folder]);
      assertEquals(all, {
        code: 0,
        lastLine: "1 passed, 0 failed, 1 skipped",
        failed: [],
      });
      const failing = await run(engine.host, [`${folder}/`], { FAIL: "1" });
      assertEquals(failing, {
        code: 1,
        lastLine: "0 passed, 1 failed, 1 skipped",
        failed: ["the engine is named", "error: Error: failing"],
      });
      const none = await run(engine.host, ["--filter", "none", folder]);
      assertEquals(none, {
        code: 1,
        lastLine: "0 passed, 0 failed",
        failed: [],
      });
      const elsewhere = await run("unix:///no/such/docker.sock", [folder]);
      assertEquals(elsewhere.code, 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    assert(await isListening(engine.socketPath), "the engine is the user's");
  },
});

const TEST_FILE = `
Deno.test("the engine is named", () => {
  const [engine] = JSON.parse(Deno.env.get("DAVIT_ENGINES"));
  if (engine.host !== Deno.env.get("DAVIT_TEST_HOST")) throw new Error(engine.host);
  if (engine.generation !== "28") throw new Error(engine.name);
  if (Deno.env.get("FAIL")) throw new Error("failing");
});
Deno.test.ignore("ignored", () => {});
`;

async function run(
  host: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; lastLine: string | undefined; failed: string[] }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      `${import.meta.dirname}/run.ts`,
      "--no-check",
      ...args,
    ],
    env: { ...env, DAVIT_TEST_HOST: host },
    stdin: "null",
    stderr: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const from = lines.indexOf("What failed:") + 1;
  const failed = from > 0
    ? lines.slice(from + 1, from + 3).map((line) => line.split(" =>")[0]!)
    : [];
  return { code, lastLine: lines.at(-1), failed };
}

async function isListening(path: string): Promise<boolean> {
  try {
    using _connection = await Deno.connect({ transport: "unix", path });
    return true;
  } catch {
    // Refused or gone: the answer.
    return false;
  }
}
