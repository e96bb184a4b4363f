import { type GrpcMethod, unary } from "../grpc/method.ts";

/** A `HealthCheckResponse` whose `status`, field 1, is `SERVING`, 1. */
const SERVING: Uint8Array = Uint8Array.of(1 << 3, 1);

/** The answer is the same for every service name in the request. */
const CODEC = {
  decode: (bytes: Uint8Array): Uint8Array => bytes,
  encode: (bytes: Uint8Array): Uint8Array => bytes,
};

/**
 * `grpc.health.v1.Health`: an engine drops a session whose health it can't
 * check, at its first tick (one second) on 20.10.
 */
export function healthService(): GrpcMethod[] {
  return [unary("/grpc.health.v1.Health/Check", () => CODEC, () => SERVING)];
}
