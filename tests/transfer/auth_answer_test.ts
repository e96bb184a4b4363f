import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "../support/assert.ts";
import { startFakeEngine } from "../support/fake_engine.ts";
import { DockerClient, ProtocolError } from "../../mod.ts";

Deno.test("auth() tells an answer that is none from an engine's", async () => {
  for (const body of ["<html>token-of-mine", "5", "null"]) {
    await using engine = await startFakeEngine((request) =>
      request.write(
        `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    );
    await using docker = await DockerClient.fromDockerHost(engine.host);
    const error = await assertRejects(() =>
      docker.auth({ serveraddress: "r.example", username: "u", password: "p" })
    );
    assertInstanceOf(error, ProtocolError);
    assertEquals(Deno.inspect(error).includes("token-of-mine"), false);
  }
});
