/**
 * `moby.sshforward.v1.SSH`, as its server: how the steps of a build reach an ssh
 * agent of the client. The bytes that they exchange are in
 * {@linkcode bytesMessage}.
 *
 * @module
 */

import { message, type MethodCodec, one, reading, TEXT } from "./message.ts";

/** `CheckAgentRequest`. */
export interface CheckAgentRequest {
  /** The id of the mount. Empty where it names none, which means `default`. */
  readonly id: string;
}

/** `SSH/CheckAgent`. The answer has nothing in it. */
export const checkAgent: MethodCodec<CheckAgentRequest, Record<never, never>> =
  reading(message({ id: one(1, TEXT) }), message({}));
