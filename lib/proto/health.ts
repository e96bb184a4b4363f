/**
 * `grpc.health.v1.Health`, as its server: one unary call a second (20.10) or
 * every five (newer), and the session dies without an answer.
 *
 * @module
 */

import { INT32, message, type MethodCodec, one, reading } from "./message.ts";

/** `HealthCheckResponse.ServingStatus.SERVING`. */
export const SERVING = 1;

/** `HealthCheckResponse`. */
export interface HealthResponse {
  /** {@linkcode SERVING}, or what davit never answers. */
  readonly status: number;
}

/** `Health/Check`. Which service is asked for makes no difference. */
export const check: MethodCodec<Record<never, never>, HealthResponse> = reading(
  message({}),
  message({ status: one(1, INT32) }),
);
