import type { Match } from "../../lib/redact/automaton.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import type { Form } from "../../lib/redact/forms.ts";
import { assertEquals } from "../support/assert.ts";

const TOKEN = "tk-9f8e7d6c5+x/b4a392=&81706";
const encode = (text: string) => new TextEncoder().encode(text);

/** What a finder finds in a text, those of one form that touch as one. */
function found(values: readonly string[], text: string, form: Form): string[] {
  const matcher = createFinder(values.map(encode)).matcher();
  const marks = new Uint8Array(text.length);
  const take = ({ start, end, pattern }: Match) => {
    if (pattern.form === form) marks.fill(1, start, end);
  };
  matcher.scan(encode(text), take);
  matcher.finishScan(take);
  const shown = [...text].map((letter, at) => marks[at] ? letter : "\0");
  return shown.join("").split(/\0+/).filter((part) => part !== "");
}

const FIRST = "MIIEvQIBADAN";
const OWN = "q0Vt3nUu2yXcHkPzR1eS9dGmFh4ToLwE";
const OTHER = "Jv8sKd02LmQpWx7RbYtNc5ZaGf3HuEi1";

function pem(kind: string, ...lines: string[]): string {
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`, ""]
    .join("\n");
}

const key = pem("PRIVATE KEY", FIRST, OWN);
const certificate = pem("CERTIFICATE", "MIIDdzCCAl8C", OTHER);

Deno.test("of keys in PEM what is their own is looked for, of other values all", () => {
  const parts: [value: string, own: string[]][] = [
    [key, [OWN]],
    [`\n \n${key}  \n`, [OWN]],
    [key.trimEnd(), [OWN]],
    [key.replaceAll("\n", "\r\n"), [OWN]],
    [pem("PRIVATE KEY", FIRST, OWN, "x"), [`${OWN}\nx`]],
    // Too short to spare a line of it.
    [pem("PRIVATE KEY", FIRST, OWN.slice(1)), [`${FIRST}\n${OWN.slice(1)}`]],
    [pem("PRIVATE KEY", FIRST), [FIRST]],
    [pem("PRIVATE KEY", ` ${FIRST} `), [FIRST]],
    [certificate + key, [OWN]],
    [key + certificate, [OWN]],
    [certificate, [OTHER]],
    [pem("EC PRIVATE KEY", FIRST, OWN), [OWN]],
    [key + pem("RSA PRIVATE KEY", FIRST, OTHER), [OWN, OTHER]],
  ];
  for (const [value, own] of parts) {
    assertEquals(found([value], value, "plain"), own, JSON.stringify(value));
  }
  const none = [
    TOKEN,
    `x${key}`,
    `${key}x`,
    `${key}x\n${certificate}`,
    "-----BEGIN PRIVATE KEY-----",
    `-----BEGIN PRIVATE KEY-----\n${FIRST}\n${OWN}`,
    `-----BEGIN PRIVATE KEY----\n${FIRST}\n${OWN}\n-----END PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${FIRST}\n${OWN}\n-----END PRIVATE KEY----`,
    `${FIRST}\n${OWN}\n-----END PRIVATE KEY-----`,
    pem("PRIVATE KEY", FIRST, OWN).replace("KEY-----\nMII", "KEY-----MII")
      .replace(`${OWN}\n`, OWN).replace("-----END", "----END"),
    `-----BEGIN PRIVATE KEY----\n${FIRST}\n-----END X-----\n${key}`,
    `${key}-----BEGIN X\n-----END ${OTHER}-----\n`,
    `${key}-----BEGIN X-----`,
  ];
  for (const value of none) {
    const whole = value.trimEnd();
    assertEquals(found([value], value, "plain"), [whole], whole);
  }
});

Deno.test("an encoding is looked for from eight characters on, a line from eight bytes on", () => {
  const six = "k9#Qz!";
  assertEquals(found([six], ` ${btoa(six)} `, "base64"), [btoa(six)]);
  assertEquals(found([six], btoa(`x${six}`), "base64"), []);
  assertEquals(found(["k9#Q"], " 6b392351 ", "hex"), ["6b392351"]);
  assertEquals(found(["k9#Q"], btoa("k9#Q"), "base64"), []);
  assertEquals(found(["k9#Q"], "k9#Q", "plain"), ["k9#Q"]);
  const lines = `k9#Qz!w\nm8$Rx?v1\n${TOKEN}`;
  assertEquals(found([lines], "k9#Qz!w m8$Rx?v1", "line"), ["m8$Rx?v1"]);
  // The first line of all keys of OpenSSH is a line of none, but a value it is.
  const openssh = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
  const text = `${openssh} x${openssh.slice(0, -1)}`;
  assertEquals(found([`${openssh}\n${TOKEN}`], text, "line"), []);
  assertEquals(found([`${openssh}\n${TOKEN}`], text, "field"), []);
  assertEquals(found([`x${openssh}\n${TOKEN}`], `x${openssh}`, "line"), [
    `x${openssh}`,
  ]);
  assertEquals(found([openssh], openssh, "plain"), [openssh]);
});

Deno.test("values that are too short are told, and what there is to look for", () => {
  const about = (...values: string[]) => {
    const { empty, skipped, unwrapped } = createFinder(values.map(encode));
    return [empty, skipped, unwrapped.empty];
  };
  assertEquals(about(), [true, [], true]);
  assertEquals(about("abc", "\n\nxyz\r\n"), [true, [0, 1], true]);
  assertEquals(about("abc", TOKEN, "x"), [false, [0, 2], false]);
});

Deno.test("what is found tells which of the values it is", () => {
  const matcher = createFinder(["other-value", TOKEN].map(encode)).matcher();
  const values: number[] = [];
  matcher.scan(encode(`x ${TOKEN} other-value`), ({ pattern }) => {
    if (pattern.form === "plain") values.push(pattern.value);
  });
  assertEquals(values, [1, 0]);
});

Deno.test("without line ends base64 and hex are looked for, whole", () => {
  const value = "9f8e7d6c-5b4a-3921-8170-6f5e4d3c2b1a".repeat(2);
  const finder = createFinder([encode(value)]);
  assertEquals(finder.unwrapped === finder.unwrapped, true);
  const lengthsIn = (text: string) => {
    const lengths = new Set<string>();
    finder.unwrapped.matcher().scan(encode(text), ({ pattern }) => {
      lengths.add(`${pattern.form} ${pattern.length}`);
    });
    return [...lengths];
  };
  assertEquals(lengthsIn(btoa(value)), ["base64 96"]);
  assertEquals(lengthsIn(encode(value).toHex()), ["hex 144"]);
  assertEquals(lengthsIn(value), []);
  const url = createFinder([encode("??>>~~??>>~~")]).unwrapped;
  const forms: string[] = [];
  const text = btoa("??>>~~??>>~~").replaceAll("/", "_").replaceAll("+", "-");
  url.matcher().scan(encode(text), ({ pattern }) => forms.push(pattern.form));
  assertEquals(forms, ["base64url"]);
});
