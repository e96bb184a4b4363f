import { bytesMessage } from "../../lib/proto/bytes_message.ts";
import { sshService } from "../../lib/session/ssh.ts";
import type { SshAgent, SshAgentConnection } from "../../lib/ssh/agent.ts";
import { frame } from "../../lib/ssh/message.ts";
import { SshError } from "../../lib/ssh/ssh_error.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { until } from "../support/until.ts";
import { type EnginePeer, withEnginePeer } from "./engine_peer.ts";

function agentBytes(data: Uint8Array): Uint8Array {
  return bytesMessage.encode({ data });
}

const CHECK = "/moby.sshforward.v1.SSH/CheckAgent";
const FORWARD = "/moby.sshforward.v1.SSH/ForwardAgent";

const idRequest = (id: string) =>
  Uint8Array.of(0x0a, id.length, ...new TextEncoder().encode(id));

/** Serves agents by their ids; what was told of failures, and how many connections are open. */
async function withAgents(
  agents: Record<string, () => SshAgentConnection>,
  use: (engine: EnginePeer, open: () => number) => Promise<void>,
): Promise<string[]> {
  const told: string[] = [];
  let open = 0;
  const methods = sshService({
    get(id): SshAgent | undefined {
      const connect = agents[id === "" ? "default" : id];
      if (connect === undefined) return undefined;
      return {
        connect() {
          const connection = connect();
          open++;
          let isOpen = true;
          return Promise.resolve({
            ask: (question: Uint8Array) => connection.ask(question),
            close() {
              if (isOpen) open--;
              isOpen = false;
              connection.close();
            },
          });
        },
      } as SshAgent;
    },
  }, { onError: (error) => told.push(error.message) });
  assertEquals(
    await withEnginePeer(methods, (engine) => use(engine, () => open)),
    [],
  );
  assertEquals(open, 0);
  return told;
}

/** An agent that answers a question with its bytes, the last one first. */
const turning = (): SshAgentConnection => ({
  ask: (question) => Promise.resolve(question.toReversed()),
  close() {},
});

Deno.test("an engine hears whether there is an agent, and why it can't be had", async () => {
  const told = await withAgents({
    default: turning,
    broken: () => {
      throw new SshError("broken", "the agent is locked");
    },
  }, async (engine, open) => {
    assertEquals((await engine.ask(CHECK, idRequest("default"))).status, "0");
    assertEquals((await engine.ask(CHECK, new Uint8Array())).status, "0");
    assertEquals(open(), 0);
    const none = await engine.ask(CHECK, idRequest("none"));
    assertEquals(none.status, "12");
    assertStringIncludes(decodeURIComponent(none.message), '"none"');
    const broken = await engine.ask(CHECK, idRequest("broken"));
    assertEquals(broken.status, "9");
    assertStringIncludes(decodeURIComponent(broken.message), "is locked");
  });
  assertEquals(told, ["the agent is locked"]);
});

Deno.test("a step's questions are asked one after the other, in whatever pieces they come", async () => {
  await withAgents({ default: turning }, async (engine) => {
    const questions = [Uint8Array.of(11), Uint8Array.of(13, 1, 2, 3)];
    const bytes = concat(questions.map((question) => frame(question)));
    for (const size of [1, 3, bytes.length]) {
      const call = engine.call(FORWARD);
      for (let at = 0; at < bytes.length; at += size) {
        await call.send(agentBytes(bytes.subarray(at, at + size)));
      }
      call.end();
      assertEquals((await call.ended).status, "0");
      assertEquals(
        call.received,
        questions.map((question) => agentBytes(frame(question.toReversed()))),
      );
    }
  });
});

Deno.test("a step that asks what is no question, and an agent that fails, are told of", async () => {
  const told = await withAgents({
    default: () => ({
      ask: () => Promise.reject(new SshError("default", "the agent is gone")),
      close() {},
    }),
  }, async (engine) => {
    const endless = engine.call(FORWARD);
    await endless.send(agentBytes(new Uint8Array(4).fill(255)));
    endless.end();
    const refused = await endless.ended;
    assertEquals(refused.status, "3");
    assertStringIncludes(decodeURIComponent(refused.message), "the step sent");
    const asking = engine.call(FORWARD);
    await asking.send(agentBytes(frame(Uint8Array.of(11))));
    asking.end();
    const failed = await asking.ended;
    assertEquals(failed.status, "9");
    assertStringIncludes(decodeURIComponent(failed.message), "is gone");
  });
  assertEquals(told, ["the agent is gone"]);
});

Deno.test("an agent's connection is closed when the session ends while its user is asked", async () => {
  let asked = false;
  let closed = false;
  const told = await withAgents({
    default: () => {
      const answer = Promise.withResolvers<Uint8Array>();
      return {
        ask() {
          asked = true;
          return answer.promise;
        },
        close() {
          closed = true;
          answer.reject(new SshError("default", "it was closed"));
        },
      };
    },
  }, async (engine) => {
    const call = engine.call(FORWARD);
    await call.send(agentBytes(frame(Uint8Array.of(11))));
    await until(() => asked, "the agent was asked");
    assert(!closed);
  });
  assert(closed);
  assertEquals(told, []);
});
