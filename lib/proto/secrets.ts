import { codecOf, type MethodCodec } from "./codec.ts";
import {
  type GetSecretRequestSchema,
  type GetSecretResponseSchema,
  Secrets,
} from "./gen/secrets_pb.ts";

/** `Secrets/GetSecret`. */
export const getSecretCodec: MethodCodec<
  typeof GetSecretRequestSchema,
  typeof GetSecretResponseSchema
> = codecOf(Secrets.method.getSecret);
