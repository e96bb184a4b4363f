/**
 * `moby.filesync.v1.Auth`, as its server: how BuildKit asks its client for the
 * login of a registry, or for a token that the client fetched itself, so that
 * the login stays there.
 *
 * @module
 */

import {
  INT64,
  many,
  message,
  type MethodCodec,
  one,
  RAW,
  reading,
  TEXT,
} from "./message.ts";

/** `CredentialsRequest`, and `GetTokenAuthorityRequest` without its salt. */
export interface HostRequest {
  /** The registry that asked for a login, as `host[:port]`. */
  readonly host: string;
}

/** `CredentialsResponse`: a login. */
export interface CredentialsResponse {
  /** A user's name; empty beside an identity token. */
  readonly username: string;
  /** A password beside a user's name, an identity token without one. */
  readonly secret: string;
}

/** `GetTokenAuthorityResponse`. */
export interface GetTokenAuthorityResponse {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** `FetchTokenRequest`, without the token server's address and service. */
export interface FetchTokenRequest {
  /** The client's id, for the token server. */
  readonly clientId: string;
  /** The registry, as `host[:port]`. */
  readonly host: string;
  /** What the token is for, such as `repository:app:pull`. */
  readonly scopes: readonly string[];
}

/** `FetchTokenResponse`. */
export interface FetchTokenResponse {
  /** The token itself. */
  readonly token: string;
  /** In seconds. */
  readonly expiresIn: number;
  /** In seconds since 1970. */
  readonly issuedAt: number;
}

const hostRequest = message<HostRequest>({ host: one(1, TEXT) });

/** `Auth/Credentials`. */
export const credentials: MethodCodec<HostRequest, CredentialsResponse> =
  reading(
    hostRequest,
    message({ username: one(1, TEXT), secret: one(2, TEXT) }),
  );

/** `Auth/GetTokenAuthority`. */
export const getTokenAuthority: MethodCodec<
  HostRequest,
  GetTokenAuthorityResponse
> = reading(hostRequest, message({ publicKey: one(1, RAW) }));

/** `Auth/FetchToken`. */
export const fetchToken: MethodCodec<FetchTokenRequest, FetchTokenResponse> =
  reading(
    message({
      clientId: one(1, TEXT),
      host: one(2, TEXT),
      scopes: many(5, TEXT),
    }),
    message({
      token: one(1, TEXT),
      expiresIn: one(2, INT64),
      issuedAt: one(3, INT64),
    }),
  );
