import { KnownValues } from "../../lib/gateway/known_values.ts";
import {
  isCommonValue,
  refuseCommonValues,
} from "../../lib/gateway/value_rules.ts";
import { BUILD_MESSAGE_FIELDS } from "../../lib/masks/answer_fields.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { readTrace, TRACE_GENERATIONS } from "../progress/traces.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";

const common = (value: string | Uint8Array) => isCommonValue(new Secret(value));

Deno.test("isCommonValue() knows what is too short, or a ruler", () => {
  for (
    const value of [
      "a",
      "abc-123",
      "  abc-123 \n",
      "\n\n\n\n\n\n\n\n",
      "        ",
      "--------",
      "=-=-=-=-=-=-=-=-=",
      "aaaaaaaabbbbbbbb",
      "\t\t\t\t\t\t\t\t\t\t",
      "éèé", // 6 bytes
      new Uint8Array([0, 1, 2]),
      new Uint8Array(100),
    ]
  ) assert(common(value), JSON.stringify(value));
  for (
    const value of [
      "abc-1234",
      "hunter2hunter2",
      "12345678",
      "éèüä",
      "-----BEGIN KEY-----\nMIIBmultilineAAAA\n-----END KEY-----\n",
      '{\n  "type": "service_account",\n  "key": "0123456789"\n}\n',
      "//registry.example/:_authToken=npm_0123456789\n",
      new Uint8Array([0, 255, 254, 1]),
      new Uint8Array([0x52, 0x55, 0x4e, 0x00]),
    ]
  ) assert(!common(value), String(value));
});

Deno.test("isCommonValue() takes four different bytes that are no text for a secret", () => {
  assert(!common(Uint8Array.of(0xff, 0xfe, 0x80, 0x81)));
  assert(common(Uint8Array.of(0xff, 0xfe, 0x80)));
  assert(common(Uint8Array.of(0xff, 0xfe, 0x80, 0x80)));
});

Deno.test("isCommonValue() knows the words that engines and builders say of every build", () => {
  const words = new Set<string>([
    ...Object.keys(BUILD_MESSAGE_FIELDS),
    "moby.image.id",
    "moby.buildkit.trace",
    "buildkit.dockerfile.v0",
  ]);
  for (const generation of TRACE_GENERATIONS) {
    for (const line of readTrace(`${generation}_output`)) {
      if (line.id !== "moby.buildkit.trace") continue;
      const trace = decodeTrace(String(line.aux))!;
      for (const { name } of trace.vertexes) {
        if (name.startsWith("[internal]")) {
          words.add(name.replace(/ for .*/, " for"));
        }
      }
      for (const { id } of trace.statuses) {
        words.add(id.replace(/sha256:.*|\d.*|\S*davit-test.*/, ""));
      }
    }
  }
  for (const line of readTrace("28_classic_output")) {
    const own = /^ ---> Running in |^Successfully built |^Removed intermediate/
      .exec(line.stream ?? "");
    if (own !== null) words.add(own[0]);
  }
  assert(words.size > 14, "the traces are read");
  for (const word of words) {
    assert(common(word), word);
    assert(common(word.toUpperCase()), word);
  }
  assert(common("Exit Code: 42"));
  assert(common("my-secret-value\n  exporting layers  \n"));
  // A value that has such words in it is not one of them.
  assert(!common("exporting layers of mine"));
});

Deno.test("refuseCommonValues() takes an empty value, and says of no other what it is", () => {
  refuseCommonValues([new Secret(""), new Secret("long-enough-1")]);
  const error = assertThrows(
    () => refuseCommonValues([new Secret("s3cr3t")]),
    Refusal,
  ) as unknown as Refusal;
  assertEquals(error.status, 400);
  assert(!error.message.includes("s3cr3t"));
});

Deno.test("no line of a value that is shorter than a value has to be masks the answers of others", async () => {
  const known = new KnownValues(10_000, false);
  using _a = await known.begin(
    [new Secret("a-long-first-line\nRUN npm\nerror\nfailed:\n0123456\n")],
    new AbortController().signal,
  );
  using b = await known.begin([], new AbortController().signal);
  const text = "RUN npm ci: error, failed: 0123456";
  assertEquals(b.mask.text(text), text);
  assertEquals(b.mask.text("a-long-first-line"), "***");
});
