import {
  connectEngine,
  type EngineApi,
  socketPathOf,
} from "../../engines/engine_api.ts";
import { delay } from "../../engines/process.ts";

/** What is left of an image once its names are forgotten. */
export interface BuiltImage {
  readonly layers: readonly string[];
  /** Bytes of all files in it. */
  readonly size: number;
}

/** The engine as the benchmark sets and checks it between two builds. */
export interface EngineState extends Disposable {
  /** Removes the image and everything in the builder's cache. */
  empty(tag: string): Promise<void>;
  /** The image of this name, if there is one. */
  inspect(tag: string): Promise<BuiltImage | undefined>;
}

/** Connects to the engine at `host`, a `unix://` address. */
export function connectEngineState(host: string): EngineState {
  const api = connectEngine(socketPathOf(host));
  return {
    empty: (tag) => empty(api, tag),
    inspect: (tag) => inspect(api, tag),
    [Symbol.dispose]: () => api[Symbol.dispose](),
  };
}

async function empty(api: EngineApi, tag: string): Promise<void> {
  await ask(api, "DELETE", `/images/${tag}?force=1`, [200, 404]);
  const deadline = Date.now() + 60_000;
  while (true) {
    await ask(api, "POST", "/build/prune?all=1", [200]);
    const usage = await ask(api, "GET", "/system/df", [200]);
    const { BuildCache } = usage as { BuildCache: unknown[] | null };
    const left = BuildCache?.length ?? 0;
    if (left === 0) return;
    if (Date.now() > deadline) {
      throw new Error(
        `Cannot empty the builder's cache: ${left} records are still there after a minute`,
      );
    }
    // What a session that is just ending still holds is let go in a moment.
    await delay(100);
  }
}

async function inspect(
  api: EngineApi,
  tag: string,
): Promise<BuiltImage | undefined> {
  const { RootFS, Size } = await ask(api, "GET", `/images/${tag}/json`, [
    200,
    404,
  ]) as { RootFS?: { Layers?: string[] }; Size: number };
  return RootFS && { layers: RootFS.Layers ?? [], size: Size };
}

async function ask(
  api: EngineApi,
  method: string,
  path: string,
  expected: readonly number[],
): Promise<unknown> {
  const response = await api.request(path, { method });
  const text = await response.text();
  if (expected.includes(response.status)) return JSON.parse(text);
  throw new Error(
    `Cannot ${method} ${path}: status ${response.status}, expected ${
      expected.join(" or ")
    }: ${text.trim()}`,
  );
}
