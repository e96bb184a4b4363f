import { assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { AgentMessage, FAILURE } from "../../lib/ssh/message.ts";
import { SocketAgent } from "../../lib/ssh/socket_agent.ts";
import { joined, string } from "../../lib/ssh/wire.ts";

/** The answer of the agent that is played: a type that no failure has. */
const ANSWER = Uint8Array.of(12, 0, 0, 0, 0);

Deno.test("SocketAgent hands on what lists, signs and binds a session, and nothing else", () =>
  withTempFolder(async (folder) => {
    const path = `${folder}/agent.sock`;
    const seen: string[] = [];
    using listener = Deno.listen({ transport: "unix", path });
    const serving = (async () => {
      const conn = await listener.accept();
      const buffer = new Uint8Array(65536);
      // Each question is one short write, and waits for its answer.
      for (
        let count = await conn.read(buffer);
        count !== null;
        count = await conn.read(buffer)
      ) {
        seen.push(buffer.slice(4, count).toHex());
        await conn.write(joined(Uint8Array.of(0, 0, 0, 5), ANSWER));
      }
      conn.close();
    })();
    const connection = await new SocketAgent("id", path).connect();
    const extension = (name: string) => joined(Uint8Array.of(27), string(name));
    const allowed = [
      Uint8Array.of(11),
      Uint8Array.of(13, 1, 2),
      extension("session-bind@openssh.com"),
    ];
    try {
      for (const message of allowed) {
        assertEquals(await connection.ask(message), ANSWER);
      }
      for (let type = 0; type < 256; type++) {
        const known: number[] = [
          AgentMessage.REQUEST_IDENTITIES,
          AgentMessage.SIGN_REQUEST,
          AgentMessage.EXTENSION,
        ];
        if (known.includes(type)) continue;
        assertEquals(await connection.ask(Uint8Array.of(type)), FAILURE);
      }
      for (
        const message of [
          new Uint8Array(0),
          Uint8Array.of(AgentMessage.EXTENSION),
          Uint8Array.of(AgentMessage.EXTENSION, 0, 0, 0, 99),
          extension("session-bind@openssh.com.evil"),
          extension("restrict-destination-v00@openssh.com"),
          extension("query"),
          extension(""),
        ]
      ) assertEquals(await connection.ask(message), FAILURE);
    } finally {
      connection.close();
      await serving;
    }
    assertEquals(seen, allowed.map((message) => message.toHex()));
  }));
