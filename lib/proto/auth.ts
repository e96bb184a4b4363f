import { codecOf, type MethodCodec } from "./codec.ts";
import {
  Auth,
  type CredentialsRequestSchema,
  type CredentialsResponseSchema,
  type FetchTokenRequestSchema,
  type FetchTokenResponseSchema,
  type GetTokenAuthorityRequestSchema,
  type GetTokenAuthorityResponseSchema,
} from "./gen/auth_pb.ts";

/** `Auth/Credentials`. */
export const credentialsCodec: MethodCodec<
  typeof CredentialsRequestSchema,
  typeof CredentialsResponseSchema
> = codecOf(Auth.method.credentials);

/** `Auth/GetTokenAuthority`. */
export const getTokenAuthorityCodec: MethodCodec<
  typeof GetTokenAuthorityRequestSchema,
  typeof GetTokenAuthorityResponseSchema
> = codecOf(Auth.method.getTokenAuthority);

/** `Auth/FetchToken`. */
export const fetchTokenCodec: MethodCodec<
  typeof FetchTokenRequestSchema,
  typeof FetchTokenResponseSchema
> = codecOf(Auth.method.fetchToken);
