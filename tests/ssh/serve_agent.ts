import type { SshAgent } from "../../lib/ssh/agent.ts";
import { AgentMessageReader, frame } from "../../lib/ssh/message.ts";
import { ByteStream } from "../../lib/streams/byte_stream.ts";

/** Serves an agent at a socket in this folder, for real clients to ask. */
export function serveAgent(
  folder: string,
  agent: SshAgent,
): AsyncDisposable & { readonly socket: string } {
  const socket = `${folder}/${crypto.randomUUID()}.sock`;
  const listener = Deno.listen({ transport: "unix", path: socket });
  const serving = (async () => {
    for await (const conn of listener) {
      const connection = await agent.connect();
      const reader = new AgentMessageReader(ByteStream.reading(conn, 1024));
      for (
        let message = await reader.next();
        message !== null;
        message = await reader.next()
      ) {
        let rest = frame(await connection.ask(message));
        while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
      }
      connection.close();
      conn.close();
    }
  })();
  return {
    socket,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}
