import { assert, assertEquals } from "../support/assert.ts";
import { type AdviceCode, adviceOf } from "../../lib/advice.ts";
import { EngineError } from "../../lib/errors.ts";
import { TransferError } from "../../lib/transfer/transfer_error.ts";

const REGISTRY = "r.example:5000";
const IMAGE = `${REGISTRY}/denied/app:404`;

const advice = {
  plain:
    `${REGISTRY} speaks plain HTTP: list it in "insecure-registries" of the engine`,
  authority:
    `give the engine's machine the registry's CA, as /etc/docker/certs.d/${REGISTRY}/ca.crt`,
  away: `is ${REGISTRY} running, and can the engine's machine reach it?`,
  wrong:
    `${REGISTRY} did not take the login that was sent: check it with auth()`,
  login:
    `give a login for ${REGISTRY} in the option credentials, or by "docker login"`,
  name: "check its name and its tag",
  tag: "give an image this name first, with imageTag",
  nameless: `${REGISTRY} takes no image of this name: check its name`,
  none: undefined,
};
const CLOSED = "docker's files are closed to this program";

type Case = [
  detail: string,
  pull: keyof typeof advice | "closed",
  push: keyof typeof advice | "closed",
  more?: { status?: number; authenticated?: boolean; closed?: string },
];

const CASES: readonly Case[] = [
  ["http: server gave HTTP response to HTTPS client", "plain", "plain"],
  ["x509: unknown authority", "authority", "authority"],
  ["tls: bad Certificate", "authority", "authority"],
  ["dial tcp: Connection refused", "away", "away"],
  ["lookup: no such host", "away", "away"],
  ["read: i/o timeout", "away", "away"],
  ["no route to host", "away", "away"],
  ["network is unreachable", "away", "away"],
  ["unauthorized: no", "login", "login"],
  ["unauthorised: no", "login", "login"],
  ["access denied", "login", "login"],
  ["authentication required", "login", "login"],
  ["no basic auth credentials", "login", "login"],
  ["unexpected status 401", "login", "login"],
  ["unexpected status 403 here", "login", "login"],
  ["unexpected status 4011", "none", "none"],
  ["whatever", "login", "login", { status: 401 }],
  ["access denied", "wrong", "wrong", { authenticated: true }],
  ["access denied", "closed", "closed", { closed: CLOSED }],
  ["access denied", "wrong", "wrong", { authenticated: true, closed: CLOSED }],
  ["whatever", "name", "tag", { status: 404 }],
  ["manifest not found", "name", "nameless"],
  ["name unknown", "name", "nameless"],
  ["it does not exist", "name", "nameless"],
  ["it is not known", "name", "nameless"],
  ["not found locally", "name", "tag"],
  ["tag not found", "name", "tag"],
  ["no such image: not found", "name", "tag"],
  ["tags not found", "name", "nameless"],
  // A name may hold any word.
  [`cannot take ${IMAGE} of ${REGISTRY}`, "none", "none"],
  ["whatever", "none", "none"],
];

for (const action of ["pull", "push"] as const) {
  Deno.test(`a ${action} that fails says what to do, by the engine's words`, () => {
    for (const [detail, pull, push, more = {}] of CASES) {
      const { status = 500, authenticated = false, closed } = more;
      const cause = new EngineError({
        status,
        method: "POST",
        path: "/x",
        detail,
      });
      const error = new TransferError({
        action,
        image: IMAGE,
        registry: REGISTRY,
        authenticated,
        closed,
        cause,
      });
      const expected = action === "pull" ? pull : push;
      const words = expected === "closed" ? closed : advice[expected];
      const told = `Cannot ${action} "${IMAGE}": ${detail}`;
      assertEquals(
        error.message,
        words === undefined ? told : `${told}; ${words}`,
      );
      assertEquals(
        [error.name, error.image, error.registry, error.detail, error.status],
        ["TransferError", IMAGE, REGISTRY, detail, status],
      );
      assert(error.cause === cause);
      const codes: Record<string, AdviceCode> = {
        wrong: "check-login",
        login: "give-login",
        tag: "tag-image",
      };
      assertEquals(adviceOf(error)?.code, codes[expected]);
    }
  });
}
