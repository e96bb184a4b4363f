import { GATEWAY_FLAGS } from "../../lib/cli/gateway_flags.ts";
import { BREAKOUTS } from "../../lib/gateway/build_rules.ts";
import { GROUPS } from "../../lib/gateway/routes.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { gatewayOptions } from "../../lib/cli/gateway_command.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { startFakeEngine } from "../support/fake_engine.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { davitHere } from "./in_process.ts";

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /--listen is needed/],
  [["--listen", "/run/s"], /expected unix:/],
  [["--listen", "unix://"], /expected unix:/],
  [["--listen", "tcp://:80"], /expected unix:/],
  [["--listen", "tcp://127.0.0.1:80"], /needs --tls-cert/],
  [
    ["--listen", "tcp://0.0.0.0:80", "--plain-loopback"],
    /loopback address only/,
  ],
  [
    ["--listen", "tcp://127.0.0.1:80", "--plain-loopback", "--tls-cert", "x"],
    /against each other/,
  ],
  [
    ["--listen", "tcp://a:80", "--tls-cert", "none", "--tls-key", "none"],
    /--tls-cert can't be read/,
  ],
  [["--listen", "unix:///s", "--token-file", "x"], /not for a Unix socket/],
  [
    ["--listen", "unix:///s", "--allow", "containers"],
    /"containers" for "--allow"/,
  ],
  [
    ["--listen", "unix:///s", "--max-builds", "many"],
    /"many" for "--max-builds"/,
  ],
  [["--listen", "unix:///s", "--max-builds", "0"], /"0" for "--max-builds"/],
  [["--listen", "unix:///s", "--max-header", "10"], /at least 1024 bytes/],
  [["--listen", "unix:///s", "--max-connections", "0"], /--max-connections/],
  [["--listen", "unix:///s", "--max-secrets", "x"], /--max-secrets/],
  [["--listen", "unix:///s", "--idle", "0"], /"0" for "--idle"/],
  [["--listen", "unix:///s", "--timeout", "2147484"], /from 1 to 2147483/],
  [["--plain-loopback"], /--plain-loopback needs --listen/],
  [["--listen", "unix:///s", "--max-body", "x"], /"x" for "--max-body"/],
  [["--listen", "unix:///s", "--grace", "-1"], /--grace/],
  [
    ["--listen", "unix:///s", "-H", "unix:///none/docker.sock"],
    /none\/docker.sock/,
  ],
  [["more"], /no argument/],
];

Deno.test("davit gateway: the flags name every group and every way out", () => {
  const groups = GATEWAY_FLAGS.find(({ name }) => name === "allow")!;
  assertEquals(groups.complete, GROUPS);
  assertEquals(
    GATEWAY_FLAGS.flatMap(({ name }) => /^allow-(.*)/.exec(name)?.[1] ?? []),
    [...BREAKOUTS],
  );
});

Deno.test("davit gateway: each wrong value gets one line, and nothing listens", async () => {
  for (const [words, answer] of WRONG) {
    const { code, stderr } = await davitHere(["gateway", ...words], {
      env: { XDG_RUNTIME_DIR: "" },
    });
    // As docker's: a size that is none is told apart from other wrong values.
    assertEquals(code, /expected a size/.test(stderr) ? 125 : 1, stderr);
    assertMatch(stderr, answer);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

/** The options of these words, in a folder with a few files. */
async function optionsOf(...words: string[]) {
  return await gatewayOptions(parseWords(words, GATEWAY_FLAGS));
}

Deno.test("gatewayOptions: every flag, and what it makes of the options", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      cert: "a certificate",
      key: "its key",
      ca: "an authority",
      token: " a token of some length\n",
    });
    const at = (name: string) => `${folder}/${name}`;
    const tls = ["--tls-cert", at("cert"), "--tls-key", at("key")];
    const pems = { cert: "a certificate", key: "its key" };
    const unix = ["--listen", "unix:///s"];
    const bare = { allow: [], breakouts: [], shareSteps: false, limits: {} };
    for (
      const [words, expected] of [
        [unix, { listen: { path: "/s" } }],
        [["--listen", "tcp://a:80", ...tls], {
          listen: { hostname: "a", port: 80, tls: pems },
        }],
        [["--listen", "tcp://[::1]:65535", ...tls], {
          listen: { hostname: "::1", port: 65535, tls: pems },
        }],
        [["--listen", "tcp://a:1", ...tls, "--tls-client-ca", at("ca")], {
          listen: {
            hostname: "a",
            port: 1,
            tls: { ...pems, clientCa: "an authority" },
          },
        }],
        [["--listen", "tcp://a:1", ...tls, "--token-file", at("token")], {
          listen: {
            hostname: "a",
            port: 1,
            token: "a token of some length",
            tls: pems,
          },
        }],
        [["--listen", "tcp://127.0.0.1:0", "--plain-loopback"], {
          listen: { hostname: "127.0.0.1", port: 0, plainLoopback: true },
        }],
        [
          [
            ...["--listen", "tcp://127.0.0.1:0", "--plain-loopback"],
            ...["--token-file", at("token")],
          ],
          {
            listen: {
              hostname: "127.0.0.1",
              port: 0,
              plainLoopback: true,
              token: "a token of some length",
            },
          },
        ],
        [[...unix, "--plain-loopback=false"], { listen: { path: "/s" } }],
        [[...unix, "-H", "unix:///e"], {
          listen: { path: "/s" },
          engine: "unix:///e",
        }],
        [[...unix, "--allow", "images,push", "--allow", "pull"], {
          listen: { path: "/s" },
          allow: ["images", "push", "pull"],
        }],
        ...BREAKOUTS.map((name) =>
          [[...unix, `--allow-${name}`], {
            listen: { path: "/s" },
            breakouts: [name],
          }] as const
        ),
        [[...unix, "--share-steps"], {
          listen: { path: "/s" },
          shareSteps: true,
        }],
        ...([
          ["max-builds", "1", "maxBuilds", 1],
          ["max-builds", "999999999", "maxBuilds", 999_999_999],
          ["max-connections", "1", "maxConnections", 1],
          ["max-body", "1", "maxBodyBytes", 1],
          ["max-body", "2g", "maxBodyBytes", 2 * 2 ** 30],
          ["max-header", "1024", "maxHeaderBytes", 1024],
          ["max-secrets", "1", "maxSecretBytes", 1],
          ["idle", "1", "idleMs", 1000],
          ["idle", "2147483", "idleMs", 2_147_483_000],
          ["timeout", "1", "totalMs", 1000],
          ["timeout", "2147483", "totalMs", 2_147_483_000],
          ["grace", "0", "graceMs", 0],
          ["grace", "2", "graceMs", 2000],
        ] as const).map(([flag, text, limit, value]) =>
          [[...unix, `--${flag}`, text], {
            listen: { path: "/s" },
            limits: { [limit]: value },
          }] as const
        ),
      ] as const
    ) {
      assertEquals<unknown>(
        await optionsOf(...words),
        { ...bare, ...expected },
        words.join(" "),
      );
    }
  });
});

Deno.test("gatewayOptions: what does not fit together, or lies beyond a limit", async () => {
  const tcp = ["--listen", "tcp://a:80"];
  const loopback = ["--listen", "tcp://127.0.0.1:80", "--plain-loopback"];
  const unix = ["--listen", "unix:///s"];
  for (
    const [words, answer] of [
      ...["--tls-cert", "--tls-key", "--tls-client-ca"].map((flag) =>
        [[...loopback, flag, "x"], /against each other/] as const
      ),
      [[...tcp, "--tls-cert", "x"], /needs --tls-cert and --tls-key/],
      [[...tcp, "--tls-key", "x"], /needs --tls-cert and --tls-key/],
      [["--listen", "tcp://a"], /expected unix:/],
      [["--listen", "tcp://a:123456"], /expected unix:/],
      [["--listen", "tcp://a:80/b"], /expected unix:/],
      ...["[::1:80", "::1]:80", "[]:80", "[[::1]]:80"].map((at) =>
        [["--listen", `tcp://${at}`], /expected unix:/] as const
      ),
      [[...unix, "--plain-loopback"], /--plain-loopback is not for a Unix/],
      ...["--tls-cert", "--tls-key", "--tls-client-ca", "--token-file"].flatMap(
        (flag) =>
          [
            [[...unix, flag, "x"], new RegExp(`^${flag} is not for a Unix`)],
            [[flag, "x"], new RegExp(`^${flag} needs --listen tcp:`)],
          ] as const,
      ),
      [[...unix, "--max-builds", "1000000000"], /from 1 to 999999999/],
      [[...unix, "--max-builds", "-1"], /from 1 to 999999999/],
      [[...unix, "--max-builds", "1x"], /from 1 to 999999999/],
      [[...unix, "--idle", "2147484"], /from 1 to 2147483/],
      [[...unix, "--grace", "2147484"], /from 0 to 2147483/],
      [[...unix, "--max-body", "0"], /at least 1 bytes/],
      [[...unix, "--max-secrets", "0"], /at least 1 bytes/],
      [[...unix, "--max-header", "1023"], /at least 1024 bytes/],
      [[...unix, "--allow", "images,"], /"" for "--allow"/],
    ] as const
  ) {
    const error = await assertRejects(() => optionsOf(...words), UsageError);
    assertMatch(error.message, answer, words.join(" "));
  }
});

Deno.test("gatewayOptions: without --listen it is the gateway's own choice", async () => {
  const before = Deno.env.get("XDG_RUNTIME_DIR");
  Deno.env.set("XDG_RUNTIME_DIR", "/run/user/1");
  try {
    assertEquals("listen" in await optionsOf(), false);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_RUNTIME_DIR");
    else Deno.env.set("XDG_RUNTIME_DIR", before);
  }
});

Deno.test("davit gateway tells where it builds, and serves until it is stopped", async () => {
  await withTempFolder(async (folder) => {
    await using engine = await startFakeEngine(() => {});
    const path = `${folder}/davit.sock`;
    const { code, stdout, stderr } = await davitHere(
      ["gateway", "--listen", `unix://${path}`, "-H", engine.host],
      {
        // As a service is stopped, when it has told where.
        wrote: (text) => {
          if (text.includes("builds at")) Deno.kill(Deno.pid, "SIGTERM");
        },
      },
    );
    assertEquals([code, stdout.length], [143, 0]);
    assertEquals(
      stderr,
      `davit gateway: builds at unix://${path}\n\ncanceling; again to leave at once\n`,
    );
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});
