// The secrets of a build: read from where the options say, and put into the header
// that carries them. Which way they go is the way's affair.

import { compareApi } from "../engine/api_version.ts";
import type { Engine, EngineFacts } from "../engine/engine.ts";
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

/**
 * The largest gRPC message that an engine takes: 4 MiB, from 26 (API 1.45) on
 * 16 MiB; and the bytes around a value in it: a tag and a length.
 */
const SMALL_MESSAGE = 4 * 1024 * 1024;
const LARGE_MESSAGE = 16 * 1024 * 1024;
const VALUE_OVERHEAD = 5;

/** Largest value that this engine can be given over a session, in bytes. */
export function maxSecretBytes(facts: EngineFacts): number {
  return (compareApi(facts.apiVersion, "1.45") < 0
    ? SMALL_MESSAGE
    : LARGE_MESSAGE) - VALUE_OVERHEAD;
}

/**
 * Checks that the engine takes each value that is at hand.
 *
 * @throws {SecretError} If one is too large.
 */
export function checkSecretSizes(
  store: SecretStore,
  facts: EngineFacts,
): void {
  const maxBytes = maxSecretBytes(facts);
  for (const [id, { byteLength }] of store.atHand()) {
    if (byteLength > maxBytes) throw tooLarge(id, byteLength, maxBytes);
  }
}

/** How the header is written. */
export interface SecretsHeaderOptions {
  /** Whether it tells which values may be seen: a davit gateway reads that. */
  readonly marks: boolean;
}

/** The header with the secrets that are at hand; none where there are none, or too much. */
export function secretsHeader(
  store: SecretStore,
  { marks }: SecretsHeaderOptions,
): Readonly<Record<string, string>> {
  const atHand = store.atHand();
  if (atHand.length === 0 || !fitsSecretsHeader(atHand, marks)) return {};
  return { [SECRETS_HEADER]: encodeSecretsHeader(atHand, marks) };
}

/**
 * Checks what {@linkcode secretsHeader} would make.
 *
 * @param options `only`: whether the secrets have no other way.
 * @throws {UnsupportedError} If a function would have to be asked for its value.
 * @throws {SecretError} If they are too large for the one way that there is.
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

/** Warns of secrets on plain TCP that leaves this machine. */
export function plainConnection(
  { where, isHere }: Engine,
  store: SecretStore,
): OwnWarning[] {
  if (store.size === 0 || isHere || !/^(?:tcp|http):/.test(where)) return [];
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
