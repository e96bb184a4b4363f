// What only an engine has, asked of a daemon; and what is near to it there.

import {
  Builder,
  type ImageBuildOptions,
  UnsupportedError,
} from "../../mod.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const CONTEXT = {
  files: {
    Dockerfile:
      "FROM davit-test/base\nRUN --mount=type=secret,id=s grep other /etc/hosts; wc -c < /run/secrets/s\n",
  },
};

const OPTIONS: ImageBuildOptions = {
  secrets: { s: "twelve bytes" },
  outputs: { type: "cacheonly" },
};

Deno.test("what only an engine has is refused for a daemon; it has the session for secrets, and addresses for hosts", async () => {
  await using daemon = await startBuildkitd();
  await using builder = await Builder.fromAddress(daemon.address);
  for (
    const [options, feature] of [
      [{ secretsVia: "header" }, 'secretsVia "header"'],
      [{ version: "1" }, 'version "1"'],
      [{ api: "engine" }, 'api "engine"'],
      [{ squash: true }, "squash"],
      [{ extrahosts: { up: "host-gateway" } }, "host-gateway"],
    ] as [ImageBuildOptions, string][]
  ) {
    const error = await assertRejects(
      () => builder.imageBuild(CONTEXT, { ...OPTIONS, ...options }).wait(),
      UnsupportedError,
    );
    assertEquals(error.feature, feature);
  }
  await assertRejects(
    () => builder.imageBuild(CONTEXT, { ...OPTIONS, session: false }).wait(),
    TypeError,
    "secrets are served over a session",
  );
  assertEquals(await builder.buildHistory().list(), []);

  const build = builder.imageBuild(CONTEXT, {
    ...OPTIONS,
    extrahosts: { other: "1.2.3.4" },
  });
  const log = await new Response(build.logs()).text();
  assertEquals(log, "1.2.3.4\tother\n12\n");
  assertEquals((await build.result()).secrets.served, ["s"]);
});
