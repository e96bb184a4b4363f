import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
} from "../support/assert.ts";
import {
  BUILD_HEAD,
  type FakeRequest,
  startFakeEngine,
} from "../support/fake_engine.ts";
import {
  ConnectionError,
  DockerClient,
  ProtocolError,
  TransferError,
} from "../../mod.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

/** A client of an engine that answers pushes and pulls with these bytes, and hangs up. */
async function answered(
  answer: (request: FakeRequest) => Promise<void>,
  use: (docker: DockerClient) => Promise<void>,
): Promise<void> {
  await using engine = await startFakeEngine(answer);
  await using docker = await DockerClient.fromDockerHost(engine.host);
  await use(docker);
}

Deno.test("an answer that ends with no digest is no success", async () => {
  for (const lines of ["", '{"status":"Preparing"}\n']) {
    await answered(
      (request) => request.write(BUILD_HEAD + lines),
      async (docker) => {
        await assertRejects(
          () => docker.imagePush("localhost/app:1").wait(),
          ProtocolError,
          "neither a digest nor an error",
        );
      },
    );
  }
});

type ErrorClass = typeof ProtocolError | typeof TransferError;

Deno.test("a broken answer is named for what it is", async () => {
  const cases: [answer: string, errorClass: ErrorClass, words: string][] = [
    ['{"status":"Prep', ProtocolError, "in the middle of message 1"],
    ["<html>\n", ProtocolError, "is not JSON"],
    ["null\n", ProtocolError, "no object"],
    ['{"error":"denied"}\n', TransferError, "denied"],
    [
      '{"errorDetail":{"message":"denied: x"},"error":"denied: y"}\n',
      TransferError,
      "denied: x",
    ],
  ];
  for (const [answer, errorClass, words] of cases) {
    await answered(
      (request) => request.write(BUILD_HEAD + answer),
      async (docker) => {
        for (
          const transfer of [
            docker.imagePush("localhost/a"),
            docker.imagePull("localhost/a"),
          ]
        ) {
          await assertRejects<Error>(() => transfer.wait(), errorClass, words);
        }
      },
    );
  }
  await answered(
    async (request) => {
      await request.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n" +
          '{"status":"Preparing"}\n',
      );
      request.close();
    },
    async (docker) => {
      await assertRejects(
        () => docker.imagePush("localhost/app:1").wait(),
        ConnectionError,
        "broke after 1 messages",
      );
    },
  );
});

Deno.test("advice is by the engine's words, not by numbers and words of a name", async () => {
  const name = "127.0.0.1:40146/denied/401:403";
  await answered(
    (request) =>
      request.write(
        `${BUILD_HEAD}{"error":"manifest for ${name} not found"}\n`,
      ),
    async (docker) => {
      await assertRejects(
        () => docker.imagePull(name).wait(),
        TransferError,
        "check its name and its tag",
      );
    },
  );
});

Deno.test("a slow reader holds nothing up, loses the oldest and is told; memory stays flat", async () => {
  const count = 200_000;
  await answered(
    async (request) => {
      await request.write(BUILD_HEAD);
      const line = (current: number) =>
        `{"status":"Pushing","progressDetail":{"current":${current},"total":${count}},"id":"0123456789ab"}\n`;
      for (let at = 0; at < count; at += 1000) {
        await request.write(
          Array.from({ length: 1000 }, (_, i) => line(at + i)).join(""),
        );
      }
      await request.write(
        `{"progressDetail":{},"aux":{"Tag":"1","Digest":"${DIGEST}","Size":1}}\n`,
      );
    },
    async (docker) => {
      const before = Deno.memoryUsage().heapUsed;
      const push = docker.imagePush("localhost/app:1");
      const slow = push.events();
      await slow.next();
      assertEquals(await push.wait(), DIGEST);
      assertLess(Deno.memoryUsage().heapUsed - before, 64 * 1024 * 1024);
      let seen = 1;
      let lost = 0;
      for await (const event of slow) {
        if (event.type === "lost") lost += event.count;
        else seen++;
      }
      assert(seen < 10_000, `${seen} were kept`);
      assertEquals(seen + lost, count);
      // A late one finds what was kept.
      const late = await Array.fromAsync(push.events());
      assertEquals(late[0]?.type, "lost");
      assert(late.length > 1000);
    },
  );
});

Deno.test("a push has X-Registry-Auth even without a login, and one that is given is in it alone", async () => {
  const heads: string[] = [];
  const bodies: string[] = [];
  await answered(
    async (request) => {
      heads.push(request.head);
      bodies.push(request.target);
      await request.write(
        `${BUILD_HEAD}{"status":"1: digest: ${DIGEST} size: 1"}\n`,
      );
    },
    async (docker) => {
      await docker.imagePush("localhost/app:1").wait();
      await docker.imagePush("localhost/app:1", {
        credentials: { localhost: { username: "üser", password: "p>?w" } },
      }).wait();
    },
  );
  const sent = heads.map((head) =>
    /^x-registry-auth: (\S+)$/im.exec(head)?.[1]
  );
  assertEquals(sent[0], "e30=");
  assert(/^[\w=-]+$/.test(sent[1]!), sent[1]);
  const bytes = Uint8Array.from(
    atob(sent[1]!.replaceAll("-", "+").replaceAll("_", "/")),
    (char) => char.charCodeAt(0),
  );
  assertEquals(JSON.parse(new TextDecoder().decode(bytes)), {
    username: "üser",
    password: "p>?w",
    serveraddress: "localhost",
  });
  assert(bodies.every((target) => target.endsWith("/push?tag=1")), bodies[0]);
});
