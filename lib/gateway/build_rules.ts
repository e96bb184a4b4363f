import { forbidden, malformed } from "./refusal.ts";
import { checkRemoteAddress, type Resolve } from "./remote_rules.ts";
import { STEP_HOST_DOMAIN } from "./step_keys.ts";
import type { Target } from "./target.ts";

/**
 * What a build may do only if the gateway allows it, because it reaches beyond
 * the build.
 *
 * - `host-network` (`networkmode=host`): the engine's own network.
 * - `private-remotes` (`remote=` with a private address): the engine fetches
 *   from machines of its own network.
 * - `cgroup-parent` (`cgroupparent=`): out of the limits that the engine's
 *   owner set.
 * - `entitlements` (`entitlements=` and `allow=`): steps that are not confined.
 */
export type GatewayBreakout =
  | "host-network"
  | "private-remotes"
  | "cgroup-parent"
  | "entitlements";

/** All of these permissions. */
export const BREAKOUTS: readonly GatewayBreakout[] = [
  "host-network",
  "private-remotes",
  "cgroup-parent",
  "entitlements",
];

/** What the rules depend on. */
export interface BuildPolicy {
  /** The permissions that are given. */
  readonly breakouts: ReadonlySet<GatewayBreakout>;
  /** Whether results may be sent to a registry. */
  readonly push: boolean;
  /** Finds a remote's addresses. */
  readonly resolve?: Resolve;
}

/** The parameters of `/build` that affect only the image that is built. */
const HARMLESS = new Set([
  "version",
  "dockerfile",
  "t",
  "q",
  "nocache",
  "pull",
  "rm",
  "forcerm",
  "memory",
  "memswap",
  "cpushares",
  "cpusetcpus",
  "cpusetmems",
  "cpuperiod",
  "cpuquota",
  "shmsize",
  "ulimits",
  "squash",
  "platform",
  "target",
]);

/**
 * A build id that a client may choose. Engines give ids with a colon another
 * meaning.
 */
const BUILD_ID_REGEXP = /^[\w.-]{0,128}$/;

/**
 * The name of an extra host. Engines write all hosts in one list, in which a
 * comma or a quote would begin another entry.
 */
const EXTRA_HOST_REGEXP =
  /^[\w.-]+[:=](?:host-gateway|[\d.]+|[\da-f:.]+|\[[\da-f:.]+\])$/i;

/** Parameters whose values are JSON; they are searched for secrets. */
const JSON_VALUES = new Set(["buildargs", "cachefrom", "labels"]);

/** Network modes that every build may use. */
const NETWORKS = new Set(["", "default", "none", "bridge"]);

/** Output types whose result stays in the engine. */
const OUTPUTS = new Set(["moby", "image", "cacheonly"]);

/**
 * Checks the parameters of a build: each must be known, and none may reach
 * beyond the build.
 *
 * @param signal Ends the wait for a remote's addresses.
 * @returns The parameters to forward.
 * @throws {Refusal} If one is not allowed.
 */
export async function checkBuildQuery(
  query: Target["query"],
  { breakouts, push, resolve }: BuildPolicy,
  signal: AbortSignal,
): Promise<Target["query"]> {
  const forwarded: [string, string][] = [];
  for (const [name, given] of query) {
    let value = given;
    switch (name) {
      case "networkmode":
        if (NETWORKS.has(value)) break;
        if (value === "host" && breakouts.has("host-network")) break;
        throw forbidden(
          value === "host"
            ? "networkmode host is not allowed here: --allow-host-network opens it"
            : "this networkmode is not allowed here: default, bridge and none are",
        );
      case "remote":
        if (value === "") break;
        if (/^(client-session|upload-request)/.test(value)) {
          throw forbidden(
            "this remote is between an engine and its own client",
          );
        }
        if (!breakouts.has("private-remotes")) {
          await checkRemoteAddress(value, signal, resolve);
        }
        break;
      case "extrahosts":
        checkExtraHost(value);
        break;
      case "buildid":
        if (BUILD_ID_REGEXP.test(value)) break;
        throw forbidden(
          "this buildid is not allowed here: letters, digits, dots and dashes are; upload-request is between an engine and its own client",
        );
      case "cgroupparent":
        if (value === "" || breakouts.has("cgroup-parent")) break;
        throw forbidden(
          "cgroupparent is not allowed here: --allow-cgroup-parent opens it",
        );
      case "entitlements":
      case "allow":
        if (breakouts.has("entitlements")) break;
        throw forbidden(
          "entitlements are not allowed here: --allow-entitlements opens it",
        );
      case "session":
        throw forbidden(
          "session is not allowed here: who names a session is served by it, and the gateway opens one for each build",
        );
      case "isolation":
        if (value === "" || value === "default") break;
        throw forbidden("this isolation is not allowed here: leave it out");
      case "outputs":
        value = checkOutputs(given, push);
        break;
      default:
        if (JSON_VALUES.has(name)) value = respelled(name, given);
        else if (!HARMLESS.has(name)) {
          throw forbidden(
            "this build has a parameter that the gateway does not know: check its spelling, or leave it out",
          );
        }
    }
    forwarded.push([name, value]);
  }
  return forwarded;
}

function checkExtraHost(value: string): void {
  if (!EXTRA_HOST_REGEXP.test(value)) {
    throw malformed(
      "an extra host is not a name and an address with a colon between",
    );
  }
  if (value.toLowerCase().includes(STEP_HOST_DOMAIN)) {
    throw forbidden(
      "this extra host is not allowed here: by such a name the gateway keeps steps apart",
    );
  }
}

/**
 * The JSON as it was parsed here: of two equal keys the last one counts, as it
 * does for engines.
 */
function respelled(name: string, text: string): string {
  if (text === "") return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    throw malformed(`${name} is not JSON`);
  }
}

/**
 * The outputs with their fields in one spelling: engines take field names in
 * any case and, of two equal ones, the last.
 */
function checkOutputs(text: string, push: boolean): string {
  let outputs: unknown;
  try {
    outputs = text === "" ? [] : JSON.parse(text);
  } catch {
    throw malformed("outputs is not JSON");
  }
  if (!Array.isArray(outputs)) throw malformed("outputs is no JSON array");
  return JSON.stringify(outputs.map((output: unknown) => {
    const fields = new Map<string, unknown>();
    for (const [key, value] of Object.entries(output ?? {})) {
      const name = key.toLowerCase();
      if (fields.has(name) || !/^(type|attrs)$/.test(name)) {
        throw forbidden("an output has a field that is not forwarded");
      }
      fields.set(name, value);
    }
    const type = fields.get("type");
    if (typeof type !== "string" || !OUTPUTS.has(type)) {
      throw forbidden(
        "this output is not allowed here: results stay in the engine's image store",
      );
    }
    const attrs = fields.get("attrs") ?? {};
    if (typeof attrs !== "object" || Array.isArray(attrs)) {
      throw malformed("the attributes of an output are none");
    }
    if (!push && Object.keys(attrs).some((key) => /push|registry/i.test(key))) {
      throw forbidden(
        "outputs that push are not allowed here: --allow push opens it",
      );
    }
    return { Type: type, Attrs: attrs };
  }));
}
