import { type GrpcMethod, unary } from "../grpc/method.ts";
import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type { SshAgent, SshAgentConnection } from "../ssh/agent.ts";
import type { SshAgents } from "../ssh/agents.ts";
import {
  AgentMessageError,
  AgentMessageReader,
  frame,
} from "../ssh/message.ts";
import { SshError } from "../ssh/ssh_error.ts";
import { ByteStream } from "../streams/byte_stream.ts";

/** Options of {@linkcode sshService}. */
export interface SshServiceOptions {
  /** Called with the error that explains why the build fails. */
  readonly onError: (error: SshError) => void;
}

/**
 * The longest message that is accepted, in bytes. Engines send up to 32 KiB.
 */
const MAX_PIECE_BYTES: number = 512 * 1024;

/**
 * `moby.sshforward.v1.SSH`: the engine asks whether there is an agent for an
 * id, and then makes one call for each connection of a step. The answer for an
 * unknown id is UNIMPLEMENTED, because only for this status engines print a
 * message of their own: `no SSH key "…" forwarded from the client`. A mount
 * that is not `required` is left out with any status but OK.
 *
 * @param agents The agents of the build.
 */
export function sshService(
  agents: Pick<SshAgents, "get">,
  options: SshServiceOptions,
): GrpcMethod[] {
  const failed = (error: SshError): GrpcError => {
    options.onError(error);
    return new GrpcError(
      GrpcCode.FAILED_PRECONDITION,
      `davit: ${error.message}`,
    );
  };
  const open = async (id: string): Promise<SshAgentConnection> => {
    const agent = agents.get(id);
    if (agent === undefined) throw unknownId(id);
    return await connect(agent);
  };
  const connect = async (agent: SshAgent): Promise<SshAgentConnection> => {
    try {
      return await agent.connect();
    } catch (error) {
      throw error instanceof SshError ? failed(error) : error;
    }
  };
  return [
    unary("/moby.sshforward.v1.SSH/CheckAgent", async () => {
      return (await import("../proto/ssh.ts")).checkAgent;
    }, async ({ id }) => {
      // Only checks that the agent answers now; it may be gone later.
      (await open(id)).close();
      return {};
    }),
    {
      path: "/moby.sshforward.v1.SSH/ForwardAgent",
      maxRequestBytes: MAX_PIECE_BYTES,
      async handle(call) {
        const connection = await open(
          call.metadata("buildkit.ssh.id")[0] ?? "",
        );
        // An agent may wait for its user. Meanwhile the step, the build or the
        // session may end; then the agent's connection is closed.
        const close = () => connection.close();
        call.signal.addEventListener("abort", close);
        try {
          call.signal.throwIfAborted();
          await forward(call, connection);
        } catch (error) {
          if (call.signal.aborted) throw error;
          if (error instanceof SshError) throw failed(error);
          if (error instanceof AgentMessageError) {
            throw new GrpcError(
              GrpcCode.INVALID_ARGUMENT,
              `davit: the step sent the ssh agent ${error.message}`,
            );
          }
          throw error;
        } finally {
          call.signal.removeEventListener("abort", close);
          close();
        }
      },
    },
  ];
}

/**
 * Passes the step's questions to the agent, one after the other, until the step
 * sends no more. The next question is read only after the answer to the last
 * one was sent, so neither side has to hold messages that the other does not
 * take.
 */
async function forward(
  call: GrpcCall,
  connection: SshAgentConnection,
): Promise<void> {
  const { bytesMessage } = await import("../proto/bytes_message.ts");
  const questions = new AgentMessageReader(
    new ByteStream(async () => {
      const message = await call.read();
      return message === null ? null : bytesMessage.decode(message).data;
    }),
  );
  while (true) {
    const question = await questions.next();
    if (question === null) return;
    const data = frame(await connection.ask(question));
    await call.write(bytesMessage.encode({ data }));
  }
}

function unknownId(id: string): GrpcError {
  return new GrpcError(
    GrpcCode.UNIMPLEMENTED,
    `no ssh agent is given for id ${
      JSON.stringify(id === "" ? "default" : id)
    }`,
  );
}
