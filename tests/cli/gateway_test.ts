import { GATEWAY_FLAGS } from "../../lib/cli/gateway_flags.ts";
import { BREAKOUTS } from "../../lib/gateway/build_rules.ts";
import { GROUPS } from "../../lib/gateway/routes.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
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
