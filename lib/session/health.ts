import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type GrpcMethod, unary } from "../grpc/method.ts";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "../proto/gen/health_pb.ts";
import { methodPath } from "./service.ts";

/**
 * `grpc.health.v1.Health`: an engine drops a session whose health it can't
 * check, at its first tick (one second) on 20.10.
 */
export function healthService(): GrpcMethod[] {
  const serving = toBinary(
    HealthCheckResponseSchema,
    create(HealthCheckResponseSchema, {
      status: HealthCheckResponse_ServingStatus.SERVING,
    }),
  );
  return [
    unary(methodPath(Health.method.check), {
      decode: (bytes) => fromBinary(HealthCheckRequestSchema, bytes),
      encode: (bytes: Uint8Array) => bytes,
    }, () => serving),
  ];
}
