import { engineTakes } from "../imagebuild/host.ts";
import { decodeRegistryConfig } from "../credentials/header_decode.ts";
import { CredentialStore } from "../credentials/store.ts";
import type { Engine } from "../engine/engine.ts";
import { dialSession } from "../engine/session_dial.ts";
import { UnsupportedError } from "../errors.ts";
import type { Secret } from "../secrets/secret.ts";
import { SecretStore } from "../secrets/store.ts";
import { type OpenSession, openSession } from "../session/open.ts";
import { methodsOf } from "../session/services.ts";
import { malformed, Refusal } from "./refusal.ts";
import type { RequestHead } from "./request_head.ts";
import type { SecretReports } from "./secret_reports.ts";
import type { Target } from "./target.ts";

/** What a session offers to the engine on behalf of a client. */
export interface BuildOffer {
  readonly engine: Engine;
  /** Undefined where the client sent none. */
  readonly secrets:
    | readonly (readonly [id: string, secret: Secret])[]
    | undefined;
  /** Undefined where the client sent none. */
  readonly logins: CredentialStore | undefined;
  /** Told what the engine asks for, where the client wants to know. */
  readonly reports: SecretReports | undefined;
  readonly signal: AbortSignal;
}

/**
 * The logins of a BuildKit build. BuildKit does not read `X-Registry-Config`;
 * it asks for logins over a session. With the classic builder the header is
 * forwarded as it is.
 *
 * @param isBuildKit Whether that is known without the parameter version.
 * @param maxLogins How many there may be: each one costs time to mask.
 * @throws {Refusal} If they can't be read.
 */
export function readLogins(
  head: RequestHead,
  { query }: Target,
  isBuildKit: boolean,
  maxLogins: number,
  signal: AbortSignal,
): CredentialStore | undefined {
  const header = head.headers.get("x-registry-config");
  if (header === undefined) return undefined;
  if (!isBuildKit && new Map(query).get("version") !== "2") return undefined;
  try {
    const credentials = decodeRegistryConfig(header);
    const count = Object.keys(credentials).length;
    if (count > maxLogins) {
      throw new Refusal(
        431,
        `davit gateway: a build may have ${maxLogins} logins here, and no more`,
      );
    }
    return count === 0
      ? undefined
      : new CredentialStore({ credentials, signal });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The error's own message may quote what the client sent.
    throw malformed(
      "the X-Registry-Config header is not base64 of a JSON object of logins, or names a registry twice",
    );
  }
}

/**
 * Opens a session with the engine and serves it.
 *
 * @returns Undefined where the engine has no sessions and there are no secrets:
 * the header with logins is then forwarded.
 * @throws {Refusal} If secrets can't reach this engine, or if the client must
 * be told what the engine asks for and that can't be known.
 */
export async function serveBuild(
  { engine, secrets, logins, reports, signal }: BuildOffer,
): Promise<OpenSession | undefined> {
  const store = await SecretStore.open(
    Object.fromEntries(secrets ?? []),
    signal,
  );
  if (reports !== undefined) store.onUse = (use) => reports.add(use);
  const { secretBytes: maxBytes } = engineTakes(await engine.facts());
  const strict = reports?.strict === true;
  try {
    return await openSession(
      (headers, signal) => dialSession(engine, headers, signal),
      {
        name: "davit-gateway",
        methods: await methodsOf(
          {
            secrets: { store, maxBytes, strict },
            logins: logins && { store: logins },
          },
          // The engine itself tells the client what failed, in words that hold
          // no value.
          () => {},
        ),
        required: secrets !== undefined || strict,
        signal,
      },
    );
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    throw new Refusal(
      422,
      "davit gateway: the engine behind this gateway has no sessions, so no build there can get secrets",
    );
  }
}
