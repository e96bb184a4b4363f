// Podman, by its Docker-compatible `POST /build`. It has no sessions: secrets
// are sent as files in the tar, if the caller allows it, and logins in a
// header.

import { advised } from "../../advice.ts";
import { UnsupportedError } from "../../errors.ts";
import { PodmanTranslator } from "../../progress/podman.ts";
import { PodmanLines } from "../../progress/podman_lines.ts";
import type { BuildWay, Built, EngineBuild } from "../build_way.ts";
import { checkApi } from "./engine_limits.ts";
import { checkPodmanQuery, podmanQuery } from "./podman_query.ts";
import { addPodmanSecrets } from "./podman_secrets.ts";
import { postBuild } from "./post.ts";
import { registryConfig } from "./registry_config.ts";

/** Podman's own builder, whichever builder the options ask for. */
export const podmanWay: BuildWay<EngineBuild> = {
  needs(build) {
    checkApi(build.request, build.facts);
    checkPodmanQuery(build.request);
    checkSessionless(build);
    // Podman obeys the options that BuildKit ignores, so there are no warnings
    // about them.
    return { warnings: [], session: undefined, unread: [] };
  },

  async run(build: EngineBuild): Promise<Built> {
    const { request, context, inputs: { secrets }, record } = build;
    record.readLines({
      translator: new PodmanTranslator(),
      words: new PodmanLines(),
    });
    const headers = await registryConfig(build, (why) => {
      // A function of the build's options must be asked, so the build is
      // refused. One of the client is for other engines as well, and is only
      // skipped.
      if (typeof request.credentials !== "function") return;
      throw unsupported("logins from functions on podman", why);
    });
    const tar = await context.tar();
    const withFiles = tar.body === undefined || secrets.size === 0
      ? undefined
      : await addPodmanSecrets(tar.body, secrets.atHand());
    const imageId = await postBuild(build, undefined, {
      tar: withFiles === undefined ? tar : { ...tar, body: withFiles.tar },
      query: { ...podmanQuery(request), secrets: withFiles?.secrets },
      headers,
      cancels: true,
    });
    return { imageId, told: false };
  },
};

/**
 * Refuses what needs a session, and what needs to know which secrets were asked
 * for.
 */
function checkSessionless(
  { request, inputs: { secrets } }: EngineBuild,
): void {
  if (typeof request.session === "string") {
    throw unsupported(
      "the option session on podman",
      "podman has no sessions; leave the option out",
    );
  }
  if (request.ssh !== undefined || request.ignored.includes("ssh")) {
    throw unsupported("ssh on podman", "podman has no sessions to ask over");
  }
  if (request.ignored.includes("secrets")) {
    throw unsupported(
      'secrets and version "1"',
      "podman has one builder; leave version out",
    );
  }
  if (request.strict.missing || request.strict.unused) {
    throw unsupported(
      "strictSecrets on podman",
      "podman does not say which secrets a build asks for; leave strictSecrets out",
    );
  }
  if (secrets.size === 0) return;
  if (!request.allowSecretFiles) {
    throw advised(
      (message) => new UnsupportedError("secrets on podman", message),
      "allow-secret-files",
      "Cannot build with secrets on podman: podman has no sessions, and secrets can only go as files that lie on the server's disk while it builds",
    );
  }
  const [deferred] = secrets.deferred();
  if (deferred === undefined) return;
  throw unsupported(
    "secrets from functions on podman",
    `podman does not ask for secret "${deferred}" when it needs it; give the value itself`,
  );
}

function unsupported(feature: string, why: string): UnsupportedError {
  return new UnsupportedError(feature, `Cannot build with ${feature}: ${why}`);
}
