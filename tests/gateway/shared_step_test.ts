import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../mod.ts";
import {
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { tarBytes } from "../support/tar.ts";
import { decodedAnswer } from "./answers.ts";
import { startGateway } from "./gateway.ts";

engineTest(
  "a step that two clients share shows neither the other's secret, nor anybody's to a client without one",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: served.path },
    });
    const id = crypto.randomUUID();
    const context = await tarBytes({
      Dockerfile: [
        "FROM davit-test/base",
        `RUN --mount=type=secret,id=t : ${id}; echo begun; sleep 4; ` +
        'echo "token is $(cat /run/secrets/t)"; sleep 1',
      ].join("\n"),
    });
    const began = Promise.withResolvers<void>();
    const build = async (secret?: string) => {
      const response = await fetch(
        "http://localhost/build?version=2&networkmode=none",
        {
          method: "POST",
          client,
          body: context,
          headers: secret === undefined ? {} : {
            "X-BuildKit-Secrets": encodeSecretsHeader([[
              "t",
              new Secret(secret),
            ]]),
          },
        },
      );
      assertEquals(response.status, 200);
      let text = "";
      const decoder = new TextDecoder();
      for await (const chunk of response.body!) {
        text += decoder.decode(chunk, { stream: true });
        if (decodedAnswer(text).includes("begun")) began.resolve();
      }
      return decodedAnswer(text);
    };
    const secrets = ["secret-of-client-a", "secret-of-client-b"] as const;
    const first = build(secrets[0]);
    await Promise.race([began.promise, first]);
    const answers = await Promise.all([first, build(secrets[1]), build()]);
    for (const answer of answers) {
      assertStringIncludes(answer, "token is");
      for (const secret of secrets) {
        assertFalse(answer.includes(secret), answer);
      }
    }
  },
);
