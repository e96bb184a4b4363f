import type { Gateway, GatewayOptions } from "../../lib/gateway/gateway.ts";
import { startGateway } from "../../lib/gateway/serve.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { type MemoryClient, MemoryListener } from "./memory_listener.ts";
import { RecordingEngine } from "./recording_engine.ts";

/** A gateway whose connections are in memory, on a clock that stands. */
export class Served implements AsyncDisposable, Disposable {
  readonly clock: StandingClock = new StandingClock();
  readonly listener: MemoryListener = new MemoryListener();
  gateway!: Gateway;

  static async start(options: GatewayOptions = {}): Promise<Served> {
    const served = new Served();
    const engine = new RecordingEngine();
    const starting = startGateway({
      engine,
      listen: { port: 0, plainLoopback: true },
      ...options,
    });
    await served.clock.settle();
    served.gateway = await starting;
    return served;
  }

  /** A client that sends this, and what came of it at once. */
  async client(...texts: string[]): Promise<MemoryClient> {
    const client = this.listener.connect();
    for (const text of texts) client.send(text);
    await this.clock.settle();
    return client;
  }

  /** Whether a promise has settled by now. */
  async isOver(promise: PromiseLike<unknown>): Promise<boolean> {
    let isOver = false;
    const over = () => void (isOver = true);
    promise.then(over, over);
    await this.clock.settle();
    return isOver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopping = this.gateway.stop().catch(() => {});
    await this.clock.pass(100_000);
    await stopping;
    this[Symbol.dispose]();
  }

  /** The same for a gateway that has ended. */
  [Symbol.dispose](): void {
    this.listener[Symbol.dispose]();
    this.clock[Symbol.dispose]();
  }
}

/** An engine that answers all but pings when it is told to. */
export function slowEngine(): {
  engine: RecordingEngine;
  reasons: unknown[];
  speak: () => void;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reasons: unknown[] = [];
  const engine = new RecordingEngine(async ({ signal }) => {
    signal?.addEventListener("abort", () => reasons.push(signal.reason));
    await promise;
    return new Response("{}");
  });
  return { engine, reasons, speak: resolve };
}
