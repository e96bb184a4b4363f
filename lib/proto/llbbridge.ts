/**
 * Messages of `moby.buildkit.v1.frontend.LLBBridge`, with the fields that davit
 * reads.
 *
 * @module
 */

import { worker, type WorkerMessage } from "./control.ts";
import { FLAG, many, type Message, message, one, TEXT } from "./message.ts";

/** `APICap`: something that BuildKit can do. */
export interface CapabilityMessage {
  readonly id: string;
  readonly enabled: boolean;
  readonly deprecated: boolean;
  /** A word for programs; empty if it is enabled. */
  readonly disabledReason: string;
  /** A sentence for people. */
  readonly disabledReasonText: string;
  /** What can be used instead. */
  readonly disabledAlternative: string;
}

const capability: Message<CapabilityMessage> = message({
  id: one(1, TEXT),
  enabled: one(2, FLAG),
  deprecated: one(3, FLAG),
  disabledReason: one(4, TEXT),
  disabledReasonText: one(5, TEXT),
  disabledAlternative: one(6, TEXT),
});

/** `PongResponse`. */
export interface PongMessage {
  /** What frontends may use. */
  readonly frontend: readonly CapabilityMessage[];
  /** What definitions of builds may use, and much of what exporters can do. */
  readonly llb: readonly CapabilityMessage[];
  readonly workers: readonly WorkerMessage[];
}

/** `PongResponse`. */
export const pong: Message<PongMessage> = message({
  frontend: many(1, capability),
  llb: many(2, capability),
  workers: many(3, worker),
});
