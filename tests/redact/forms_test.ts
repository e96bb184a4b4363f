import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { type Form, isTooShort, listPatterns } from "../../lib/redact/forms.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function list(value: string | Uint8Array, form: Form): string[] {
  const bytes = typeof value === "string" ? encode(value) : value;
  return [...listPatterns(bytes)]
    .filter((pattern) => pattern.form === form)
    .map((pattern) => new TextDecoder().decode(pattern.bytes));
}

const PEM = [
  "-----BEGIN PRIVATE KEY-----",
  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDJ5s+xQp7Lw8ab",
  "q0Vt/3nUu2yXcHkPzR1eS9dGmFh4ToLwE6KjNvBYiA8rC5gW7ZxQlDtO+MnUvwXy",
  "Zr8t2Q==",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");

Deno.test("listPatterns() gives nothing for under 4 bytes, line ends not counted", () => {
  for (const short of ["", "\n", "abc", "abc\r\n", "abc\n\n\n"]) {
    assertEquals([...listPatterns(encode(short))], []);
    assert(isTooShort(encode(short)));
  }
  assertEquals(isTooShort(encode("abcd\n")), false);
  assertEquals(list("abcd\n", "plain"), ["abcd"]);
});

Deno.test("listPatterns() gives each pattern once, of at least 4 bytes, with its index", () => {
  const values = [
    "abcd",
    "token-with-+/&<>\"'",
    PEM,
    "a\nb\nc\nd",
    "aaaaaaaa\naaaaaaaa",
  ];
  for (const [index, value] of values.entries()) {
    const patterns = [...listPatterns(encode(value), index)];
    const texts = patterns.map(({ bytes }) => bytes.join());
    assertEquals(new Set(texts).size, texts.length);
    assert(patterns.every(({ bytes }) => bytes.length >= 4));
    assert(patterns.every((pattern) => pattern.value === index));
  }
});

Deno.test("listPatterns() leaves out trailing line ends and counts LF and CRLF as one text", () => {
  assertEquals(list("tok-en\r\n", "plain"), ["tok-en"]);
  assertEquals(list("one\ntwo\n", "plain"), ["one\ntwo", "one\r\ntwo"]);
  assertEquals(list("one\r\ntwo", "plain"), ["one\r\ntwo", "one\ntwo"]);
  assertEquals(list("one\r\ntwo\nthree", "plain"), [
    "one\r\ntwo\nthree",
    "one\ntwo\nthree",
    "one\r\ntwo\r\nthree",
  ]);
});

Deno.test("listPatterns() gives lines of 8 bytes and more, but no PEM borders and rulers", () => {
  assertEquals(list(PEM, "line"), PEM.split("\n").slice(1, 4));
  assertEquals(
    list("  indented line\n\tshort\n==========\n          \nuser: bob", "line"),
    [
      "indented line",
      "user: bob",
    ],
  );
  assertEquals(list("a single line", "line"), []);
  assertEquals(
    createRedactor([encode(`{\n  "key": "value"\n}`)]).text(
      String.raw`[\"key\": \"value\"]`,
    ),
    "[***]",
  );
});

Deno.test("listPatterns() gives base64 as it stands in a stream, at every alignment", () => {
  for (
    const value of [
      "hunter2!",
      "a longer secret, of 31 bytes ??",
      "\xff\xfe\xfb>>>???~~~",
    ]
  ) {
    const bytes = encode(value);
    const standard = list(value, "base64");
    const url = list(value, "base64url");
    for (let before = 0; before < 6; before++) {
      for (let after = 0; after < 6; after++) {
        const stream = "x".repeat(before) + String.fromCharCode(...bytes) +
          "\xee".repeat(after);
        const text = btoa(stream);
        const found = standard.filter((pattern) => text.includes(pattern));
        assert(found.length > 0);
        const urlText = text.replaceAll("+", "-").replaceAll("/", "_")
          .replaceAll("=", "");
        assert(
          [...standard, ...url].some((pattern) => urlText.includes(pattern)),
        );
        // All but the characters shared with a neighbour: one in front, one behind.
        const bits = Math.max(...found.map((pattern) => pattern.length * 6));
        assert(bits > bytes.length * 8 - 12);
      }
    }
  }
});

Deno.test("listPatterns() gives the lines of wrapped base64, of 76 and of 64 columns", () => {
  const value = "0123456789".repeat(20);
  const text = btoa(value);
  const patterns = list(value, "base64");
  for (const width of [76, 64]) {
    const lines = text.match(new RegExp(`.{1,${width}}`, "g"))!;
    for (const line of lines.slice(0, -1)) assert(patterns.includes(line));
    // The last line but for its padding and the character before, which is not full.
    const last = lines.at(-1)!.replaceAll("=", "").slice(0, -1);
    assert(patterns.includes(last));
  }
});

Deno.test("listPatterns() gives hex in both cases", () => {
  assertEquals(list("jk\u00ff~", "hex"), ["6a6bc3bf7e", "6A6BC3BF7E"]);
});

Deno.test("the encoders of languages are masked: of percents, of JSON, of HTML", () => {
  const value = "p@ss w/rd+(\u00fc)~!*";
  const component = encodeURIComponent(value);
  const unreserved = component.replace(
    /[!'()*]/g,
    (char) => "%" + char.charCodeAt(0).toString(16).toUpperCase(),
  );
  const form = new URLSearchParams([["", value]]).toString().slice(1);
  const json = `a"b\\c/d<e>&f\u2028\u00e9\ud83d\ude00\b\t`;
  const base = JSON.stringify(json).slice(1, -1);
  const emoji = "\u00e9\ud83d\ude00";
  const cases: [value: string | Uint8Array, texts: string[]][] = [
    [
      value,
      [
        component,
        unreserved,
        unreserved.replaceAll("%2F", "/"),
        unreserved.replaceAll("%20", "+"),
        form,
      ].flatMap((text) => [
        text,
        text.replace(/%../g, (code) => code.toLowerCase()),
      ]),
    ],
    [Uint8Array.of(0, 0xff, 0x41, 0x20), [
      "%00%FFA%20",
      "%00%ffA%20",
      "%00%FFA+",
      "\\000\\377A ",
      "\\x00\\xffA\\x20",
    ]],
    [json, [
      base,
      base.replaceAll("/", "\\/"),
      String.raw`a\"b\\c/d\u003ce\u003e\u0026f\u2028` + emoji +
      String.raw`\b\t`,
      String.raw`a\"b\\c/d\u003ce\u003e\u0026f\u2028` + emoji +
      String.raw`\u0008\t`,
      String.raw`a\"b\\c/d<e>&f\u2028\u00e9\ud83d\ude00\b\t`,
      String.raw`a\"b\\c\/d<e>&f\u2028\u00E9\uD83D\uDE00\b\t`,
      String.raw`a\u0022b\\c/d\u003Ce\u003E\u0026f\u2028\u00E9\uD83D\uDE00\b\t`,
      JSON.stringify(base).slice(1, -1),
      JSON.stringify(JSON.stringify(base)).slice(3, -3),
    ]],
    [
      `a&b<c>"d'`,
      ["'", "&#39;", "&apos;", "&#x27;"].flatMap((apostrophe) => [
        `a&amp;b&lt;c&gt;&quot;d${apostrophe}`,
        `a&amp;b&lt;c&gt;"d${apostrophe}`,
      ]),
    ],
  ];
  for (const [value, texts] of cases) {
    const bytes = typeof value === "string" ? encode(value) : value;
    const redactor = createRedactor([bytes]);
    for (const text of texts) {
      assertEquals(redactor.text(`[ ${text} ]`), "[ *** ]", text);
    }
  }
});

Deno.test("every pattern of a value is masked where it stands", () => {
  const values = [
    "hunter2!",
    PEM,
    `{"user":"bob","pass":"a/b<c>"}`,
    "caf\u00e9 & cr\u00e8me",
    "x".repeat(700),
  ];
  for (const value of values) {
    const redactor = createRedactor([encode(value)]);
    for (const { bytes } of listPatterns(encode(value))) {
      const text = Uint8Array.from([
        ...encode("[ "),
        ...bytes,
        ...encode(" ]"),
      ]);
      assertEquals(new TextDecoder().decode(redactor.bytes(text)), "[ *** ]");
    }
  }
});

/** Files of settings: the text, and what of it is secret by itself. */
const SETTINGS: readonly (readonly [text: string, token: string])[] = [
  "//registry.example/:_authToken=§",
  "machine h.example login me password §",
  "h.example:5432:app:me:§",
  "https://me:§@h.example/path",
  '{"user":"me","password":"§"}',
  "export TOKEN='§'",
  "password: §",
  "me:§",
  "a = §; b = c",
  "Authorization: Bearer §",
  "aws_secret_access_key=§",
].flatMap((line) =>
  [
    "Zx9Qw7Lm2Pa4Rt6Yu8",
    "npm_A1b2C3d4E5f6G7h8I9j0",
    "wJalrXUtnFEMI7K7MDENG/bPxRfiCYEXAMPLEKEY",
    "dG9rZW4tb2YtMTIzNDU2Nzg5MDEyMw==",
  ].map((token) => [line.replace("§", token), token] as const)
).flatMap(([line, token]) => [
  [line, token],
  [`# settings\n${line}\nDEBUG=1\n`, token],
]);

Deno.test("mask and proof know the token alone of a file of settings", () => {
  for (const [text, token] of SETTINGS) {
    // Base64 may be cut before what fills it up.
    const shown = createRedactor([encode(text)]).text(`curl -u you:${token} x`);
    assert(/^curl -u you:\*\*\*(==)? x$/.test(shown), `${text}: ${shown}`);
    let isFound = false;
    createFinder([encode(text)]).matcher().scan(
      encode(`x ${token} y`),
      () => isFound = true,
    );
    assert(isFound, text);
  }
});

Deno.test("a line of 4 to 7 bytes is masked, or told of", () => {
  for (
    const [line, isMasked, isTold] of [
      ["hunt3r2", true, false],
      ["a=1;b", true, false],
      ["pä$$w", true, false],
      ["admin", false, true],
      ["9471", false, true],
      ["'root'", false, true],
      ["geheim,", false, true],
      ["hunter!", false, true],
      ["*#word.", false, true],
      ["4711#", false, true],
      ["!$%&", false, true],
      ["----", false, false],
      ["key =", false, false],
      ["</ul>", false, false],
      ["users:", false, false],
      ["} },", false, false],
      ["- a: [", false, false],
    ] as const
  ) {
    const redactor = createRedactor([encode(`first line of it\n${line}\n`)]);
    const shown = redactor.text(`see ${line} here`);
    assertEquals(shown === "see *** here", isMasked, line);
    assertEquals(redactor.partial, isTold ? [0] : [], line);
    // Found by chance in any image, it would be no proof of anything.
    let isFound = false;
    createFinder([encode(`first line of it\n${line}\n`)]).matcher().scan(
      encode(`see ${line} here`),
      () => isFound = true,
    );
    assertEquals(isFound, false, line);
  }
  // A value that is one such line is masked as it is.
  assertEquals(createRedactor([encode("admin\n")]).text("admin"), "***");
  assertEquals(createRedactor([encode("admin\n")]).partial, []);
});

Deno.test("values are listed in time that grows with their length, whatever they repeat", () => {
  const units = [
    "-----BEGIN ",
    "-----BEGIN X-----\na",
    "-----BEGIN X-----\n-----END ",
    "-----BEGIN X-----\na\n-----END X-----\n",
    "a=x,,,,,,,,",
    'a="""""',
    "a=\t\t\t\tx",
    "\n\r\n",
    "====",
    ":@:@",
    "a1b2c3d4e5f6g7h8==",
    "----- BEGIN - ",
  ];
  const time = (text: string) => {
    const start = performance.now();
    createFinder([encode(text)]);
    createRedactor([encode(text)]);
    return performance.now() - start;
  };
  for (const unit of units) {
    const of = (length: number) => time(unit.repeat(length / unit.length));
    // Of 16 times as much a square would be 256 times; the machine may be busy.
    const isLinear = Array.from({ length: 5 }).some(() =>
      of(320_000) < 60 * Math.max(2, of(20_000))
    );
    assert(isLinear, unit);
  }
});

Deno.test("line ends round a value are no part of it, before as behind", () => {
  for (const ends of ["\n", "\r\n", "\n\n\r"]) {
    for (const value of [`${ends}hunter2`, `${ends}hunter2${ends}`]) {
      const [first] = listPatterns(encode(value));
      assertEquals(new TextDecoder().decode(first!.bytes), "hunter2");
    }
    assert(isTooShort(encode(`${ends}abc${ends}`)));
    assertFalse(isTooShort(encode(`${ends}abcd${ends}`)));
  }
});
