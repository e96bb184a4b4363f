import { assertEquals, assertThrows } from "./support/assert.ts";
import {
  DENO_LACKS,
  denoLacks,
  OLDEST_DENO,
  requireDenoFor,
  requireDenoVersion,
} from "../lib/deno_version.ts";
import { UnsupportedError } from "../lib/errors.ts";

Deno.test("requireDenoVersion() fails on an older Deno with a sentence", () => {
  for (const version of ["1.46.3", "2.0.6", "2.5.6"]) {
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

Deno.test("denoLacks() tells what an older Deno can't do, one thing at a time", () => {
  const since = (version: string) =>
    denoLacks(version).map((lack) => lack.since);
  assertEquals(since("2.9.6"), []);
  assertEquals(since("2.9.1"), ["2.9.5", "2.9.2"]);
  assertEquals(since("2.8.3"), ["2.9.5", "2.9.2", "2.9.0"]);
  assertEquals(since("2.7.14"), ["2.9.5", "2.9.2", "2.9.0", "2.8.3", "2.8.0"]);
  assertEquals(since(OLDEST_DENO), DENO_LACKS.map((lack) => lack.since));
  // The newest first.
  assertEquals(
    DENO_LACKS.map((lack) => lack.since),
    DENO_LACKS.map((lack) => lack.since).sort((a, b) =>
      b.localeCompare(a, "en", { numeric: true })
    ),
  );
});

Deno.test("what an older Deno lacks is refused by itself", () => {
  assertThrows(
    () => requireDenoFor("a gateway over TLS", "2.7.12", "2.7.7"),
    UnsupportedError,
    "Deno 2.7.7 has no gateway over TLS: that needs 2.7.12 or newer",
  );
  requireDenoFor("a gateway over TLS", "2.7.12", "2.7.12");
  requireDenoFor("a gateway over TLS", "2.7.12", undefined);
});
