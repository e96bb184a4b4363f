// BuildKit behind a davit gateway. The gateway opens the session; it gets the
// secrets and logins in headers, and reports what the engine asked for.

import type { OpenSession } from "../../session/open.ts";
import type { BuildWay, Built, EngineBuild, WayNeeds } from "../build_way.ts";
import { strictUnsupported } from "../checks/secrets.ts";
import {
  checkSecretsHeader,
  checkSecretSizes,
  plainConnection,
  secretsHeader,
} from "../secrets.ts";
import { buildQuery } from "./build_query.ts";
import { dialler } from "./engine.ts";
import { checkBuildKit } from "./engine_limits.ts";
import { GatewayReport } from "./gateway_report.ts";
import { postBuild } from "./post.ts";
import { registryConfig } from "./registry_config.ts";

/** BuildKit behind a davit gateway. */
export const gatewayWay: BuildWay<EngineBuild> = { needs, run };

function needs(
  { host, engine, facts, takes, request, inputs: { secrets } }: EngineBuild,
): WayNeeds {
  const { strict, secretsVia, session: given } = request;
  const warnings = checkBuildKit(request, facts);
  if (given && (strict.missing || strict.unused)) {
    throw strictUnsupported(
      "the session that the option names answers the engine, and does not tell davit what was asked; leave the option session out",
    );
  }
  // A session is opened only if the option asks for nothing else; the gateway
  // refuses it, and its error is the right one to show.
  const session = secretsVia === "session" && given === undefined;
  if (secretsVia !== "session") {
    warnings.push(...checkSecretsHeader(secrets, { only: true, marks: true }));
  }
  warnings.push(...plainConnection(host, secrets));
  if (session) checkSecretSizes(secrets, takes);
  return {
    warnings,
    session: session ? dialler(engine) : undefined,
    unread: [],
  };
}

async function run(
  build: EngineBuild,
  session: OpenSession | undefined,
): Promise<Built> {
  const { request, inputs } = build;
  const report = session === undefined
    ? new GatewayReport(inputs.secrets, request.strict)
    : undefined;
  const imageId = await postBuild(build, session, {
    query: buildQuery(request),
    headers: {
      ...(request.secretsVia === "session"
        ? {}
        : secretsHeader(inputs.secrets, { marks: true })),
      ...(session === undefined ? await registryConfig(build) : {}),
      ...report?.headers,
    },
    report,
    cancels: true,
    takes: { text: true, zstd: false },
  });
  return { imageId, told: session !== undefined || report?.told === true };
}
