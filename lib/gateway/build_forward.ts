import type { BuildMask } from "../imagebuild/mask.ts";
import {
  maskedMessages,
  maskedRest,
} from "../imagebuild/ways/masked_messages.ts";
import type { Engine } from "../engine/engine.ts";
import type { JsonMessage } from "../engine/message.ts";
import {
  decodeSecretsHeader,
  SecretsHeaderError,
} from "../secrets/header_decode.ts";
import { SECRETS_HEADER } from "../secrets/header.ts";
import type { Secret } from "../secrets/secret.ts";
import { jsonLines } from "../streams/json_lines.ts";
import { refuseStoredSecrets } from "./build_leaks.ts";
import { readLogins, serveBuild } from "./build_session.ts";
import type { EngineBuild } from "./engine_build.ts";
import { forwardedHeaders } from "./forward.ts";
import type { KnownValues } from "./known_values.ts";
import type { GatewayLimits } from "./limits.ts";
import { jsonLine, maskedError } from "./masked_answer.ts";
import { malformed, Refusal } from "./refusal.ts";
import type { RequestHead } from "./request_head.ts";
import { SecretReports } from "./secret_reports.ts";
import type { StepKeys } from "./step_keys.ts";
import { formatTarget, type Target } from "./target.ts";
import { isCommonValue, refuseCommonValues } from "./value_rules.ts";

/** What is needed to forward a build. */
export interface BuildForwarding {
  readonly engine: Engine;
  /** The build at the engine. */
  readonly build: EngineBuild;
  /** The values that are masked in answers. */
  readonly known: KnownValues;
  /**
   * Keeps steps of builds with different secrets apart; undefined where clients
   * share steps.
   */
  readonly steps: StepKeys | undefined;
  readonly limits: GatewayLimits;
  /** Aborts when no client waits for the build any more. */
  readonly signal: AbortSignal;
}

/** The answer to a build. */
export interface ServedBuild {
  /** The engine's answer. */
  readonly response: Response;
  /** Its body, with secrets masked. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Headers that the gateway adds. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads the secrets header, if there is one, before anything is sent to the
 * engine.
 *
 * @returns undefined if there is none.
 * @throws {Refusal} If it can't be read.
 */
export function readSecrets(
  head: RequestHead,
  { query }: Target,
): [id: string, secret: Secret][] | undefined {
  const header = head.headers.get(SECRETS_HEADER.toLowerCase());
  if (header === undefined) return undefined;
  const version = new Map(query).get("version") ?? "";
  if (version !== "" && version !== "2") {
    throw malformed(
      "secrets need BuildKit: the header and a version other than 2 stand against each other",
    );
  }
  try {
    return decodeSecretsHeader(header);
  } catch (error) {
    if (!(error instanceof SecretsHeaderError)) throw error;
    throw new Refusal(
      error.tooLong ? 431 : 400,
      `davit gateway: ${error.message}`,
    );
  }
}

/**
 * Forwards a build; one with secrets gets a session of its own.
 *
 * @param secrets Undefined where the client sent no header.
 * @throws {Refusal} If the secrets can't reach this engine.
 */
export async function forwardBuild(
  head: RequestHead,
  target: Target,
  secrets: readonly (readonly [id: string, secret: Secret])[] | undefined,
  body: ReadableStream<Uint8Array> | null,
  { engine, build, known, steps, limits, signal }: BuildForwarding,
): Promise<ServedBuild> {
  const logins = readLogins(
    head,
    target,
    secrets !== undefined,
    limits.maxSecrets,
    signal,
  );
  const reports = SecretReports.of(head);
  const given = (secrets ?? []).map(([, secret]) => secret);
  const values = [
    ...given,
    ...(logins?.atHand() ?? []).map(([, secret]) => secret),
  ];
  checkAmount(given.length + (logins?.given().length ?? 0), values, limits);
  refuseCommonValues(given.filter(({ visible }) => !visible));
  // Logins are not checked for their length: no step is given one, and no
  // engine prints one.
  const masked = values.filter((value) =>
    !value.visible && !isCommonValue(value)
  );
  const key = secrets === undefined || secrets.length === 0
    ? undefined
    : await steps?.of(secrets);
  if (key !== undefined) masked.push(key.secret);
  // Another build may have joined one of its steps: its values stay masked as
  // long as the engine runs it.
  const { mask, holds } = build.holds.use(await known.begin(masked, signal));
  if (masked.length > 0) {
    await refuseStoredSecrets(target.query, holds, signal);
  }
  const session = (secrets ?? logins ?? reports) === undefined
    ? undefined
    : await serveBuild({ engine, secrets, logins, reports, signal });
  build.holds.defer(() => session?.close());
  const query = [
    ...target.query.filter(([name]) =>
      name !== "buildid" && (name !== "version" || session === undefined)
    ),
    ...(session === undefined
      ? []
      : [["version", "2"], ["session", session.id]] as const),
    ...(key === undefined ? [] : [["extrahosts", key.extraHost] as const]),
    ["buildid", build.id],
  ] as const;
  const headers = forwardedHeaders(head);
  if (session !== undefined) delete headers["x-registry-config"];
  const response = await build.post({
    path: formatTarget({ ...target, query }),
    // Always this type, whatever the client sent: engines read the fields of a
    // form as query parameters.
    headers: { ...headers, "content-type": "application/x-tar" },
    body,
  }, signal);
  const answer = await maskedBuild(response, mask, signal);
  const told = session === undefined || response.status !== 200
    ? undefined
    : reports;
  return {
    response,
    body: told && answer ? ReadableStream.from(told.between(answer)) : answer,
    headers: told === undefined ? [] : SecretReports.headers,
  };
}

/**
 * The cost of masking grows with the number of values, so a client may not
 * bring any number of logins.
 */
function checkAmount(
  count: number,
  values: readonly Secret[],
  { maxSecrets, maxSecretBytes }: GatewayLimits,
): void {
  if (count > maxSecrets) {
    throw new Refusal(
      431,
      `davit gateway: a build may have ${maxSecrets} secrets and logins here, and no more`,
    );
  }
  const bytes = values.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (bytes > maxSecretBytes) {
    throw new Refusal(
      431,
      `davit gateway: the secrets and logins of a build may have ${maxSecretBytes} bytes in sum here, and no more`,
    );
  }
}

/**
 * Masks the secrets in the answer, in every encoding in which the engine's log
 * may have them.
 */
async function maskedBuild(
  response: Response,
  mask: BuildMask,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array> | null> {
  if (response.body === null) return null;
  if (response.status !== 200) return await maskedError(response.body, mask);
  return ReadableStream.from(maskedLines(response.body, mask, signal));
}

async function* maskedLines(
  body: ReadableStream<Uint8Array>,
  mask: BuildMask,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const message of jsonLines<JsonMessage>(body, { signal })) {
    for (const out of maskedMessages(mask, message)) yield jsonLine(out);
  }
  for (const out of maskedRest(mask)) yield jsonLine(out);
}
