import { compareApi } from "../engine/api_version.ts";
import { type Engine, type EngineFacts, isPodman } from "../engine/engine.ts";
import { SecretError, UnsupportedError } from "../errors.ts";
import {
  encodeSecretsHeader,
  fitsSecretsHeader,
  MAX_SECRETS_HEADER,
  SECRETS_HEADER,
} from "../secrets/header.ts";
import { SecretStore } from "../secrets/store.ts";
import { tooLarge } from "../session/secrets.ts";
import type { ServedSecrets } from "../session/services.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildPlan } from "./plan.ts";
import type { BuildRecord } from "./record.ts";
import { strictnessOf } from "./strict.ts";

/** How the secrets of a build reach the engine. */
export interface SecretWays {
  /** Headers that carry secrets; not to be printed. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a session serves; undefined where the build has none of davit's. */
  readonly served: ServedSecrets | undefined;
  /** Ids of those that go in the header alone, to nobody who is known to read it. */
  readonly unread: readonly string[];
}

/**
 * The largest gRPC message that an engine takes: 4 MiB, from 26 (API 1.45) on
 * 16 MiB; and the bytes around a value in it: a tag and a length.
 */
const SMALL_MESSAGE = 4 * 1024 * 1024;
const LARGE_MESSAGE = 16 * 1024 * 1024;
const VALUE_OVERHEAD = 5;

/** Largest value that this engine can be given, in bytes. */
export function maxSecretBytes(facts: EngineFacts): number {
  return (compareApi(facts.apiVersion, "1.45") < 0
    ? SMALL_MESSAGE
    : LARGE_MESSAGE) - VALUE_OVERHEAD;
}

/** Reads the secrets of a build; none with the classic builder, which knows none. */
export function openSecrets(
  plan: BuildPlan,
  options: ImageBuildOptions,
  over: AbortSignal,
): Promise<SecretStore> {
  const secrets = plan.version === "2" ? options.secrets ?? {} : {};
  return SecretStore.open(secrets, over);
}

/** What {@linkcode carrySecrets} decides on. */
export interface SecretCarriage {
  /** The engine that builds. */
  readonly engine: Engine;
  /** What is asked of it. */
  readonly plan: BuildPlan;
  /** What was asked for. */
  readonly options: ImageBuildOptions;
  /** The secrets. */
  readonly secrets: SecretStore;
  /** Told of what does not work. */
  readonly record: BuildRecord;
}

/**
 * Prepares the ways that the options ask for.
 *
 * @throws {UnsupportedError} If secrets can't reach this engine.
 * @throws {SecretError} If a value is too large for the way it has to go.
 */
export async function carrySecrets(
  { engine, plan, options, secrets: store, record }: SecretCarriage,
): Promise<SecretWays> {
  const facts = await engine.facts();
  // What podman gets is inside the tar.
  if (isPodman(facts)) return unserved({});
  if (plan.version === "1") {
    if (Object.keys(options.secrets ?? {}).length > 0) {
      record.warn(
        "secrets-ignored",
        'secrets are ignored: the classic builder (version "1") knows none',
      );
    }
    return unserved({});
  }
  const via = options.secretsVia ?? "auto";
  // A gateway opens the session itself, and refuses one of a client's.
  const canServe = engine.transport.upgrade !== undefined && !facts.gateway;
  const headerOnly = via === "header" || (!canServe && via !== "session");
  const headers = via === "session"
    ? {}
    : secretsHeader(store, headerOnly, facts.gateway, record);
  if (store.size > 0) {
    if (headerOnly && via === "auto" && !facts.gateway) {
      record.warn(
        "secrets-header",
        `only the ${SECRETS_HEADER} header carries the secrets: this transport can not serve a session, so something before the engine must give the header its meaning`,
      );
    }
    if (isPlainAndFar(engine)) {
      record.warn(
        "plain-connection",
        `secrets travel without encryption to ${engine.where}: use TLS (DOCKER_TLS_VERIFY) or ssh://`,
      );
    }
  }
  if (headerOnly || options.session !== undefined) {
    const isRead = facts.gateway || Boolean(options.session);
    return unserved(headers, isRead ? [] : store.atHand().map(([id]) => id));
  }
  return serveSecrets(facts, options, store, headers);
}

/** The header, unless there is nothing for it or too much. */
function secretsHeader(
  store: SecretStore,
  only: boolean,
  marks: boolean,
  record: BuildRecord,
): Record<string, string> {
  const atHand = store.atHand();
  const [deferred] = store.deferred();
  if (only && deferred !== undefined) {
    throw new UnsupportedError(
      "secrets from functions in the header",
      `Cannot send secret "${deferred}" in the header: its function is called when the engine asks, and a header is sent before; give the value itself`,
    );
  }
  if (atHand.length === 0) return {};
  if (!fitsSecretsHeader(atHand, marks)) {
    const text =
      `the secrets are too large for the ${SECRETS_HEADER} header (at most ${MAX_SECRETS_HEADER} characters)`;
    if (only) {
      throw new SecretError(
        largest(atHand),
        `Cannot send the secrets: ${text}; serve them over a session`,
      );
    }
    record.warn("secrets-header", `${text}: only the session carries them`);
    return {};
  }
  return { [SECRETS_HEADER]: encodeSecretsHeader(atHand, marks) };
}

function serveSecrets(
  facts: EngineFacts,
  options: ImageBuildOptions,
  store: SecretStore,
  headers: Record<string, string>,
): SecretWays {
  const maxBytes = maxSecretBytes(facts);
  for (const [id, secret] of store.atHand()) {
    if (secret.byteLength > maxBytes) {
      throw tooLarge(id, secret.byteLength, maxBytes);
    }
  }
  const strict = strictnessOf(options).missing;
  return { headers, served: { store, maxBytes, strict }, unread: [] };
}

function unserved(
  headers: Record<string, string>,
  unread: readonly string[] = [],
): SecretWays {
  return { headers, served: undefined, unread };
}

function largest(
  secrets: readonly (readonly [string, { byteLength: number }])[],
): string {
  return secrets.reduce((a, b) => b[1].byteLength > a[1].byteLength ? b : a)[0];
}

/** Plain TCP that leaves this machine. */
function isPlainAndFar({ where, isHere }: Engine): boolean {
  return /^(?:tcp|http):/.test(where) && !isHere;
}
