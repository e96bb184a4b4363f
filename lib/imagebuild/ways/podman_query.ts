// The parameters of `POST /build` as podman reads them: some have another form
// there than on a Docker engine, and some it would overlook.

import type { Query } from "../../engine/engine.ts";
import { advised } from "../../advice.ts";
import { UnsupportedError } from "../../errors.ts";
import type { BuildRequest } from "../request.ts";
import { buildQuery, hostText } from "./build_query.ts";

/** What a request asks for, without its context. */
export function podmanQuery(request: BuildRequest): Query {
  const { hosts, ulimits } = request;
  return {
    ...buildQuery(request),
    // A JSON array here, a repeated parameter there.
    extrahosts: hosts && JSON.stringify(hosts.map(hostText)),
    ulimits: ulimits && JSON.stringify(
      ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`),
    ),
  };
}

/**
 * Checks that podman does not overlook what is asked.
 *
 * @throws {UnsupportedError} If it would.
 */
export function checkPodmanQuery({ output, context }: BuildRequest): void {
  if (output !== undefined) {
    throw advised(
      (message) => new UnsupportedError("outputs on podman", message),
      "save-podman-image",
      "Podman can not build with outputs, it would make an image whatever they say",
    );
  }
  if (context.kind === "remote") {
    throw new UnsupportedError(
      "a remote context on podman",
      "Podman can not fetch a context through this API, it would build from nothing: fetch it, and give it as a tar",
    );
  }
}
