import { KeyAgent } from "../../lib/ssh/key_agent.ts";
import { AgentMessageReader, FAILURE, frame } from "../../lib/ssh/message.ts";
import { readOpensshKey } from "../../lib/ssh/openssh_key.ts";
import { readPrivateKey } from "../../lib/ssh/private_key.ts";
import { PrivateKeyError } from "../../lib/ssh/private_key_error.ts";
import { importKey, type SigningKey } from "../../lib/ssh/signing_key.ts";
import {
  joined,
  mpint,
  string,
  uint32,
  WireError,
  WireReader,
} from "../../lib/ssh/wire.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { ByteStream } from "../../lib/streams/byte_stream.ts";

function decode(base64url: string): Uint8Array {
  return Uint8Array.fromBase64(base64url, { alphabet: "base64url" });
}

function encode(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What stands in a key of OpenSSH's own format; each part may be another. */
interface Parts {
  readonly magic?: string;
  readonly cipher?: string;
  readonly count?: number;
  readonly checks?: readonly [number, number];
  readonly type: string;
  readonly fields: readonly Uint8Array[];
  readonly padding?: readonly number[];
}

function opensshBody(parts: Parts): string {
  const { magic = "openssh-key-v1\0", cipher = "none", count = 1 } = parts;
  const { checks = [7, 7], padding = [1, 2, 3, 4, 5] } = parts;
  const secret = joined(
    uint32(checks[0]),
    uint32(checks[1]),
    string(parts.type),
    ...parts.fields,
    string("a comment"),
    Uint8Array.from(padding),
  );
  return joined(
    new TextEncoder().encode(magic),
    string(cipher),
    string("none"),
    string(""),
    uint32(count),
    string("public"),
    string(secret),
  ).toBase64();
}

function envelope(label: string, body: string): Uint8Array {
  return new TextEncoder().encode(
    `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`,
  );
}

async function jwkOf(
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams | Algorithm,
): Promise<Record<string, string>> {
  const { privateKey } = await crypto.subtle.generateKey(
    algorithm,
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const jwk = await crypto.subtle.exportKey("jwk", privateKey);
  const { key_ops: _ops, ext: _ext, alg: _alg, ...rest } = jwk;
  return rest as Record<string, string>;
}

const ED25519: Parts = {
  type: "ssh-ed25519",
  fields: [
    string(new Uint8Array(32).fill(1)),
    string(joined(new Uint8Array(32).fill(2), new Uint8Array(32).fill(1))),
  ],
};

Deno.test("readOpensshKey() reads every field of each type", async () => {
  assertEquals(readOpensshKey(opensshBody(ED25519)), {
    kty: "OKP",
    crv: "Ed25519",
    d: encode(new Uint8Array(32).fill(2)),
    x: encode(new Uint8Array(32).fill(1)),
  });
  for (
    const [name, crv] of [
      ["nistp256", "P-256"],
      ["nistp384", "P-384"],
      ["nistp521", "P-521"],
    ] as const
  ) {
    const jwk = await jwkOf({ name: "ECDSA", namedCurve: crv });
    // Also with a number that is shorter than its curve's.
    const short = decode(jwk.d!);
    short.fill(0, 0, 2);
    for (const d of [jwk.d!, encode(short)]) {
      const parts = {
        type: `ecdsa-sha2-${name}`,
        fields: [
          string(name),
          string(joined(Uint8Array.of(4), decode(jwk.x!), decode(jwk.y!))),
          mpint(decode(d)),
        ],
      };
      const read = readOpensshKey(opensshBody(parts));
      assertEquals(read, { kty: "EC", crv, x: jwk.x!, y: jwk.y!, d });
    }
  }
  const jwk = await jwkOf({
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 1024,
    publicExponent: Uint8Array.of(1, 0, 1),
  });
  const numbers = ["n", "e", "d", "qi", "p", "q"];
  const read = readOpensshKey(opensshBody({
    type: "ssh-rsa",
    fields: numbers.map((name) => mpint(decode(jwk[name]!))),
  }));
  const plain = (value: string | undefined) =>
    decode(value!).toHex().replace(/^(00)+/, "");
  for (const name of [...numbers, "dp", "dq"] as (keyof JsonWebKey)[]) {
    assertEquals(plain(read[name] as string), plain(jwk[name]), name);
  }
  assertEquals(read.kty, "RSA");
});

Deno.test("readOpensshKey() reckons RSA's numbers of any length", () => {
  const number = (value: number) =>
    mpint(Uint8Array.fromHex(value.toString(16).padStart(8, "0")));
  for (
    const [d, p, q, dp, dq] of [
      [17, 5, 11, "01", "07"], // 17 mod 4, 17 mod 10
      [4000, 257, 4093, "a0", "0fa0"],
      [65_535, 65_521, 3, "0f", "01"],
    ] as const
  ) {
    const read = readOpensshKey(opensshBody({
      type: "ssh-rsa",
      fields: [9, 3, d, 2, p, q].map(number),
    }));
    assertEquals(
      [decode(read.dp!).toHex(), decode(read.dq!).toHex()],
      [dp, dq],
    );
    assertEquals(decode(read.qi!).toHex(), "02");
  }
});

Deno.test("a key in OpenSSH's format that is broken, or another one, is told", async () => {
  const point = joined(Uint8Array.of(4), new Uint8Array(64));
  const ecdsa = (fields: Uint8Array[]) => ({
    type: "ecdsa-sha2-nistp256",
    fields,
  });
  const broken = "it is a broken private key";
  for (
    const [parts, words] of [
      [{ ...ED25519, magic: "openssh-key-v2\0" }, "its version is unknown"],
      [{ ...ED25519, cipher: "aes256-ctr" }, "protected by a passphrase"],
      [{ ...ED25519, count: 0 }, "it holds other than one key"],
      [{ ...ED25519, count: 2 }, "it holds other than one key"],
      [{ ...ED25519, checks: [1, 2] }, broken],
      [{ ...ED25519, padding: [1, 2, 4] }, broken],
      [{ ...ED25519, padding: [0] }, broken],
      [{ ...ED25519, type: "ssh-dss" }, '"ssh-dss" can\'t be used; Ed25519'],
      [{ ...ED25519, type: "sk-ssh-ed25519@openssh.com" }, "security key"],
      [ecdsa([string("nistp999"), string(point), mpint(point)]), broken],
      [
        ecdsa([string("nistp256"), string(joined(Uint8Array.of(2), point))]),
        broken,
      ],
      [
        ecdsa([
          string("nistp256"),
          string(point),
          mpint(new Uint8Array(33).fill(1)),
        ]),
        broken,
      ],
      [{ ...ED25519, fields: [] }, broken],
    ] as const
  ) {
    const bytes = envelope(
      "OPENSSH PRIVATE KEY",
      opensshBody(parts as Parts),
    );
    const error = await assertRejects(
      () => readPrivateKey(bytes),
      PrivateKeyError,
    );
    assert(error.message.includes(words), `${words}: ${error.message}`);
  }
  for (const padding of [[], [1], [1, 2, 3, 4, 5, 6, 7]]) {
    readOpensshKey(opensshBody({ ...ED25519, padding }));
  }
});

Deno.test("readPrivateKey() tells a public key, a passphrase and other texts apart", async () => {
  const pkcs8 = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n" +
    "-----END ENCRYPTED PRIVATE KEY-----";
  const old = "-----BEGIN RSA PRIVATE KEY-----\n" +
    "Proc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
  const publicKey = "it is a public key; give the private one";
  const none = "it is no private key in OpenSSH's format or PEM";
  for (
    const [text, words] of [
      ["", none],
      ["words", none],
      ["a ssh-ed25519", none],
      ["-----BEGIN CERTIFICATE-----\n", none],
      ["-----BEGIN PRIVATE KEY-----\nAA\n-----END RSA PRIVATE KEY-----", none],
      ["ssh-ed25519 AAAA", publicKey],
      ["ecdsa-sha2-nistp256 AAAA", publicKey],
      ["sk-ssh-ed25519@openssh.com AAAA", publicKey],
      ["-----BEGIN PUBLIC KEY-----\nAAAA", publicKey],
      ["-----BEGIN RSA PUBLIC KEY-----\nAAAA", publicKey],
      [pkcs8, "protected by a passphrase"],
      [old, "protected by a passphrase"],
      [
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "it is a broken private key",
      ],
    ] as const
  ) {
    const error = await assertRejects(
      () => readPrivateKey(new TextEncoder().encode(text)),
      PrivateKeyError,
    );
    assert(error.message.includes(words), `${text}: ${error.message}`);
    assertEquals(error.name, "PrivateKeyError");
    if (words.startsWith("it is a broken")) assert(error.cause !== undefined);
  }
});

Deno.test("readPrivateKey() says what this Deno can't use", async () => {
  const { subtle } = crypto;
  const { importKey: real } = subtle;
  const curve = new TypeError("Failed: unsupported ec named curve");
  const other = new TypeError("Failed");
  const worse = new Error("unsupported ec named curve");
  const bytes = envelope("OPENSSH PRIVATE KEY", opensshBody(ED25519));
  for (
    const [thrown, words] of [
      [curve, "its curve is none that this Deno knows"],
      [other, "it is a broken private key"],
      [worse, "it is a broken private key"],
    ] as const
  ) {
    Object.defineProperty(subtle, "importKey", {
      value: () => Promise.reject(thrown),
      configurable: true,
      writable: true,
    });
    try {
      const error = await assertRejects(
        () => readPrivateKey(bytes),
        PrivateKeyError,
        words,
      );
      assert(error.cause === thrown);
    } finally {
      Object.defineProperty(subtle, "importKey", {
        value: real,
        configurable: true,
        writable: true,
      });
    }
  }
  // PKCS #8 of a kind that ssh has none of.
  const { privateKey } = await subtle.generateKey(
    { name: "X25519" },
    true,
    ["deriveBits"],
  ) as CryptoKeyPair;
  const pkcs8 = new Uint8Array(await subtle.exportKey("pkcs8", privateKey));
  await assertRejects(
    () => readPrivateKey(envelope("PRIVATE KEY", pkcs8.toBase64())),
    PrivateKeyError,
    "its type can't be used; Ed25519, ECDSA and RSA can",
  );
  for (
    const jwk of [
      { kty: "OKP", crv: "X25519" },
      { kty: "oct", crv: "Ed25519" },
      { kty: "EC", crv: "secp256k1" },
      { kty: "EC" },
    ]
  ) assertEquals(await importKey(jwk), undefined);
});

Deno.test("signatures of each type are verified by WebCrypto", async () => {
  const data = new TextEncoder().encode("data");
  const signed = async (jwk: JsonWebKey, flags = 0) => {
    const key = (await importKey(jwk))!;
    const reader = new WireReader(await key.sign(data, flags));
    const name = reader.text();
    const signature = reader.string();
    assertEquals(reader.rest().length, 0);
    return { key: new WireReader(key.publicKey), name, signature };
  };
  const own = (bytes: Uint8Array) => new Uint8Array(bytes);
  const verifier = (
    jwk: JsonWebKey,
    algorithm: EcKeyImportParams | Algorithm,
  ) => {
    const { d: _d, ...publicJwk } = jwk;
    return crypto.subtle.importKey("jwk", publicJwk, algorithm, true, [
      "verify",
    ]);
  };
  const ed = await jwkOf({ name: "Ed25519" });
  const one = await signed(ed);
  assertEquals([one.name, one.key.text()], ["ssh-ed25519", "ssh-ed25519"]);
  assertEquals(encode(one.key.string()), ed.x);
  assert(
    await crypto.subtle.verify(
      "Ed25519",
      await verifier(ed, { name: "Ed25519" }),
      own(one.signature),
      data,
    ),
  );
  for (
    const [namedCurve, name, hash, length] of [
      ["P-256", "nistp256", "SHA-256", 32],
      ["P-384", "nistp384", "SHA-384", 48],
      ["P-521", "nistp521", "SHA-512", 66],
    ] as const
  ) {
    const jwk = await jwkOf({ name: "ECDSA", namedCurve });
    const { key, name: algorithm, signature } = await signed(jwk);
    assertEquals(algorithm, `ecdsa-sha2-${name}`);
    assertEquals([key.text(), key.text()], [algorithm, name]);
    assertEquals(
      key.string(),
      joined(Uint8Array.of(4), decode(jwk.x!), decode(jwk.y!)),
    );
    const numbers = new WireReader(signature);
    const halves = [numbers.mpint(), numbers.mpint()].map((bytes) => {
      const whole = new Uint8Array(length);
      whole.set(bytes, length - bytes.length);
      return whole;
    });
    assert(
      await crypto.subtle.verify(
        { name: "ECDSA", hash },
        await verifier(jwk, { name: "ECDSA", namedCurve } as EcKeyImportParams),
        joined(...halves),
        data,
      ),
    );
  }
});

Deno.test("RSA signs with the hash that the flags ask for, and each type signs shared memory", async () => {
  const rsa = await jwkOf({
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 1024,
    publicExponent: Uint8Array.of(1, 0, 1),
  });
  const data = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
  const key = (await importKey(rsa))!;
  assertEquals(
    key.publicKey,
    joined(string("ssh-rsa"), mpint(decode(rsa.e!)), mpint(decode(rsa.n!))),
  );
  for (
    const [flags, name, hash] of [
      [0, "ssh-rsa", "SHA-1"],
      [1, "ssh-rsa", "SHA-1"],
      [2, "rsa-sha2-256", "SHA-256"],
      [3, "rsa-sha2-256", "SHA-256"],
      [4, "rsa-sha2-512", "SHA-512"],
      [6, "rsa-sha2-256", "SHA-256"],
      [8, "ssh-rsa", "SHA-1"],
    ] as const
  ) {
    const reader = new WireReader(await key.sign(data, flags));
    assertEquals(reader.text(), name);
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
    const verifier = await crypto.subtle.importKey(
      "jwk",
      { kty: "RSA", e: rsa.e!, n: rsa.n! },
      algorithm,
      false,
      ["verify"],
    );
    const signature = new Uint8Array(reader.string());
    assertEquals(reader.rest().length, 0);
    assert(
      await crypto.subtle.verify(
        algorithm,
        verifier,
        signature,
        new Uint8Array(data),
      ),
    );
  }
  for (
    const algorithm of [
      { name: "Ed25519" },
      { name: "ECDSA", namedCurve: "P-256" },
    ]
  ) {
    const other = (await importKey(await jwkOf(algorithm)))!;
    assert((await other.sign(data, 0)).length > 64);
  }
});

Deno.test("our own agent finds a key among others of its length, and lists them all", async () => {
  const keys: SigningKey[] = [[1, 2, 3], [1, 2, 4], [1, 2]].map((bytes) => ({
    publicKey: Uint8Array.from(bytes),
    sign: (data, flags) =>
      Promise.resolve(Uint8Array.of(...bytes, ...data, flags)),
  }));
  const agent = new KeyAgent(keys);
  assert(await agent.connect() === agent);
  agent.close();
  const sign = (publicKey: number[], flags: number) =>
    agent.ask(joined(
      Uint8Array.of(13),
      string(Uint8Array.from(publicKey)),
      string(Uint8Array.of(9)),
      uint32(flags),
    ));
  for (const { publicKey } of keys) {
    assertEquals(
      await sign([...publicKey], 5),
      joined(Uint8Array.of(14), string(Uint8Array.of(...publicKey, 9, 5))),
    );
  }
  for (const none of [[], [1], [1, 2, 5], [1, 2, 3, 4], [2, 2, 3]]) {
    assertEquals(await sign(none, 0), Uint8Array.of(5));
  }
  assertEquals(
    await agent.ask(Uint8Array.of(11)),
    joined(
      Uint8Array.of(12),
      uint32(3),
      ...keys.flatMap(({ publicKey }) => [string(publicKey), string("")]),
    ),
  );
  const question = joined(
    Uint8Array.of(13),
    string(Uint8Array.of(1, 2)),
    string(""),
    uint32(0),
  );
  for (let length = 0; length < question.length; length++) {
    assertEquals(await agent.ask(question.subarray(0, length)), FAILURE);
  }
  for (const type of [0, 5, 10, 12, 14, 17, 27, 255]) {
    assertEquals(await agent.ask(Uint8Array.of(type, 0)), FAILURE);
  }
  assertEquals(FAILURE, Uint8Array.of(5));
  const broken = new KeyAgent([{
    publicKey: Uint8Array.of(1),
    sign: () => Promise.reject(new Error("no signature")),
  }]);
  await assertRejects(
    () =>
      broken.ask(joined(
        Uint8Array.of(13),
        string(Uint8Array.of(1)),
        string(""),
        uint32(0),
      )),
    Error,
    "no signature",
  );
});

Deno.test("WireReader reads fields where they stand, and nothing behind the end", () => {
  const all = joined(
    Uint8Array.of(99),
    Uint8Array.of(7),
    uint32(0x01020304),
    string("é"),
    mpint(Uint8Array.of(0, 0, 0x80)),
    Uint8Array.of(8, 9),
  );
  const reader = new WireReader(all.subarray(1));
  assertEquals(reader.byte(), 7);
  assertEquals(reader.uint32(), 0x01020304);
  assertEquals(reader.text(), "é");
  assertEquals(reader.mpint(), Uint8Array.of(0x80));
  assertEquals(reader.rest(), Uint8Array.of(8, 9));
  assertEquals(reader.rest().length, 0);
  assertThrows(() => reader.byte(), WireError, "data was cut off");
  assertEquals(new WireReader(Uint8Array.of(1, 2)).bytes(2).length, 2);
  assertThrows(() => new WireReader(Uint8Array.of(1, 2)).bytes(3), WireError);
  assertEquals(new WireReader(string(Uint8Array.of(0, 0))).mpint().length, 0);
  for (
    const [given, written] of [
      ["", "00000000"],
      ["00", "00000000"],
      ["7f", "000000017f"],
      ["007f", "000000017f"],
      ["80", "000000020080"],
      ["ff01", "0000000300ff01"],
    ] as const
  ) assertEquals(mpint(Uint8Array.fromHex(given)).toHex(), written);
  assertEquals(new WireError("x").name, "WireError");
});

Deno.test("a message's memory grows with what arrives, and not with what is announced", async () => {
  const { Uint8Array: Real } = globalThis;
  /** The lengths of the arrays that are made while `use` runs. */
  const lengths = async (use: () => Promise<unknown>): Promise<number[]> => {
    const made: number[] = [];
    globalThis.Uint8Array = new Proxy(Real, {
      construct(target, args, self) {
        if (typeof args[0] === "number") made.push(args[0]);
        return Reflect.construct(
          target,
          args,
          self === globalThis.Uint8Array ? target : self,
        );
      },
    });
    try {
      await use();
    } finally {
      globalThis.Uint8Array = Real;
    }
    return made;
  };
  const readerOf = (...pieces: Uint8Array[]) =>
    new AgentMessageReader(
      new ByteStream(() => Promise.resolve(pieces.shift() ?? null)),
    );
  const announced = new Real(14);
  announced.set([0, 4, 0, 0]);
  const cut = readerOf(announced);
  const small = await lengths(() => cut.next().catch((error) => error));
  assertEquals(small.filter((length) => length > 2 * 14 + 4096), []);
  for (const length of [1, 4096, 4097, 20_000]) {
    const message = frame(new Real(length).fill(7));
    for (const size of [message.length, 1000, 7]) {
      const pieces = [];
      for (let at = 0; at < message.length; at += size) {
        pieces.push(message.subarray(at, at + size));
      }
      const reader = readerOf(...pieces);
      const made = await lengths(() => reader.next());
      assertEquals(made.filter((room) => room > length), []);
    }
  }
});
