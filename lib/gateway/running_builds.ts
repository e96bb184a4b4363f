import type { Engine } from "../engine/engine.ts";
import { EngineBuild } from "./engine_build.ts";
import { malformed, Refusal } from "./refusal.ts";

/**
 * The builds that an engine runs for a gateway. A build counts until the engine
 * reports its end, even if its client left long before.
 */
export class RunningBuilds {
  readonly #engine: Engine;
  readonly #max: number;
  readonly #builds = new Set<EngineBuild>();

  /** @param max How many there may be at the same time. */
  constructor(engine: Engine, max: number) {
    this.#engine = engine;
    this.#max = max;
  }

  /**
   * Adds a build.
   *
   * @param alias The build id that the client sent; empty for none.
   * @throws {Refusal} If there are too many, with status 429.
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
   * Cancels the builds that a client started with this build id.
   *
   * @throws {Refusal} If the id is empty: it would mean all builds without an
   * id.
   */
  async cancel(alias: string): Promise<void> {
    if (alias === "") throw malformed("it names no build to cancel");
    const named = [...this.#builds].filter((build) => build.alias === alias);
    await Promise.all(named.map((build) => build.cancel()));
  }

  /**
   * Waits until the engine has ended all builds that no client waits for; drops
   * their connections when that takes too long.
   */
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
