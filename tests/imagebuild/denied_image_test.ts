import { BuildError } from "../../mod.ts";
import { deniedRegistry } from "../../lib/imagebuild/denied_image.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";

Deno.test("deniedRegistry() reads what engines say of a registry that wants a login", () => {
  const cases: [expected: string | undefined, detail: string, step?: string][] =
    [
      [
        "127.0.0.1:44263",
        "127.0.0.1:44263/a/b:1: failed to resolve source metadata for 127.0.0.1:44263/a/b:1: unexpected status from HEAD request to https://127.0.0.1:44263/v2/a/b/manifests/1: 401 Unauthorized",
      ],
      [
        "docker.io",
        "a/b: failed to resolve source metadata for docker.io/a/b:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
      ],
      [
        "docker.io",
        "failed to resolve source metadata for docker.io/a/b:1: failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token?scope=x: 401 Unauthorized",
      ],
      [
        "host:5000",
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: unexpected status code [manifests 1]: 401 Unauthorized",
        "[internal] load metadata for host:5000/a/b:1",
      ],
      [
        undefined,
        'process "/bin/sh -c curl https://host/v2/" did not complete successfully: exit code: 22: 401 Unauthorized',
      ],
      [undefined, "the server answered 403 Forbidden"],
      [
        undefined,
        "failed to resolve source metadata for host/a:1: connection refused",
      ],
    ];
  for (const [expected, detail, step] of cases) {
    assertEquals(deniedRegistry(detail, step), expected, detail);
  }
  assertStringIncludes(
    new BuildError({ detail: "denied", deniedBy: "host:5000" }).message,
    "host:5000 wants a login",
  );
});
