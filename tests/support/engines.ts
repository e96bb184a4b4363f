import type { EngineDescription } from "../engines/environment.ts";
import { type EngineKind, engineOnDemand } from "../engines/on_demand.ts";
import { DockerClient } from "../../mod.ts";

/** What a test against a real engine is given. */
export interface EngineContext extends EngineDescription {
  /** A client of its own, closed behind the test. */
  readonly docker: DockerClient;
  /** Path of the engine's socket. */
  readonly socketPath: string;
}

const given: EngineDescription[] | undefined = JSON.parse(
  Deno.env.get("DAVIT_ENGINES") ?? "null",
) ?? undefined;

/**
 * Registers a test for each engine of this run.
 *
 * @param only Engines that the test makes sense on; all unless given. With none
 * left, the test is registered as ignored and says so by its name.
 */
export function engineTest(
  name: string,
  test: (engine: EngineContext) => Promise<void>,
  only: (engine: EngineDescription) => boolean = () => true,
): void {
  if (given === undefined) {
    Deno.test(`${name} [needs an engine]`, () => {
      throw new Error(
        'No engine for this test: run it by "deno task test", which starts some',
      );
    });
    return;
  }
  const fitting = given.filter(only);
  if (fitting.length === 0) {
    Deno.test({
      name: `${name} [no engine of this run can do it]`,
      ignore: true,
      fn: () => {},
    });
  }
  for (const engine of fitting) {
    Deno.test(`${name} [${engine.name}]`, () => runWith(engine, test));
  }
}

/**
 * Registers a test on an engine of a kind of its own, such as one with
 * containerd's store; it is started with the first test that asks for it. Where
 * the user named an engine, the test runs on that one alone, if it is such.
 */
export function engineKindTest(
  kind: EngineKind,
  name: string,
  test: (engine: EngineContext) => Promise<void>,
): void {
  const title = `${name} [${kind.generation}${
    kind.containerdStore ? " containerd" : ""
  }${kind.ownNetwork ? " with a network" : ""}]`;
  const running = runningOf(kind);
  if (running === undefined && Deno.env.has("DAVIT_TEST_HOST")) {
    Deno.test({
      name: `${title} [DAVIT_TEST_HOST names another engine]`,
      ignore: true,
      fn: () => {},
    });
    return;
  }
  Deno.test(title, async () => await runWith(await engineOf(kind), test));
}

/** An engine of a kind, for a test that needs a second one. */
export async function engineOf(kind: EngineKind): Promise<EngineDescription> {
  return runningOf(kind) ?? await engineOnDemand(kind);
}

function runningOf(kind: EngineKind): EngineDescription | undefined {
  if (kind.ownNetwork) return undefined;
  return given?.find(({ generation, containerdStore }) =>
    generation === kind.generation && containerdStore === kind.containerdStore
  );
}

/** Registers a test on an engine of the newest generation, with containerd's store. */
export function containerdTest(
  name: string,
  test: (engine: EngineContext) => Promise<void>,
): void {
  engineKindTest({ generation: "28", containerdStore: true }, name, test);
}

async function runWith(
  engine: EngineDescription,
  test: (engine: EngineContext) => Promise<void>,
): Promise<void> {
  await using docker = await DockerClient.fromDockerHost(engine.host);
  await test({
    ...engine,
    docker,
    socketPath: engine.host.slice("unix://".length),
  });
}

/** Whether an engine has BuildKit's `env=` for secrets and other news of Dockerfile 1.10. */
export function isRecent(engine: EngineDescription): boolean {
  return Number(engine.generation) >= 28;
}
