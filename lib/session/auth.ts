import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CredentialError } from "../credentials/credential_error.ts";
import type { Login } from "../credentials/login.ts";
import type { CredentialStore } from "../credentials/store.ts";
import { type GrpcMethod, unary } from "../grpc/method.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import {
  Auth,
  CredentialsRequestSchema,
  CredentialsResponseSchema,
} from "../proto/gen/auth_pb.ts";
import { methodPath } from "./service.ts";

/** How {@linkcode authService} answers. */
export interface AuthServiceOptions {
  /** Told of what the build should say when it fails. */
  readonly onError: (error: CredentialError) => void;
}

/**
 * `moby.filesync.v1.Auth`: logins for exactly the registries that asked. A
 * registry without one gets an empty answer, with which the engine goes on
 * anonymously; any error would end the build.
 *
 * The methods for tokens that the client fetches are left out: the engine
 * takes that for a no, asks for the login and fetches its tokens itself.
 */
export function authService(
  store: CredentialStore,
  options: AuthServiceOptions,
): GrpcMethod[] {
  const loginFor = async (host: string): Promise<Login | undefined> => {
    try {
      return await store.get(host);
    } catch (cause) {
      options.onError(
        cause instanceof CredentialError ? cause : new CredentialError(
          host,
          `Cannot fetch the login for "${host}"`,
          { cause },
        ),
      );
      throw new GrpcError(
        GrpcCode.INTERNAL,
        `davit: the login for "${host}" could not be fetched`,
      );
    }
  };
  return [
    unary(methodPath(Auth.method.credentials), {
      decode: (bytes) => fromBinary(CredentialsRequestSchema, bytes),
      encode: (login: Login | undefined) => {
        const { username, secret } = login?.forSession() ??
          { username: "", secret: "" };
        return toBinary(
          CredentialsResponseSchema,
          create(CredentialsResponseSchema, {
            Username: username,
            Secret: secret,
          }),
        );
      },
    }, ({ Host: host }) => loginFor(host)),
  ];
}
