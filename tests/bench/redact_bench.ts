/**
 * Measures the redactor on 1 GiB of log text with 50 secrets.
 *
 * Run: `deno run tests/bench/redact_bench.ts [MiB per row]`
 *
 * Only the scan is timed: the text is made before, as 32 MiB of different
 * chunks that are scanned again and again. One chunk in 32 (each MiB) holds a
 * secret, in another form each time, where the row says so.
 */
// deno-lint-ignore-file no-console

import { createRedactor, type Redactor } from "../../lib/redact/redactor.ts";
import { listPatterns } from "../../lib/redact/forms.ts";

const CHUNK = 32 * 1024;
const MIB = 1024 * 1024;
const encoder = new TextEncoder();

function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    let mixed = Math.imul(state ^ state >>> 16, 0x85ebca6b);
    mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
    return (mixed ^ mixed >>> 16) >>> 0;
  };
}

const random = makeRandom(50);
const pick = <T>(list: ArrayLike<T>): T => list[random() % list.length]!;
const letters =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const digits = "0123456789abcdef";
const token = (length: number, alphabet: string) =>
  Array.from({ length }, () => pick(alphabet)).join("");

const WORDS = (
  "the build step copying layer downloading extracting resolved package warning error cache " +
  "hit miss from to of and with already exists installed version requires module compile link " +
  "test passed skipped ok running in seconds http https request response status get post lib src"
).split(" ");

function makeLine(): string {
  switch (random() % 6) {
    case 0:
      return `#${random() % 40} ${random() % 900}.${random() % 1000} sha256:${
        token(64, digits)
      } ${random() % 90}.${random() % 100}MB / 90.2MB`;
    case 1:
      return `2026-03-0${1 + random() % 9}T12:${10 + random() % 50}:${
        10 + random() % 50
      }.${token(9, "0123456789")}Z INFO  [pool-${random() % 9}] ${
        pick(WORDS)
      }=${token(8, digits)}`;
    case 2:
      return `    at ${pick(WORDS)}.${pick(WORDS)} (/app/node_modules/${
        pick(WORDS)
      }/lib/${pick(WORDS)}.js:${random() % 999}:${random() % 99})`;
    case 3:
      return `npm http fetch GET 200 https://registry.npmjs.org/${
        pick(WORDS)
      }-${pick(WORDS)} ${random() % 999}ms (cache ${pick(["hit", "miss"])})`;
    default:
      return Array.from({ length: 6 + random() % 12 }, () => pick(WORDS)).join(
        " ",
      );
  }
}

function makeChunks(count: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    let text = "";
    while (text.length < CHUNK) text += makeLine() + "\n";
    return encoder.encode(text).slice(0, CHUNK);
  });
}

function makeSecrets(): Uint8Array[] {
  const secrets = [
    "-----BEGIN PRIVATE KEY-----\n" +
    Array.from({ length: 26 }, () => token(64, letters + "+/")).join("\n") +
    "\n-----END PRIVATE KEY-----\n",
  ];
  const prefixes = [
    "",
    "ghp_",
    "npm_",
    "glpat-",
    "AKIA",
    "sk_live_",
    "eyJhbGciOiJIUzI1NiJ9.",
  ];
  while (secrets.length < 50) {
    const alphabet = pick([letters, digits, letters + "+/=&%!-_."]);
    secrets.push(pick(prefixes) + token(20 + random() % 30, alphabet));
  }
  return secrets.map((secret) => encoder.encode(secret));
}

interface Row {
  readonly name: string;
  readonly rate: number;
  readonly note: string;
}

/** Feeds `mib` MiB and gives MiB per second of the fastest MiB, as others use the machine, too; `pass` gives back how many bytes it let out. */
function measure(
  name: string,
  chunks: Uint8Array[],
  mib: number,
  pass: (chunk: Uint8Array) => number,
): Row {
  for (const chunk of chunks.slice(0, 64)) pass(chunk);
  let taken = 0;
  let out = 0;
  let rate = 0;
  const start = performance.now();
  let since = start;
  let slice = 0;
  for (let i = 0; taken < mib * MIB; i++) {
    const chunk = chunks[i % chunks.length]!;
    taken += chunk.length;
    slice += chunk.length;
    out += pass(chunk);
    if (slice < MIB) continue;
    const now = performance.now();
    rate = Math.max(rate, slice / MIB / (now - since) * 1000);
    since = now;
    slice = 0;
  }
  const seconds = (performance.now() - start) / 1000;
  return {
    name,
    rate,
    note: `${mib} MiB in ${seconds.toFixed(2)} s, ${out} B out`,
  };
}

function scanned(redactor: Redactor): (chunk: Uint8Array) => number {
  const scanner = redactor.scanner();
  return (chunk) => scanner.push(chunk).length;
}

/** The same bytes, line by line: what a log at work looks like. */
function splitLines(chunks: Uint8Array[]): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const to = chunk.indexOf(0x0a, from) + 1 || chunk.length;
      lines.push(chunk.subarray(from, to));
      from = to;
    }
  }
  return lines;
}

const mib = Number(Deno.args[0] ?? 1024);
const clean = makeChunks(1024);
const secrets = makeSecrets();
const forms = secrets.map((secret) => [...listPatterns(secret)]);
const sprinkled = clean.map((chunk, i) => {
  if (i % 32 !== 0) return chunk;
  const copy = chunk.slice();
  const bytes = pick(pick(forms)).bytes;
  copy.set(bytes, random() % (CHUNK - bytes.length));
  return copy;
});
const lines = splitLines(clean.slice(0, 256));
const noise = clean.slice(0, 256).map(() =>
  crypto.getRandomValues(new Uint8Array(CHUNK))
);
const base64 = noise.map((chunk) => encoder.encode(chunk.toBase64()));

const built = performance.now();
const redactor = createRedactor(secrets);
const buildMs = performance.now() - built;

const decoder = new TextDecoder();
const needles = secrets.map((secret) => decoder.decode(secret).trimEnd());
const withShort = (secret: string) =>
  createRedactor([...secrets.slice(0, 49), encoder.encode(secret)]);
const none = createRedactor([]);

const rows: Row[] = [
  measure("nothing touched (no secrets)", clean, mib, scanned(none)),
  measure("each byte read once (a sum)", clean, mib / 4, (chunk) => {
    let sum = 0;
    for (let i = 0; i < chunk.length; i++) sum += chunk[i]!;
    return sum > 0 ? chunk.length : 0;
  }),
  measure(
    "TextDecoder",
    clean,
    mib / 4,
    (chunk) => decoder.decode(chunk).length,
  ),
  measure("TextDecoder + indexOf, plain only", clean, mib / 32, (chunk) => {
    const text = decoder.decode(chunk);
    let found = 0;
    for (const needle of needles) if (text.indexOf(needle) >= 0) found++;
    return text.length + found;
  }),
  measure("redacted, no match", clean, mib, scanned(redactor)),
  measure("redacted, a match each MiB", sprinkled, mib, scanned(redactor)),
  measure("redacted, line by line", lines, mib / 4, scanned(redactor)),
  measure("redacted, random bytes", noise, mib / 4, scanned(redactor)),
  measure("redacted, base64 text", base64, mib / 4, scanned(redactor)),
  measure(
    "redacted, one secret of 7 bytes",
    clean,
    mib / 4,
    scanned(withShort("hunter2")),
  ),
  measure(
    "redacted, one secret of 4 bytes",
    clean,
    mib / 4,
    scanned(withShort("pa5s")),
  ),
  // Each escape may be the next character of the value, and of its beginning.
  ...[["a".repeat(60) + "b", "\\x61"], ["hunter2secret", "%68%75%6e%74"]].map(
    ([value, unit]) =>
      measure(
        `redacted, ${unit} again and again`,
        [encoder.encode(unit!.repeat(CHUNK / unit!.length))],
        mib / 16,
        scanned(createRedactor([encoder.encode(value!)])),
      ),
  ),
];

const patterns = forms.reduce((sum, list) => sum + list.length, 0);
console.log(
  `50 secrets, ${patterns} patterns, compiled in ${buildMs.toFixed(1)} ms`,
);
for (const { name, rate, note } of rows) {
  console.log(
    `${name.padEnd(34)}${rate.toFixed(0).padStart(8)} MiB/s   ${note}`,
  );
}
