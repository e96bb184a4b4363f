import { assertEquals, assertRejects } from "../support/assert.ts";
import { connectEngine, socketPathOf } from "./engine_api.ts";
import { engineOnDemand, serveEngines } from "./on_demand.ts";

/** Asks the starter of this test, and not that of the run. */
async function withStarter(
  env: Record<string, string>,
  ask: () => Promise<void>,
): Promise<void> {
  const [[name, path]] = Object.entries(env) as [[string, string]];
  const before = Deno.env.get(name);
  Deno.env.set(name, path);
  try {
    await ask();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
}

Deno.test({
  name:
    "an engine that tests ask for is started once, has the base image and the store asked for, and is stopped at the end",
  ignore: Boolean(Deno.env.get("DAVIT_TEST_HOST")),
  async fn() {
    const told: string[] = [];
    const hosts = new Set<string>();
    {
      await using starter = await serveEngines(
        new AbortController().signal,
        (line) => told.push(line),
      );
      await withStarter(starter.env, async () => {
        const kind = { generation: "28", containerdStore: true } as const;
        const asked = [engineOnDemand(kind), engineOnDemand(kind)];
        for (const engine of await Promise.all(asked)) hosts.add(engine.host);
        await assertRejects(
          () => engineOnDemand({ generation: "20", containerdStore: true }),
          Error,
          "it has none",
        );
      });
      assertEquals(hosts.size, 1);
      using api = connectEngine(socketPathOf([...hosts][0]!));
      const info = await (await api.request("/info")).json();
      assertEquals(info.Images, 1);
      assertEquals(info.DriverStatus, [
        ["driver-type", "io.containerd.snapshotter.v1"],
      ]);
    }
    assertEquals(told.length, 1);
    await assertRejects(() => Deno.stat(socketPathOf([...hosts][0]!)));
  },
});

Deno.test("who asks for an engine where nobody starts one is told how to run the test", async () => {
  await withStarter({ DAVIT_ENGINES_ON_DEMAND: "/" }, async () => {
    Deno.env.delete("DAVIT_ENGINES_ON_DEMAND");
    await assertRejects(
      () => engineOnDemand({ generation: "26", containerdStore: true }),
      Error,
      "with_engine.ts --generation 26 --containerd-store -- deno test",
    );
  });
});
