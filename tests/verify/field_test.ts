import { type SecretFind, verifySecrets } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { tarOf } from "../support/tar.ts";

async function search(
  text: string,
  secret: string,
): Promise<readonly SecretFind[]> {
  return (await verifySecrets(tarOf({ a: text }), { secret })).finds;
}

const TOKEN = "npm_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
const KEY_ID = "0123456789abcdef0123456789abcdef01234567";

/** Files of settings, with a token in them. */
const SETTINGS: readonly [name: string, text: string, token: string][] = [
  ["an .npmrc of one line", `//r.example/:_authToken=${TOKEN}`, TOKEN],
  ["an .npmrc", `a=b\n//r.example/:_authToken=${TOKEN}\n`, TOKEN],
  ["an .env", `NODE_ENV=production\nexport TOKEN='${TOKEN}'\n`, TOKEN],
  ["an .env with CRLF", `A=b\r\nTOKEN="${TOKEN}" \r\n`, TOKEN],
  [
    "a service account",
    JSON.stringify({ type: "x", private_key_id: KEY_ID, b: 1 }, null, 2),
    KEY_ID,
  ],
  ["yaml", `password: ${TOKEN}==\n`, `${TOKEN}==`],
  ["a login", `user:${TOKEN}`, TOKEN],
];

Deno.test("of a file of settings the token alone is found", async () => {
  for (const [name, text, token] of SETTINGS) {
    const [find, ...more] = await search(`x ${token} y`, text);
    assertEquals([find?.form, find?.offset], ["field", 2], name);
    assertEquals(more, [], name);
    // In its line, or in the whole file, it is no find of its own.
    const lines = text.split(/\r?\n/).filter(Boolean);
    const line = lines.find((line) => line.includes(token))!;
    const inLine = await search(`x\n${line}\n`, text);
    assertEquals(inLine.length, 1, name);
    assertEquals(inLine[0]!.form === "field", false, name);
    assertEquals(
      (await search(text, text)).map(({ form }) => form),
      ["plain"],
      name,
    );
  }
});

Deno.test("words, paths, hosts and versions of a file of settings are no tokens", async () => {
  const settings = [
    "NODE_ENV=production",
    "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
    "IMAGE=python-3.11-slim-bookworm",
    "registry=https://registry2.example.org/path1/",
    "SHORT=abc123",
    "NAME=kubernetesserviceaccount",
    "NUMBER=12345678901234567890",
    '"client_id": "12345678901234567890",',
    "TEXT=some words with 1 number and many blanks",
  ];
  const secret = settings.map((line) => `# a comment\n${line}\n`).join("");
  for (const line of settings) {
    const value = line.slice(line.search(/[=:]/) + 1).trim();
    assertEquals(await search(`x ${value} y`, secret), [], line);
  }
});

Deno.test("a line that is very long is read in time that does not grow with its square", async () => {
  const secret = `A=${"a1".repeat(100_000)}!\nB=${TOKEN}\n`;
  assertEquals((await search(TOKEN, secret)).map(({ form }) => form), [
    "field",
  ]);
});

Deno.test("values are found in the JSON of .NET, in JSON in JSON, and in HTML", async () => {
  const value = `pass+wörd"with<signs>&more'`;
  for (
    const [text, form] of [
      [
        String
          .raw`{"p":"pass\u002Bw\u00F6rd\u0022with\u003Csigns\u003E\u0026more\u0027"}`,
        "json",
      ],
      [JSON.stringify(JSON.stringify({ value })), "json"],
      [`<p>pass+wörd&quot;with&lt;signs&gt;&amp;more&#39;</p>`, "html"],
    ] as const
  ) {
    assertEquals((await search(text, value)).map(({ form }) => form), [form]);
  }
});
