import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { describeError } from "../../lib/cli/describe_error.ts";
import { missingPermissions } from "../../lib/cli/missing_permissions.ts";

Deno.test("missingPermissions names what an engine needs, by its kind", () => {
  assertEquals(missingPermissions(".", undefined), []);
});

Deno.test({
  name: "missingPermissions names all that are missing",
  permissions: "none",
  fn() {
    for (
      const [endpoint, flags] of [
        [undefined, ["--allow-read=."]],
        [{ kind: "unix", path: "/s" }, [
          "--allow-read=.,/s",
          "--allow-net=unix:/s,localhost:80",
          "--allow-write=/s",
        ]],
        [{ kind: "tcp", hostname: "a", port: 1 }, [
          "--allow-read=.",
          "--allow-net=a:1",
        ]],
        [{ kind: "tcp", hostname: "::1", port: 1 }, [
          "--allow-read=.",
          "--allow-net=[::1]:1",
        ]],
        [{ kind: "ssh", hostname: "a" }, [
          "--allow-read",
          "--allow-run=ssh",
          "--allow-net",
          "--allow-write",
        ]],
      ] as const
    ) assertEquals(missingPermissions(".", endpoint), [...flags]);
    assertStringIncludes(
      describeError(new Deno.errors.NotCapable("Requires x"), false),
      "davit doctor lists all",
    );
  },
});
