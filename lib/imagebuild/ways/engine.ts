// BuildKit in a Docker engine, by `POST /build`. The engine asks for secrets,
// files and logins over a session, where the connection can carry one.

import type { Engine } from "../../engine/engine.ts";
import { dialSession } from "../../engine/session_dial.ts";
import type { OpenSession, SessionDialler } from "../../session/open.ts";
import { strictUnsupported } from "../checks/secrets.ts";
import { SECRETS_HEADER } from "../../secrets/header.ts";
import type { BuildWay, Built, EngineBuild, WayNeeds } from "../build_way.ts";
import {
  checkSecretsHeader,
  checkSecretSizes,
  plainConnection,
  secretsHeader,
} from "../secrets.ts";
import { buildQuery } from "./build_query.ts";
import { checkBuildKit } from "./engine_limits.ts";
import { postBuild } from "./post.ts";

/** BuildKit of a Docker engine. */
export const engineWay: BuildWay<EngineBuild> = { needs, run };

/**
 * How the secrets travel on this way. An engine does not read the header; a
 * gateway or proxy before it may.
 */
function viaOf(
  { engine, request: { secretsVia: via } }: EngineBuild,
): "auto" | "session" | "header" {
  const canServe = engine.transport.upgrade !== undefined;
  return via === "auto" && !canServe ? "header" : via;
}

function needs(build: EngineBuild): WayNeeds {
  const { host, engine, facts, takes, request, inputs: { secrets } } = build;
  const warnings = checkBuildKit(request, facts);
  checkTold(build);
  const via = viaOf(build);
  const session = via !== "header" && request.session === undefined;
  if (via !== "session") {
    const only = via === "header";
    warnings.push(...checkSecretsHeader(secrets, { only, marks: false }));
  }
  if (secrets.size > 0 && via === "header" && request.secretsVia === "auto") {
    warnings.push([
      "secrets-header",
      `only the ${SECRETS_HEADER} header carries the secrets: this transport can not serve a session, so something before the engine must give the header its meaning`,
    ]);
  }
  warnings.push(...plainConnection(host, secrets));
  if (session) checkSecretSizes(secrets, takes);
  // A session of the caller's own may serve the secrets. With no session, davit
  // knows of nobody who reads them.
  const unread = session || request.session
    ? []
    : secrets.atHand().map(([id]) => id);
  return { warnings, session: session ? dialler(engine) : undefined, unread };
}

async function run(
  build: EngineBuild,
  session: OpenSession | undefined,
): Promise<Built> {
  const { request, inputs, record } = build;
  // A session of the caller's own answers for logins itself; with it there is
  // no warning.
  if (
    session === undefined && !request.session &&
    request.credentials !== undefined
  ) {
    record.warn(
      "credentials-ignored",
      "credentials are ignored: without a session nobody asks for them",
    );
  }
  const { strict } = request;
  if (session !== undefined && (strict.missing || strict.unused)) {
    const { checkOutlineBeside } = await import("../outline.ts");
    await checkOutlineBeside(build, session);
  }
  const headers = viaOf(build) === "session"
    ? {}
    : secretsHeader(inputs.secrets, { marks: false });
  const imageId = await postBuild(build, session, {
    query: buildQuery(request),
    headers,
    cancels: true,
    takes: { text: true, zstd: false },
  });
  return { imageId, told: session !== undefined };
}

/** Opens sessions by `POST /session` of this engine. */
export function dialler(engine: Engine): SessionDialler {
  return (headers, signal) => dialSession(engine, headers, signal);
}

/** Refuses `strictSecrets` where davit can't know what the engine asks for. */
function checkTold(
  { engine, request: { strict, session, secretsVia } }: EngineBuild,
): void {
  if (!strict.missing && !strict.unused) return;
  const why = session
    ? "the session that the option names answers the engine, and does not tell davit what was asked; leave the option session out"
    : session === false
    ? "without a session nobody tells what the build asks for; leave the option session out"
    : secretsVia === "header"
    ? 'with secretsVia: "header" nobody tells what the build asks for, unless a davit gateway stands before the engine; leave secretsVia out'
    : engine.transport.upgrade === undefined
    ? "this transport can not serve a session, so nobody tells what the build asks for; use a Docker engine's own socket, or a davit gateway"
    : undefined;
  if (why !== undefined) throw strictUnsupported(why);
}
