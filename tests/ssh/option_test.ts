import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { type SshOption, sshSources } from "../../lib/ssh/option.ts";

Deno.test("sshSources reads docker's spelling, once and as a list", () => {
  const cases: [SshOption, [string, unknown][]][] = [
    ["default", [["default", true]]],
    ["", [["default", true]]],
    ["default=", [["default", true]]],
    ["=/agent.sock", [["default", "/agent.sock"]]],
    ["deploy=/a,/b=c", [["deploy", "/a,/b=c"]]],
    [["default", "deploy=key"], [["default", true], ["deploy", "key"]]],
    [[], []],
    [{}, []],
    [
      { "": true, a: "/a.sock", b: { socket: "/b.sock" } },
      [["default", true], ["a", "/a.sock"], ["b", { socket: "/b.sock" }]],
    ],
    [
      { a: { keys: ["/k", new URL("file:///k"), Uint8Array.of(1)] } },
      [["a", { keys: ["/k", new URL("file:///k"), Uint8Array.of(1)] }]],
    ],
  ];
  for (const [option, expected] of cases) {
    assertEquals([...sshSources(option)], expected);
  }
});

Deno.test("sshSources refuses what is no source, in one sentence that names the id", () => {
  const wrong: [unknown, string][] = [
    [1, 'Cannot use option "ssh"'],
    [null, 'Cannot use option "ssh"'],
    [[true], 'Cannot use option "ssh"'],
    [
      new Map(),
      "ids and sources; a Map becomes one by Object.fromEntries(map)",
    ],
    [["a=/x", "a=/y"], 'Cannot use ssh id "a": it is given twice'],
    [["default", "=/y"], 'Cannot use ssh id "default": it is given twice'],
    ["two words", 'Cannot use ssh id "two words"'],
    ["schlüssel", 'Cannot use ssh id "schlüssel"'],
    [{ a: false }, 'Cannot use ssh id "a": expected true'],
    [{ a: undefined }, 'Cannot use ssh id "a": expected true'],
    [{ a: "" }, 'Cannot use ssh id "a": a path'],
    [{ a: {} }, 'Cannot use ssh id "a": expected true'],
    [{ a: { socket: 5 } }, 'Cannot use ssh id "a": expected true'],
    [{ a: { socket: {} } }, 'Cannot use ssh id "a": expected true'],
    [{ a: { keys: [] } }, 'Cannot use ssh id "a": expected true'],
    [{ a: { keys: "/k" } }, 'Cannot use ssh id "a": expected true'],
    [{ a: { keys: [1] } }, 'Cannot use ssh id "a": a key is'],
    [{ a: { keys: ["a\0"] } }, 'Cannot use ssh id "a": a path'],
    [{ a: { socket: "/s", keys: ["/k"] } }, 'Cannot use ssh id "a": expected'],
    [{ a: { socket: "/s", more: 1 } }, 'Cannot use ssh id "a": expected true'],
    [{ a: { socket: new URL("http://x/") } }, 'Cannot use ssh id "a": a URL'],
  ];
  for (const [option, words] of wrong) {
    assertThrows(() => sshSources(option as SshOption), TypeError, words);
  }
});

Deno.test("sshSources refuses a key where a path belongs, and does not repeat it", () => {
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n";
  for (
    const option of [
      key,
      [key],
      `a=${key}`,
      { a: key },
      { a: { socket: key } },
      { a: { keys: [key] } },
      { a: { keys: ["b3BlbnNz\n"] } },
    ]
  ) {
    const error = assertThrows(() => sshSources(option), TypeError);
    assert(!`${error.stack}`.includes("b3BlbnNz"), error.message);
    assert(error.message.includes("a string is a path"), error.message);
  }
});
