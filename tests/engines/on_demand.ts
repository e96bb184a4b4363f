// Engines that few tests ask for: started with the first test that does, and
// stopped at the end of the run. Tests run in a process of their own and ask
// for one over a socket.

import { claimDirectory, ENGINE_PREFIX } from "./clean_up.ts";
import { connectEngine } from "./engine_api.ts";
import {
  type EngineDescription,
  startTestEngines,
  type TestEngines,
} from "./environment.ts";
import { type Generation, GENERATIONS } from "./packages.ts";

/** Names the socket in the environment of tests. */
const VARIABLE = "DAVIT_ENGINES_ON_DEMAND";

/** How the name of the folder with the socket starts. */
export const DEMAND_PREFIX: string = `${ENGINE_PREFIX}demand-`;

/** An engine that a test may ask for. */
export interface EngineKind {
  /** Major version of the engine. */
  readonly generation: Generation;
  /** Whether it keeps images in containerd's store; 26 and 28 only. */
  readonly containerdStore: boolean;
  /** Whether it has a network of its own, with a bridge. */
  readonly ownNetwork?: boolean;
}

/** Starts engines for a child program that asks for them. */
export interface EnginesOnDemand extends AsyncDisposable {
  /** The environment that tells a child program where to ask. */
  readonly env: Record<string, string>;
}

/**
 * Waits for questions; disposal stops every engine that was started.
 *
 * @param tell Is told of each of them then, in a line: not amidst the lines of
 * the tests.
 */
export async function serveEngines(
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<EnginesOnDemand> {
  const folder = await Deno.makeTempDir({ prefix: DEMAND_PREFIX });
  // The next run removes it if this process is killed.
  await claimDirectory(folder);
  const path = `${folder}/socket`;
  const started = new Map<string, Promise<TestEngines>>();
  const start = (kind: EngineKind) => startTestEngines([{ ...kind, signal }]);
  const server = Deno.serve(
    { path, onListen: () => {} },
    async (request) => {
      try {
        const kind = readKind(await request.json());
        const key = JSON.stringify(kind);
        const prepared = started.get(key) ?? start(kind);
        started.set(key, prepared);
        return Response.json((await prepared).engines[0]);
      } catch (error) {
        return new Response(`${error}`, { status: 500 });
      }
    },
  );
  return {
    env: { [VARIABLE]: path },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      const ended = await Promise.allSettled(started.values());
      await Promise.all(ended.map(async (one) => {
        if (one.status === "rejected") return;
        for (const line of one.value.log) tell(`a test asked for ${line}`);
        await one.value[Symbol.asyncDispose]();
      }));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function readKind(value: unknown): EngineKind {
  const { generation, containerdStore, ownNetwork = false } = Object(value);
  const known = GENERATIONS.find((name) => name === generation);
  if (
    known === undefined || typeof containerdStore !== "boolean" ||
    typeof ownNetwork !== "boolean"
  ) {
    throw new TypeError(`Cannot start ${JSON.stringify(value)}: not an engine`);
  }
  return { generation: known, containerdStore, ownNetwork };
}

/**
 * The engine of a kind, started unless it runs already. It is shared by all
 * tests of the run, and nobody who asked stops it.
 *
 * @throws {Error} If nobody is there to start one, or it does not start.
 */
export async function engineOnDemand(
  kind: EngineKind,
): Promise<EngineDescription> {
  const path = Deno.env.get(VARIABLE);
  if (path === undefined) {
    const { generation, containerdStore } = kind;
    const flags = `--generation ${generation}${
      containerdStore ? " --containerd-store" : ""
    }`;
    throw new Error(
      `No such engine for this test: run it by "deno task test", which starts it, or by "deno run -A tests/engines/with_engine.ts ${flags} -- deno test …"`,
    );
  }
  using starter = connectEngine(path);
  const response = await starter.request("/", {
    method: "POST",
    body: JSON.stringify(kind),
  });
  if (!response.ok) throw new Error(await response.text());
  return await response.json();
}
