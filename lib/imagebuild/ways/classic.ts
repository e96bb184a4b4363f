// The classic builder of a Docker engine, by `POST /build`. It has no session
// and no secrets, and reads the context only to the end of the tar.

import { classicContext } from "../context/classic_context.ts";
import type { BuildWay, Built, EngineBuild } from "../build_way.ts";
import type { OwnWarning } from "../fact.ts";
import { buildQuery } from "./build_query.ts";
import { checkApi } from "./engine_limits.ts";
import { postBuild } from "./post.ts";
import { registryConfig } from "./registry_config.ts";

/** The classic builder. */
export const classicWay: BuildWay<EngineBuild> = {
  needs({ request, facts }) {
    checkApi(request, facts);
    const warnings = request.ignored.map(ignored);
    return { warnings, session: undefined, unread: [] };
  },

  async run(build: EngineBuild): Promise<Built> {
    const imageId = await postBuild(build, undefined, {
      query: buildQuery(build.request),
      headers: await registryConfig(build),
      // With bytes after the end of the tar, the engine would not notice a
      // cancelled build.
      cut: (body) => classicContext(body, false),
      cancels: false,
      takes: { text: false, zstd: true },
    });
    return { imageId, told: false };
  },
};

function ignored(option: string): OwnWarning {
  return option === "secrets"
    ? [
      "secrets-ignored",
      'secrets are ignored: the classic builder (version "1") knows none',
    ]
    : [
      "option-ignored",
      `${option} is ignored: the classic builder (version "1") knows none`,
      option,
    ];
}
