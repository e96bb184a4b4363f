import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { tarBytes } from "../support/tar.ts";
import {
  checkCredentials,
  registryAuthHeader,
  registryConfigHeader,
} from "../../lib/credentials/header.ts";
import { Login } from "../../lib/credentials/login.ts";
import { Engine, type EngineRequest } from "../../lib/engine/engine.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";

/** What the engine answers, with the errors inside its stream. */
async function ask(
  { socketPath }: EngineContext,
  request: EngineRequest,
): Promise<string> {
  const transport = await connectEndpoint({ kind: "unix", path: socketPath });
  try {
    return await (await new Engine(transport).request({
      method: "POST",
      ...request,
    })).text();
  } finally {
    await transport.close();
  }
}

engineTest(
  "a pull with registryAuthHeader() is let in, and one without a login is not",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    const image = await registry.put("app:latest");
    const pull = (login?: Login) =>
      ask(context, {
        path: "/images/create",
        query: { fromImage: image },
        headers: { "X-Registry-Auth": registryAuthHeader(login) },
      });
    await assertRejects(() => pull(), Error, "no basic auth credentials");
    const answer = await pull(new Login(registry.host, LOGIN, "it"));
    assert(answer.includes("Downloaded newer image"), answer);
    await context.docker.imageRemove(image);
  },
);

engineTest(
  "a classic build with registryConfigHeader() pulls its base image",
  async (context) => {
    await using registry = await startRegistry({ auth: "basic" });
    await using other = await startRegistry({ auth: "basic" });
    const image = await registry.put("app:latest");
    const build = async (from: string) =>
      await ask(context, {
        path: "/build",
        query: { version: "1", q: true, rm: true },
        headers: {
          "content-type": "application/x-tar",
          "X-Registry-Config": registryConfigHeader(
            checkCredentials({ [`https://${registry.host}/v1/`]: LOGIN })
              .values(),
          ),
        },
        body: await tarBytes({ Dockerfile: `FROM ${from}\nLABEL a=b\n` }),
      });
    const answer = await build(image);
    const [, id] = /"stream":"(sha256:[0-9a-f]{64})/.exec(answer) ?? [];
    assert(id !== undefined, answer);
    await context.docker.imageRemove(id);
    const refused = await build(await other.put("app:latest"));
    assert(refused.includes("no basic auth credentials"), refused);
    assertEquals(
      other.requests.map((request) => request.authorization).filter(Boolean),
      [],
    );
  },
);
