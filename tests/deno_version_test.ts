import { assertEquals, assertThrows } from "./support/assert.ts";
import {
  denoLacks,
  OLDEST_DENO,
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
  assertEquals(since("2.9.1"), ["2.9.2"]);
  assertEquals(since("2.8.3"), ["2.9.2", "2.9.0"]);
  assertEquals(since(OLDEST_DENO), ["2.9.2", "2.9.0", "2.8.3", "2.8.0"]);
});
