import { assert, assertEquals } from "../support/assert.ts";
import {
  Automaton,
  type Matcher,
  type SpanSink,
} from "../../lib/redact/automaton.ts";
import {
  cutBlocks,
  drawFingerprint,
  isPlainRun,
  keyOf,
  LIMITS,
  powerOf,
} from "../../lib/redact/blocks.ts";
import { StepAllowance } from "../../lib/redact/allowance.ts";
import { CandidateQueue } from "../../lib/redact/candidates.ts";
import {
  type Form,
  hasUnmaskedLines,
  listPatterns,
} from "../../lib/redact/forms.ts";
import { JoinedMatcher } from "../../lib/redact/matchers.ts";
import { SpanUnion } from "../../lib/redact/spans.ts";
import { compileTables } from "../../lib/redact/tables.ts";
import { ThreadRing } from "../../lib/redact/threads.ts";
import { tokensOf } from "../../lib/redact/tokens.ts";
import { childOf, TrieBuilder } from "../../lib/redact/trie.ts";
import { buildSkipTable } from "../../lib/redact/skip.ts";
import { atOnce } from "../../lib/redact/slices.ts";
import { makeBytes, makeRandom } from "./oracle.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("spans are united as a painted line has them, and weak ones only where they touch", () => {
  const random = makeRandom(31);
  for (let round = 0; round < 3000; round++) {
    const union = new SpanUnion();
    const edge = random() % 3 ? -1 : random() % 6;
    union.edge = edge;
    const painted = new Uint8Array(41);
    let last = edge;
    for (let i = random() % 7; i >= 0; i--) {
      const start = random() % 30;
      const end = start + 1 + random() % 9;
      // A weak one comes behind all others.
      const weak = random() % 4 === 0;
      const from = weak ? Math.max(0, last + random() % 3 - 1) : start;
      const to = weak ? Math.min(40, Math.max(last, from) + 3) : end;
      union.add(from, to, weak);
      if (weak && from > last) continue;
      painted.fill(1, from, to);
      last = Math.max(...union.list.filter((_, i) => i % 2 === 1));
    }
    const shown = new Uint8Array(41);
    for (let i = 0; i < union.list.length; i += 2) {
      shown.fill(1, union.list[i], union.list[i + 1]);
      // None touches the next.
      const next = union.list[i + 2] ?? Infinity;
      assert(union.list[i]! < union.list[i + 1]!);
      assert(union.list[i + 1]! < next);
    }
    assertEquals(shown, painted);
    union.clear();
    assertEquals([union.list, union.edge], [[], -1]);
  }
});

/** A matcher that says what it is told. */
function scripted(
  spans: readonly Parameters<SpanSink>[],
  undecided = 9,
): Matcher {
  return {
    steps: 5,
    offset: 9,
    undecided,
    reset: () => {},
    scan: () => {},
    spans: (_, onSpan) => spans.forEach((span) => onSpan(...span)),
    finish: (onSpan) => spans.forEach((span) => onSpan(...span)),
    finishScan: () => {},
  };
}

Deno.test("weak blocks count beside what their own matcher found", () => {
  const spans: Parameters<SpanSink>[] = [
    [0, 2, true],
    [0, 4, false],
    [1, 3, false],
    [4, 8, true],
    [9, 12, true],
    [8, 12, true],
  ];
  const joined = new JoinedMatcher([
    { matcher: scripted(spans), firstValue: 0 },
    { matcher: scripted([[5, 6, true], [6, 7, false]], 7), firstValue: 3 },
  ]);
  const found: number[][] = [];
  joined.spans(new Uint8Array(9), (start, end, weak) => {
    assertEquals(weak, false);
    found.push([start, end]);
  });
  const expected = [[0, 4], [1, 3], [4, 8], [8, 12], [6, 7]];
  assertEquals(found, expected);
  assertEquals([joined.offset, joined.undecided, joined.steps], [9, 7, 10]);
  joined.reset();
  assertEquals(joined.offset, 0);
  found.length = 0;
  joined.finish((start, end) => found.push([start, end]));
  assertEquals(found, expected);
});

Deno.test("a matcher that was reset skips as a new one does", () => {
  const long = makeBytes(makeRandom(4), 200, 26);
  const automaton = new Automaton([
    { bytes: long, form: "plain", value: 0 },
    { bytes: encode("hunter2hunter2"), form: "plain", value: 1 },
  ]);
  const text = encode(
    "#12 0.345 npm http fetch GET 200 https://h/x\n".repeat(99),
  );
  const fresh = automaton.matcher();
  fresh.spans(text, () => {});
  const used = automaton.matcher();
  used.spans(long.subarray(0, 50), () => {});
  used.reset();
  const before = used.steps;
  used.spans(text, () => {});
  assertEquals(used.steps - before, fresh.steps);
  assertEquals([used.offset, used.undecided], [fresh.offset, fresh.undecided]);
});

Deno.test("patterns are compiled in pieces, and in no more than it needs", () => {
  const large = makeBytes(makeRandom(5), 64 * 400, 26);
  const count = (bytes: Uint8Array) => {
    let pieces = 0;
    const work = compileTables([{ bytes, form: "plain", value: 0 }], LIMITS);
    while (work.next().done !== true) pieces++;
    return pieces;
  };
  // 400 blocks are cut, and 400 put into the table; some for the trie.
  const pieces = count(large);
  assert(pieces >= 12 && pieces < 60, `${pieces}`);
  assert(count(encode("hunter2")) < 10);
});

Deno.test("blocks cover a pattern, begin with no line end, and are no more than they may be", () => {
  const random = makeRandom(32);
  for (let round = 0; round < 2000; round++) {
    const block = 8;
    const limits = { block, head: 4, blocks: 2 + random() % 12, distinct: 3 };
    const bytes = makeBytes(random, random() % 120, 3, "a\n\r");
    const cut = [...cutBlocks(bytes, limits)];
    if (bytes.length < block) {
      assertEquals(cut, []);
      continue;
    }
    let size = block;
    while (bytes.length > size * limits.blocks) size *= 2;
    let end = 0;
    for (const [i, { start, size: own }] of cut.entries()) {
      const isLast = i === cut.length - 1;
      assert(start <= end && start + own <= bytes.length);
      const isEnd = (at: number) => bytes[at] === 10 || bytes[at] === 13;
      if (isLast) {
        assertEquals(start + own, bytes.length);
        const wanted = [size, 2 * size, 4 * size].filter((size) =>
          size <= bytes.length
        );
        assertEquals(
          own,
          wanted.find((size) => !isEnd(bytes.length - size)) ?? wanted.at(-1),
        );
      } else {
        assertEquals(own, size);
        assert(start + own < bytes.length);
        const before = [0, 1, 2, 3, 4].find((back) =>
          back <= end && !isEnd(end - back)
        );
        assertEquals(start, end - (before ?? 0));
      }
      end = start + own;
    }
    assertEquals(end, bytes.length);
  }
  for (let distinct = 1; distinct < 8; distinct++) {
    const bytes = encode("xabcdeeex");
    assertEquals(
      isPlainRun(bytes, { start: 1, size: 7 }, distinct),
      distinct > 5,
    );
  }
});

Deno.test("a fingerprint's power is what multiplying again and again gives", () => {
  for (const factor of [3, -0x61c88647, 12345]) {
    let power = 1;
    for (let exponent = 0; exponent < 70; exponent++) {
      assertEquals(powerOf(factor, exponent), power);
      power = Math.imul(power, factor);
    }
  }
  // Each part of a key counts, and it is an integer.
  const keys = new Set<number>();
  for (const head of [1, 2]) {
    for (const size of [64, 128]) {
      for (const a of [5, 6]) {
        for (const b of [1 << 11, 1 << 12]) keys.add(keyOf(head, size, a, b));
      }
    }
  }
  assertEquals(keys.size, 16);
  for (const key of keys) assert(Number.isSafeInteger(key) && key >= 0);
});

Deno.test("the key of a block has 53 bits, and each part of it decides on some", () => {
  const top = 1 << 31;
  const parts = (head: number, size: number, a: number, b: number) => {
    const key = keyOf(head, size, a, b);
    return [Math.floor(key / 2 ** 21), key % 2 ** 21] as const;
  };
  const [high, low] = parts(5, 64, 7, 9);
  const differs = (key: readonly [number, number]) => [
    key[0] !== high,
    key[1] !== low,
  ];
  assertEquals(differs(parts(5 | top, 64, 7, 9)), [true, true]);
  assertEquals(differs(parts(5, 64 | top, 7, 9)), [true, true]);
  assertEquals(differs(parts(5, 64, 7 | top, 9)), [true, false]);
  assertEquals(differs(parts(5, 64, 7, 9 | top)), [false, true]);
  assert(keyOf(0, 0, 0, 1) > 0);
  const ones = new Uint32Array(53);
  const random = makeRandom(36);
  for (let round = 0; round < 200; round++) {
    const key = keyOf(random(), 64, random() << 3, random() << 3);
    for (let bit = 0; bit < 53; bit++) {
      if (Math.floor(key / 2 ** bit) % 2 === 1) ones[bit]!++;
    }
  }
  assert(ones.every((count) => count > 40 && count < 160), ones.join());
});

Deno.test("candidates are given back in their order, round and round", () => {
  const queue = new CandidateQueue(8);
  assertEquals([queue.size, queue.deadline], [8, Infinity]);
  const random = makeRandom(33);
  const model: number[][] = [];
  for (let round = 0; round < 500; round++) {
    if (model.length < 8 && (model.length === 0 || random() % 2)) {
      const one = [round + 100, random() % 99, random() % 99, random() % 99];
      model.push(one);
      queue.push(one[0]!, one[1]!, one[2]!, one[3]!);
    } else {
      model.shift();
      queue.shift();
    }
    assertEquals(queue.deadline, model[0]?.[0] ?? Infinity);
    if (model.length > 0) {
      assertEquals([queue.head, queue.a, queue.b], model[0]!.slice(1));
    }
  }
  queue.push(1, 2, 3, 4);
  queue.clear();
  assertEquals(queue.deadline, Infinity);
  queue.push(7, 8, 9, 10);
  assertEquals([queue.deadline, queue.head, queue.a, queue.b], [7, 8, 9, 10]);
});

Deno.test("an allowance grows with the text, up to what may be saved up", () => {
  const allowance = new StepAllowance();
  assert(!allowance.isSpent(500_000));
  assert(allowance.isSpent(500_001));
  allowance.grow(500_000, 10);
  assert(!allowance.isSpent(500_010));
  assert(allowance.isSpent(500_011));
  allowance.grow(0, 10);
  assert(!allowance.isSpent(500_000));
  assert(allowance.isSpent(500_001));
  allowance.reset(7);
  assert(!allowance.isSpent(500_007));
  assert(allowance.isSpent(500_008));
});

Deno.test("threads of a place: two that are equally far are one, and no more than 24 are followed", () => {
  const ring = new ThreadRing();
  assertEquals([ring.alive, ring.earliest()], [0, Infinity]);
  const one = (start: number, families: number, idle = 0) =>
    ring.add(5, 9, start, families, idle, -1, 0);
  const at = () => {
    const { count, starts, families, idle, states, patterns, limits } = ring.at(
      5,
    );
    assertEquals([count, states[0], patterns[0], limits[0]], [1, 9, -1, 0]);
    return [starts[0], families[0], idle[0]];
  };
  one(4, 0, 3);
  assertEquals(at(), [4, 0, 3]);
  one(4, 0, 2);
  assertEquals(at(), [4, 0, 2]);
  one(5, 0, 5);
  assertEquals(at(), [4, 0, 2]);
  one(3, 0);
  assertEquals(at(), [3, 0, 0]);
  assert(ring.isPlain(5));
  one(4, 2);
  assertEquals(at(), [4, 2, 0]);
  one(3, 0);
  assertEquals(at(), [4, 2, 0]);
  one(4, 8);
  assertEquals(at(), [4, 2, 0]);
  one(2, 8);
  assertEquals(at(), [2, 8, 0]);
  assert(!ring.isPlain(5));
  assertEquals([ring.alive, ring.earliest()], [1, 2]);
  for (let i = 0; i < 30; i++) ring.add(6, 100 + i, 1, 0, 0, 7, 8);
  assertEquals([ring.at(6).count, ring.alive, ring.earliest()], [24, 25, 1]);
  assert(!ring.isPlain(6));
  // A ring of 128 places.
  assertEquals(ring.at(6 + 128), ring.at(6));
  assert(ring.at(6 + 64) !== ring.at(6));
  assert(ring.at(5) !== ring.at(4) && ring.at(6) !== ring.at(5));
  ring.drop(ring.at(5));
  assertEquals([ring.alive, ring.at(5).count], [24, 0]);
  // What was dropped does not count for the next one.
  one(8, 4);
  assertEquals([...at(), ring.alive], [8, 4, 0, 25]);
  ring.drop(ring.at(5));
  assert(ring.isPlain(6));
  ring.clear();
  assertEquals([ring.alive, ring.earliest(), ring.at(6).count], [
    0,
    Infinity,
    0,
  ]);
});

Deno.test("a trie leads to the longest suffix that is in it", () => {
  const random = makeRandom(34);
  for (let round = 0; round < 200; round++) {
    const words = Array.from(
      { length: 1 + random() % 8 },
      () => decode(makeBytes(random, 3 + random() % 6, 1 + random() % 4)),
    );
    const builder = new TrieBuilder();
    const states = words.map((word) =>
      builder.insert(encode(`..${word}`), 2, 2 + word.length)
    );
    const { trie, renumbered } = atOnce(builder.freeze());
    const prefixes = new Set(
      words.flatMap((word) =>
        Array.from({ length: word.length + 1 }, (_, n) => word.slice(0, n))
      ),
    );
    assertEquals(trie.states, prefixes.size);
    /** By state: what leads there. */
    const names = new Map<number, string>([[0, ""]]);
    for (let state = 0; state < trie.states; state++) {
      for (let c = trie.child[state]!; c < trie.child[state + 1]!; c++) {
        names.set(c, names.get(state)! + String.fromCharCode(trie.label[c]!));
      }
    }
    assertEquals(new Set(names.values()), prefixes);
    words.forEach((word, i) =>
      assertEquals(names.get(renumbered[states[i]!]!), word)
    );
    const longest = (text: string) => {
      for (let from = 0;; from++) {
        if (prefixes.has(text.slice(from))) return text.slice(from);
      }
    };
    for (const [state, name] of names) {
      assertEquals(trie.depth[state], name.length);
      if (name !== "") {
        assertEquals(names.get(trie.fail[state]!), longest(name.slice(1)));
      }
      for (const letter of "abcde") {
        const child = childOf(trie, state, letter.charCodeAt(0));
        assertEquals(
          child === 0 ? undefined : names.get(child),
          prefixes.has(name + letter) ? name + letter : undefined,
        );
      }
    }
    const shortest = Math.min(...words.map(({ length }) => length));
    const { window, down, shifts, begins } = atOnce(
      buildSkipTable(trie, shortest),
    );
    assertEquals([window, down], [shortest, 20]);
    const slot = (gram: string) => {
      const [a, b, c] = [...encode(gram)];
      return Math.imul(c! | b! << 8 | a! << 16, -0x61c88647) >>> down;
    };
    for (const first of "\0abcde") {
      for (const second of "\0abcde") {
        for (const third of "abcde") {
          const gram = first + second + third;
          // How far a word that has it there begins before the window's end.
          const places = words.flatMap((word) =>
            Array.from(
              { length: Math.min(window, word.length) - 2 },
              (_, i) => i,
            )
              .filter((i) => word.slice(i, i + 3) === gram)
              .map((i) => window - i - 3)
          );
          assertEquals(shifts[slot(gram)], Math.min(window - 2, ...places));
          assertEquals(
            begins[slot(gram)] === 1,
            words.some((word) => word.startsWith(gram)),
          );
        }
      }
    }
  }
});

Deno.test("a skip table grows with the words, up to what a processor keeps near", () => {
  const random = makeRandom(35);
  const builder = new TrieBuilder();
  const starts = new Set<string>();
  let words = 0;
  for (const [until, length] of [[20, 6], [900, 6], [9000, 6], [9001, 5]]) {
    for (; words < until!; words++) {
      const word = makeBytes(random, 9, 26);
      builder.insert(word, 0, 9);
      for (let end = 0; end <= 6; end++) {
        starts.add(decode(word.subarray(0, end)));
      }
    }
    const { trie } = atOnce(builder.freeze());
    const table = atOnce(buildSkipTable(trie, length!));
    const states = [...starts].filter((start) => start.length <= length!);
    const bits = 5 + Math.ceil(Math.log2(states.length));
    const size = 2 ** Math.max(12, Math.min(19, bits));
    assertEquals(
      [table.shifts.length, table.begins.length, 2 ** (32 - table.down)],
      [size, size, size],
    );
  }
});

Deno.test("a fingerprint is drawn of odd factors, and of a number for each byte", () => {
  for (let round = 0; round < 20; round++) {
    const { factorA, factorB, byteA, byteB } = drawFingerprint();
    assertEquals([factorA & 1, factorB & 1], [1, 1]);
    assert(factorA !== factorB && factorA !== 1 && factorB !== 1);
    assertEquals([byteA.length, byteB.length], [256, 256]);
    assert(byteA[255] !== byteB[0]);
  }
});

/** Longer values are looked for as one piece. */
const MAX_LINED_BYTES = 512 * 1024;

const formsOf = (value: string | Uint8Array, wanted: Form) =>
  [...listPatterns(typeof value === "string" ? encode(value) : value)]
    .filter(({ form }) => form === wanted).map(({ bytes }) => decode(bytes));

Deno.test("lines are looked for by themselves, from 4 bytes on, by what they are made of", () => {
  const lines = (line: string) =>
    formsOf(`another line\n${line}`, "line").slice(1);
  for (
    const [line, is] of [
      ["a-1", false],
      ["a-1b", true],
      ["aaaaaaab", false],
      ["aaaaaabc", false],
      ["aaaaabcd", true],
      ["aaaa-b1", true],
      ["abcdefg", false],
      ["abcdefgh", true],
      ["1234567", false],
      ["12345678", true],
      ["-----BEGIN A KEY-----", false],
      ["----- END A KEY-----", false],
      ["---- BEGIN A KEY ----", false],
      ["--- BEGIN A KEY ---", true],
      ["-----BEGIN A-KEY-----", true],
    ] as const
  ) assertEquals(lines(line), is ? [line] : [], line);
  // A value that is too long is looked for as one piece.
  const text = (length: number) =>
    encode(`${"abcd-1234\n".repeat(length / 10)}${"x".repeat(length % 10)}`);
  assertEquals(formsOf(text(MAX_LINED_BYTES), "line").length, 1);
  assertEquals(formsOf(text(MAX_LINED_BYTES + 1), "line").length, 0);
  assertEquals(
    hasUnmaskedLines(encode(`word\n${"x".repeat(MAX_LINED_BYTES - 5)}`)),
    true,
  );
  assertEquals(
    hasUnmaskedLines(encode(`word\n${"x".repeat(MAX_LINED_BYTES - 4)}`)),
    false,
  );
});

Deno.test("tokens in lines are known by what stands round them", () => {
  const token = "abcdefgh12345678";
  for (
    const [line, tokens] of [
      [token, [token]],
      [token.slice(1), []],
      [`a=${token}`, [token]],
      [`${token}=`, [token, `${token}=`]],
      [`${token}==`, [token, `${token}==`]],
      [`${token}==x`, [token]],
      [`${token}===`, [token, `${token}==`]],
      [`me@${token}`, []],
      [`me@x:${token}`, [token]],
      ["abcdefghijklmnopqrst", []],
      ["12345678901234567890", []],
      [`.${token}`, []],
      [`-${token}`, [`-${token}`]],
      [`ab-${token}~x`, [`ab-${token}~x`]],
      ["abcdefgh-12345678", []],
      [`"${token}",\t'${token}'`, [token, token]],
      [`x${"y".repeat(4096 - 18)} ${token}`.slice(-4096), [token]],
      [`x${"y".repeat(4096 - 16)} ${token}`, []],
      [`${token}\r\n${token}`, [token, token]],
    ] as const
  ) {
    assertEquals(
      [...tokensOf(line)],
      tokens as readonly string[],
      line.slice(0, 60),
    );
  }
});
