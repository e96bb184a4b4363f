import { assertThrows } from "./support/assert.ts";
import { OLDEST_DENO, requireDenoVersion } from "../lib/deno_version.ts";
import { UnsupportedError } from "../lib/errors.ts";

Deno.test("requireDenoVersion() fails on an older Deno with a sentence", () => {
  for (const version of ["1.46.3", "2.0.6", "2.8.3"]) {
    assertThrows(
      () => requireDenoVersion(version),
      UnsupportedError,
      `davit needs Deno ${OLDEST_DENO} or newer, and this is ${version}`,
    );
  }
  for (const version of [OLDEST_DENO, "2.9.6", "2.10.0", "3.0.0-rc.1"]) {
    requireDenoVersion(version);
  }
  requireDenoVersion(undefined);
  requireDenoVersion();
});
