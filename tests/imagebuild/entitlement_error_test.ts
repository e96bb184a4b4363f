import { entitlementError } from "../../lib/imagebuild/ways/entitlement_error.ts";
import { UnsupportedError } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("an entitlement that is refused says what to set", () => {
  for (
    const [name, setting] of [
      ["security.insecure", "security-insecure"],
      ["network.host", "network-host"],
      ["device", "device"],
      ["device=a.b/c=d", "device"],
    ]
  ) {
    const words =
      `granting entitlement ${name} is not allowed by build daemon configuration`;
    for (const detail of [words, `failed to solve: ${words}`]) {
      const error = entitlementError(detail);
      assert(error instanceof UnsupportedError);
      assertEquals(error.feature, `allow "${name}"`);
      assertEquals(
        error.message,
        `Cannot build with allow "${name}": the engine's configuration does not grant it; set {"builder": {"entitlements": {"${setting}": true}}} in its daemon.json, and restart it (${detail})`,
      );
    }
  }
  const unknown = entitlementError("unknown entitlement bogus")!;
  assertEquals(unknown.feature, 'allow "bogus"');
  assertEquals(
    unknown.message,
    'Cannot build with allow "bogus": this engine knows no such entitlement; engines know network.host, security.insecure and, the newer ones, device (unknown entitlement bogus)',
  );
  for (
    const other of [
      "",
      "network.host is not allowed",
      "xgranting entitlement a is not allowed by build daemon configuration",
      "granting entitlement a is not allowed",
      "an unknown entitlements b",
    ]
  ) assertEquals(entitlementError(other), undefined, other);
});
