// Checks of a build's secrets against the limits of an engine, and the header
// that carries them. Each way to build decides whether it uses the header or a
// session.

import { SecretError, UnsupportedError } from "../errors.ts";
import {
  encodeSecretsHeader,
  fitsSecretsHeader,
  MAX_SECRETS_HEADER,
  SECRETS_HEADER,
} from "../secrets/header.ts";
import type { SecretStore } from "../secrets/store.ts";
import { tooLarge } from "../session/secrets.ts";
import type { OwnWarning } from "./fact.ts";
import type { BuildHost, HostTakes } from "./host.ts";

/**
 * Checks the size of each value that is already read.
 *
 * @throws {SecretError} If the engine would not accept one.
 */
export function checkSecretSizes(
  store: SecretStore,
  { secretBytes: maxBytes }: Pick<HostTakes, "secretBytes">,
): void {
  for (const [id, { byteLength }] of store.atHand()) {
    if (byteLength > maxBytes) throw tooLarge(id, byteLength, maxBytes);
  }
}

/** How the header is written. */
export interface SecretsHeaderOptions {
  /**
   * Whether the header also says which values are marked as visible; only a
   * davit gateway reads that.
   */
  readonly marks: boolean;
}

/**
 * The header with the secrets that are already read; an empty object where
 * there are none, or where they are too large for a header.
 */
export function secretsHeader(
  store: SecretStore,
  { marks }: SecretsHeaderOptions,
): Readonly<Record<string, string>> {
  const atHand = store.atHand();
  if (atHand.length === 0 || !fitsSecretsHeader(atHand, marks)) return {};
  return { [SECRETS_HEADER]: encodeSecretsHeader(atHand, marks) };
}

/**
 * Checks the secrets for {@linkcode secretsHeader}.
 *
 * @param options `only`: whether the header is the only way for the secrets.
 * @returns A warning if only the session can carry them.
 * @throws {UnsupportedError} If a secret's value comes from a function, which
 * is only called when the engine asks, and the header is the only way.
 * @throws {SecretError} If the secrets are too large for the header, and it is
 * the only way.
 */
export function checkSecretsHeader(
  store: SecretStore,
  { only, marks }: SecretsHeaderOptions & { readonly only: boolean },
): OwnWarning[] {
  const [deferred] = store.deferred();
  if (only && deferred !== undefined) {
    throw new UnsupportedError(
      "secrets from functions in the header",
      `Cannot send secret "${deferred}" in the header: its function is called when the engine asks, and a header is sent before; give the value itself`,
    );
  }
  const atHand = store.atHand();
  if (atHand.length === 0 || fitsSecretsHeader(atHand, marks)) return [];
  const text =
    `the secrets are too large for the ${SECRETS_HEADER} header (at most ${MAX_SECRETS_HEADER} characters)`;
  if (!only) {
    return [["secrets-header", `${text}: only the session carries them`]];
  }
  throw new SecretError(
    largest(atHand),
    `Cannot send the secrets: ${text}; serve them over a session`,
  );
}

/** Warns of secrets that leave this machine without encryption. */
export function plainConnection(
  { where, isPlain }: Pick<BuildHost, "where" | "isPlain">,
  store: SecretStore,
): OwnWarning[] {
  if (store.size === 0 || !isPlain) return [];
  return [[
    "plain-connection",
    `secrets travel without encryption to ${where}: use TLS (DOCKER_TLS_VERIFY) or ssh://`,
  ]];
}

function largest(
  secrets: readonly (readonly [string, { byteLength: number }])[],
): string {
  return secrets.reduce((a, b) => b[1].byteLength > a[1].byteLength ? b : a)[0];
}
