import type { BuildPolicy, GatewayBreakout } from "./build_rules.ts";
import { BREAKOUTS } from "./build_rules.ts";
import { type GatewayGroup, GROUPS } from "./routes.ts";
import type { Resolve } from "./remote_rules.ts";

/** What a gateway lets through. */
export interface Policy {
  /** Requests besides builds that are allowed. */
  readonly allow: ReadonlySet<GatewayGroup>;
  /** What builds may ask for. */
  readonly build: BuildPolicy;
}

/**
 * Makes a policy from the names that a caller gave.
 *
 * @throws {TypeError} If one is unknown.
 */
export function makePolicy(
  allow: readonly GatewayGroup[] = [],
  breakouts: readonly GatewayBreakout[] = [],
  resolve?: Resolve,
): Policy {
  check("allow", allow, GROUPS);
  check("breakouts", breakouts, BREAKOUTS);
  return {
    allow: new Set(allow),
    build: {
      breakouts: new Set(breakouts),
      push: allow.includes("push"),
      ...(resolve === undefined ? {} : { resolve }),
    },
  };
}

function check(
  option: string,
  names: readonly string[],
  known: readonly string[],
): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new TypeError(
      `Cannot serve a gateway: ${option} has ${
        JSON.stringify(name)
      }; expected ${known.join(", ")}`,
    );
  }
}
