import { cannotBuildWith } from "../cannot_build_with.ts";
import type { UnsupportedError } from "../../errors.ts";

/** How BuildKit says that an engine does not grant an entitlement. */
const REFUSED_REGEXP =
  /\bgranting entitlement (\S+) is not allowed by build daemon configuration/;
/** How it says that it knows none of this name. */
const UNKNOWN_REGEXP = /\bunknown entitlement (\S+)/;

/**
 * The error for an entitlement (option `allow`) that an engine refuses;
 * undefined if the words are about something else.
 */
export function entitlementError(detail: string): UnsupportedError | undefined {
  const refused = REFUSED_REGEXP.exec(detail)?.[1];
  if (refused !== undefined) {
    const [name = refused] = refused.split("=");
    return cannotBuildWith(
      `allow "${refused}"`,
      `the engine's configuration does not grant it; set {"builder": {"entitlements": {"${
        name.replaceAll(".", "-")
      }": true}}} in its daemon.json, and restart it (${detail})`,
    );
  }
  const unknown = UNKNOWN_REGEXP.exec(detail)?.[1];
  if (unknown === undefined) return undefined;
  return cannotBuildWith(
    `allow "${unknown}"`,
    `this engine knows no such entitlement; engines know network.host, security.insecure and, the newer ones, device (${detail})`,
  );
}
