// The query parameters of `POST /build` as podman reads them. Some have another
// form than for a Docker engine; others podman would ignore without a word, so
// they are refused.

import type { Query } from "../../engine/engine.ts";
import { advised } from "../../advice.ts";
import { UnsupportedError } from "../../errors.ts";
import type { BuildRequest } from "../request.ts";
import { buildQuery, hostText } from "./build_query.ts";

/** The parameters of a request, except those for its context. */
export function podmanQuery(request: BuildRequest): Query {
  const { hosts, ulimits } = request;
  return {
    ...buildQuery(request),
    // Podman reads these two lists as JSON arrays.
    extrahosts: hosts && JSON.stringify(hosts.map(hostText)),
    ulimits: ulimits && JSON.stringify(
      ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`),
    ),
  };
}

/**
 * Refuses requests that podman would not obey.
 *
 * @throws {UnsupportedError} If the request has outputs, a time for the image,
 * or a context that the engine is to fetch.
 */
export function checkPodmanQuery(
  { outputs, context, sourceDateEpoch, cacheExports }: BuildRequest,
): void {
  if (cacheExports.length > 0) {
    throw new UnsupportedError(
      "cacheto on podman",
      "Podman can not build with cacheto, its images hold no cache; leave it out",
    );
  }
  if (outputs.length > 0) {
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
  if (sourceDateEpoch !== undefined) {
    throw new UnsupportedError(
      "sourceDateEpoch on podman",
      "Podman can not build with sourceDateEpoch, most of its versions take no notice of it; leave it out",
    );
  }
}
