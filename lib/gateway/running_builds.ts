import type { Engine } from "../engine/engine.ts";
import { EngineBuild } from "./engine_build.ts";
import { malformed, Refusal } from "./refusal.ts";

/**
 * The builds that an engine runs for a gateway: each counts until the engine
 * said that it ended, also when its client is long gone.
 */
export class RunningBuilds {
  readonly #engine: Engine;
  readonly #max: number;
  readonly #builds = new Set<EngineBuild>();

  /** @param max How many there may be. */
  constructor(engine: Engine, max: number) {
    this.#engine = engine;
    this.#max = max;
  }

  /**
   * Takes a place.
   *
   * @param alias The id that the client gave the build; empty without one.
   * @throws {Refusal} If there is no place, with status 429.
   */
  begin(isBuildKit: boolean, alias: string): EngineBuild {
    if (this.#builds.size >= this.#max) {
      throw new Refusal(
        429,
        `davit gateway: ${this.#max} builds are running already`,
        [["Retry-After", "5"]],
      );
    }
    const build = new EngineBuild(this.#engine, isBuildKit, alias);
    this.#builds.add(build);
    const free = () => void this.#builds.delete(build);
    build.ended.then(free, free);
    return build;
  }

  /**
   * Tells the engine to stop the builds to which a client gave this id.
   *
   * @throws {Refusal} If it is none: builds without an id have that in common.
   */
  async cancel(alias: string): Promise<void> {
    if (alias === "") throw malformed("it names no build to cancel");
    const named = [...this.#builds].filter((build) => build.alias === alias);
    await Promise.all(named.map((build) => build.cancel()));
  }

  /** Waits until the engine has ended all that were left; drops them when it takes too long. */
  async settle(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const build of this.#builds) build.drop();
    }, patienceMs);
    try {
      await Promise.all([...this.#builds].map(({ ended }) => ended));
    } finally {
      clearTimeout(timer);
    }
  }
}
