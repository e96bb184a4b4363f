import type { PrivateEngine } from "./engine.ts";

/** One engine of the environment variable `DAVIT_ENGINES`, a JSON array of these. */
export interface EngineDescription {
  /** The engine's version, for the names of tests. */
  readonly name: string;
  /** Its major version. */
  readonly generation: string;
  /** `unix://` and the path of its socket. */
  readonly host: string;
  /** Path of its docker client; absent if a user's engine comes without one. */
  readonly cli?: string;
  /** Environment in which the client talks to it. */
  readonly cliEnv: Record<string, string>;
}

/** What the tests may know about a private engine. */
export function describeEngine(engine: PrivateEngine): EngineDescription {
  const { engineVersion, generation, host, cli, cliEnv } = engine;
  return { name: engineVersion, generation, host, cli, cliEnv };
}

/** The environment that tells a child program of these engines. */
export function enginesEnvironment(
  engines: readonly EngineDescription[],
): Record<string, string> {
  return { DAVIT_ENGINES: JSON.stringify(engines) };
}
