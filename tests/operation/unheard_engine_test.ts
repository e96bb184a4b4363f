import {
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { ended } from "./ended.ts";

engineTest(
  "a failure that is told at the end holds no secret",
  async ({ host }) => {
    const { code, stderr } = await ended("secret in the words of an error", {
      host,
    });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "cannot pack ***");
    assertFalse(stderr.includes("unheard-secret-value"), stderr);
  },
);
