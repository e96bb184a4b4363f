import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { buildWithSsh } from "../ssh/build.ts";
import { KEY_TYPES } from "../ssh/key_types.ts";
import {
  fingerprints,
  type KeyFiles,
  makeKey,
  startSshAgent,
  verifies,
} from "../ssh/openssh.ts";
import type { SshAgent } from "../../lib/ssh/agent.ts";
import { SshAgents } from "../../lib/ssh/agents.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { BuildError } from "../../mod.ts";

const WORDS = "words to sign";

/** Shell words that sign {@linkcode WORDS} with the public key in `$name`. */
function sign(name: string): string {
  return `echo "$${name}" > /tmp/${name}.pub && printf "${WORDS}" | ssh-keygen -Y sign -n davit -f /tmp/${name}.pub`;
}

function signatures(log: string): string[] {
  return log.match(
    /-----BEGIN SSH SIGNATURE-----[^-]*-----END SSH SIGNATURE-----\n/g,
  ) ??
    [];
}

/** An agent that tells of its questions before it passes them on. */
function watched(
  agent: SshAgent,
  onAsk: (answer: Promise<Uint8Array>) => Promise<Uint8Array>,
  onClose: () => void = () => {},
): SshAgent {
  return {
    async connect() {
      const connection = await agent.connect();
      return {
        ask: (message) => onAsk(connection.ask(message)),
        close() {
          onClose();
          connection.close();
        },
      };
    },
  };
}

engineTest(
  "a step lists the agent's keys and signs with them, and can change nothing",
  (context) =>
    withTempFolder(async (folder) => {
      const keys = [
        await makeKey(`${folder}/first`),
        await makeKey(`${folder}/second`, ["-t", "rsa", "-b", "2048"]),
      ] as const;
      await using agent = await startSshAgent(folder, keys);
      const agents = await SshAgents.open("default", {
        env: { get: (name) => name === "SSH_AUTH_SOCK" ? agent.socket : "" },
      });
      const { error, log, failures, faults } = await buildWithSsh(
        context,
        agents,
        [
          "ARG KEY",
          `RUN --mount=type=ssh ssh-add -l && ${sign("KEY")}`,
          "RUN --mount=type=ssh,required=true ssh-add -D; ssh-add -l",
        ],
        { buildargs: { KEY: keys[1].publicKey } },
      );
      assertEquals([error, failures, faults], [undefined, [], []]);
      const expected = keys.map((key) => key.fingerprint);
      assertEquals(fingerprints(log), [...expected, ...expected]);
      assertEquals(fingerprints(await agent.list()), expected);
      const [signature = ""] = signatures(log);
      assert(await verifies(folder, keys[1], signature, WORDS));
      assert(!await verifies(folder, keys[0], signature, WORDS));
      assertEquals(agents.report(), {
        used: ["default"],
        missing: [],
        unasked: [],
      });
    }),
);

engineTest(
  "keys of each type sign in a step, and several ids each have their own",
  (context) =>
    withTempFolder(async (folder) => {
      const own: KeyFiles[] = [];
      for (const [name, args] of Object.entries(KEY_TYPES)) {
        own.push(await makeKey(`${folder}/${name}`, args));
      }
      const other = await makeKey(`${folder}/other`);
      await using agent = await startSshAgent(folder, [other]);
      const [first, second, ...rest] = own.map(({ path }) => path);
      const agents = await SshAgents.open({
        keys: {
          keys: [
            await Deno.readFile(first!),
            new Secret(await Deno.readFile(second!)),
            ...rest,
          ],
        },
        agent: { socket: agent.socket },
        spare: { keys: [other.path] },
      });
      const names = own.map((_, i) => `KEY${i}`);
      const { error, log, failures } = await buildWithSsh(context, agents, [
        ...names.map((name) => `ARG ${name}`),
        "RUN --mount=type=ssh,id=keys,target=/k --mount=type=ssh,id=agent,target=/a " +
        "SSH_AUTH_SOCK=/k ssh-add -l; SSH_AUTH_SOCK=/a ssh-add -l; export SSH_AUTH_SOCK=/k; " +
        names.map(sign).join(" && "),
      ], {
        buildargs: Object.fromEntries(
          own.map(({ publicKey }, i) => [names[i]!, publicKey]),
        ),
      });
      assertEquals([error, failures], [undefined, []]);
      assertEquals(fingerprints(log), [
        ...own.map((key) => key.fingerprint),
        other.fingerprint,
      ]);
      const signed = signatures(log);
      assertEquals(signed.length, own.length);
      for (const [i, key] of own.entries()) {
        assert(await verifies(folder, key, signed[i]!, WORDS), key.path);
      }
      assertEquals(agents.report(), {
        used: ["keys", "agent"],
        missing: [],
        unasked: ["spare"],
      });
    }),
);

engineTest(
  "ten connections of one step are served at once",
  (context) =>
    withTempFolder(async (folder) => {
      const key = await makeKey(`${folder}/key`);
      await using running = await startSshAgent(folder, [key]);
      const agent = (await SshAgents.open({ default: running.socket })).get(
        "",
      )!;
      let waiting = 0;
      const { promise: all, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(
        () => reject(new Error(`only ${waiting} came at once`)),
        20_000,
      );
      const { error, log } = await buildWithSsh(context, {
        get: () =>
          watched(agent, async (answer) => {
            if (++waiting === 10) resolve();
            await all;
            return await answer;
          }),
      }, [
        "RUN --mount=type=ssh for i in $(seq 10); do ssh-add -l & done; wait",
      ]);
      clearTimeout(timer);
      assertEquals(error, undefined);
      assertEquals(fingerprints(log), Array(10).fill(key.fingerprint));
    }),
);

engineTest(
  "an id that is not given fails the mounts that require it, in the engine's words, and no others",
  (context) =>
    withTempFolder(async (folder) => {
      const { path } = await makeKey(`${folder}/key`);
      const agents = await SshAgents.open({ default: { keys: [path] } });
      const { error, failures, faults } = await buildWithSsh(context, agents, [
        "RUN --mount=type=ssh,id=deploy,required=true ssh-add -l",
      ]);
      assertInstanceOf(error, BuildError);
      assertEquals(
        error.detail,
        'no SSH key "deploy" forwarded from the client',
      );
      const optional = await buildWithSsh(context, agents, [
        'RUN --mount=type=ssh,id=other test -S "$SSH_AUTH_SOCK" || echo "no socket"',
      ]);
      assertEquals([optional.error, optional.log], [undefined, "no socket\n"]);
      assertEquals(agents.report(), {
        used: [],
        missing: ["deploy", "other"],
        unasked: ["default"],
      });
      assertEquals([failures, faults, optional.failures], [[], [], []]);
    }),
);

engineTest(
  "an agent that dies while it is asked ends the step, with a sentence of its own",
  (context) =>
    withTempFolder(async (folder) => {
      const key = await makeKey(`${folder}/key`);
      await using running = await startSshAgent(folder, [key]);
      const agents = await SshAgents.open({ default: running.socket });
      // It accepts connections in this state, and answers nothing.
      running.kill("SIGSTOP");
      const { error, log, failures, faults } = await buildWithSsh(context, {
        get: (id) =>
          watched(agents.get(id)!, (answer) => {
            running.kill("SIGKILL");
            return answer;
          }),
      }, ["RUN --mount=type=ssh ssh-add -l"]);
      assertInstanceOf(error, BuildError);
      assertStringIncludes(log, "communication with agent failed");
      assertEquals(failures.map(({ id, message }) => [id, message]), [[
        "default",
        `The ssh agent for id "default" at ${running.socket} went away while a step used it`,
      ]]);
      assertEquals(faults, []);
    }),
);

engineTest(
  "an agent that is gone when its mount is made fails a step that requires it",
  (context) =>
    withTempFolder(async (folder) => {
      const agents = await (async () => {
        await using agent = await startSshAgent(folder);
        return await SshAgents.open({ default: agent.socket });
      })();
      const { error, failures } = await buildWithSsh(context, agents, [
        "RUN --mount=type=ssh,required=true ssh-add -l",
      ]);
      assertInstanceOf(error, BuildError);
      assertStringIncludes(error.detail, failures[0]!.message);
      assertMatch(
        failures[0]!.message,
        /^Cannot reach the ssh agent for id "default" at .*: (there is no such file|nobody answers there)/,
      );
    }),
);

engineTest(
  "an agent's connection is closed with the build, and with the session",
  (context) =>
    withTempFolder(async (folder) => {
      await using running = await startSshAgent(folder);
      const agents = await SshAgents.open({ default: running.socket });
      running.kill("SIGSTOP"); // as one that waits for its user
      for (const stop of ["signal", "endSession"]) {
        const controller = new AbortController();
        let opened = 0;
        let closed = 0;
        const { error, failures, faults } = await buildWithSsh(
          context,
          {
            get(id) {
              opened++;
              return watched(agents.get(id)!, (answer) => {
                controller.abort(new Error("enough"));
                return answer;
              }, () => closed++);
            },
          },
          ["RUN --mount=type=ssh ssh-add -l"],
          { [stop]: controller.signal },
        );
        assertInstanceOf(error, Error);
        if (stop === "signal") assertEquals(error.message, "enough");
        assert(opened >= 2 && closed >= opened);
        assertEquals([failures, faults], [[], []]);
      }
    }),
);
