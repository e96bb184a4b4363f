/** Certificates for a daemon, from files, bytes and text. */
import { openDaemon } from "../../lib/builder/open_daemon.ts";
import { type BuilderTls, readTls } from "../../lib/builder/tls_files.ts";
import { Builder } from "../../lib/builder/builder.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";

Deno.test("certificates come from paths, file: URLs, bytes and text", async () => {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue();
  const { ca } = authority;
  const folder = await Deno.makeTempDir({ prefix: "davit-pem-" });
  await Deno.writeTextFile(`${folder}/ca.pem`, ca);
  await Deno.writeTextFile(`${folder}/cert.pem`, cert);
  const tls = await readTls({
    ca: `${folder}/ca.pem`,
    cert: new URL(`file://${folder}/cert.pem`),
    key: new TextEncoder().encode(key),
    serverName: "builder.test",
  });
  const read = { ca, client: { cert, key }, serverName: "builder.test" };
  assertEquals(tls, read);
  assertEquals(
    await readTls({ ca: `file://${folder}/ca.pem`, cert, key: `\n${key}` }),
    { ca, client: { cert, key: `\n${key}` }, serverName: undefined },
  );
  assertEquals(await readTls({}), {
    ca: undefined,
    client: undefined,
    serverName: undefined,
  });
  await Deno.remove(folder, { recursive: true });
});

function pem(label: string, content: string): string {
  return `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n`;
}

Deno.test("what is whole in PEM is taken, whatever its length and its lines", async () => {
  const { ca } = await makeAuthority();
  // Sequences in DER: empty, of 127 bytes, of 128, and of 256.
  const heads = [[0x30, 0], [0x30, 127], [0x30, 0x81, 128], [
    0x30,
    0x82,
    1,
    0,
  ]];
  const lengths = [0, 127, 128, 256];
  for (const [i, head] of heads.entries()) {
    for (const missing of [0, 1]) {
      const der = new Uint8Array(head.length + lengths[i]! - missing);
      der.set(head.slice(0, der.length));
      const text = pem("CERTIFICATE", der.toBase64());
      if (missing === 0) {
        assertEquals((await readTls({ ca: text })).ca, text);
      } else {
        await assertRejects(() => readTls({ ca: text }), TypeError, "cut off");
      }
    }
  }
  for (
    const text of [
      ca.replaceAll("\n", "\r\n"),
      `-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\nwords\n${ca}${ca}`,
    ]
  ) assertEquals((await readTls({ ca: text })).ca, text);
});

Deno.test("certificates that can't be used are refused, and never quoted", async () => {
  const { cert, key } = await (await makeAuthority()).issue();
  const folder = await Deno.makeTempDir({ prefix: "davit-pem-" });
  await Deno.writeTextFile(`${folder}/cert.pem`, cert);
  const cases: [unknown, string][] = [
    [{ cert }, "cert is given without key"],
    [{ key }, "key is given without cert"],
    [{ cert: key, key }, "cert holds no CERTIFICATE in PEM"],
    [{ cert, key: cert }, "key holds no PRIVATE KEY in PEM"],
    [{ cert, key: `${folder}/cert.pem` }, 'cert.pem" holds no PRIVATE KEY'],
    [{ ca: `${folder}/none.pem` }, "ca can not be read: No such file"],
    [
      { ca: pem("CERTIFICATE", "hunter2secret") },
      "CERTIFICATE in ca is damaged",
    ],
    [{ ca: pem("CERTIFICATE", "!") }, "CERTIFICATE in ca is damaged"],
    [{ ca: `${cert}\n${cert.slice(0, 200)}` }, "damaged, or was cut off"],
    [{ ca: cert.replace(/-----END.*/, "") }, "damaged, or was cut off"],
    [
      { ca: cert.replace(/.{8}\s*(?=-----END)/, "") },
      "damaged, or was cut off",
    ],
    [
      { cert, key: pem("PRIVATE KEY", "hunter2secret") },
      "PRIVATE KEY in key is damaged",
    ],
    [
      { cert, key: pem("ENCRYPTED PRIVATE KEY", "MAA=") },
      "key is encrypted: give a key without a password",
    ],
    [
      { cert, key: pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMAA=") },
      "key is encrypted",
    ],
    [{ ca: "" }, "ca is a path, a file: URL, or PEM"],
    [{ ca: 1 }, "ca is a path, a file: URL, or PEM"],
    [{ cert, key: `x\n${key}` }, "key is a path, a file: URL, or PEM"],
    [{ serverName: 1 }, "serverName is the name of a host"],
    [{ serverName: "a b" }, "serverName is the name of a host"],
    [{ cacert: cert }, "cacert"],
  ];
  for (const [tls, words] of cases) {
    const { message } = await assertRejects(
      () => readTls(tls as BuilderTls),
      TypeError,
    );
    assertStringIncludes(message, words);
    assertEquals(/BEGIN|hunter2/.test(message), false, message);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("an option that does not belong to an address is refused", async () => {
  const cases: [string, Parameters<typeof openDaemon>[1], string][] = [
    ["unix:///b.sock", { tls: {} }, 'only "tcp://host:port" speaks TLS'],
    ["ssh://host", { dockerHost: "unix:///d.sock" }, "names the engine of"],
    [
      "docker-container://a?context=b",
      { dockerHost: "unix:///d.sock" },
      "both name the engine",
    ],
  ];
  for (const [address, options, words] of cases) {
    const open = () => openDaemon(address, options);
    await assertRejects(open, TypeError, words);
  }
  await assertRejects(
    () => Builder.fromAddress("unix:///b.sock", { certs: {} } as never),
    TypeError,
    "certs",
  );
  await using builder = await Builder.fromAddress(" tcp://host:1 ");
  assertEquals(builder.address, "tcp://host:1");
  await assertRejects(
    () => builder.workers({ timeout: 1 } as never),
    TypeError,
    "timeout",
  );
});

Deno.test("what a daemon's address shows of its way is known", async () => {
  const cases: [string, Parameters<typeof openDaemon>[1], boolean, boolean][] =
    [
      ["unix:///b.sock", {}, true, false],
      ["tcp://127.0.0.1:1", {}, true, false],
      ["tcp://[::1]:1", {}, true, false],
      ["tcp://builder.test:1", {}, false, true],
      ["tcp://builder.test:1", { tls: {} }, false, false],
      ["tcp://localhost:1", { tls: {} }, true, false],
      ["ssh://host", {}, false, false],
      ["kube-pod://p", {}, false, false],
      ["docker-container://c", { dockerHost: "unix:///d.sock" }, true, false],
      ["docker-container://c", { dockerHost: "tcp://far.test:1" }, false, true],
      ["docker-container://c", { dockerHost: "tcp://[::1]:1" }, true, false],
      [
        "docker-container://c",
        { dockerHost: "https://far.test" },
        false,
        false,
      ],
      ["docker-container://c", { dockerHost: "ssh://far.test" }, false, false],
    ];
  for (const [address, options, isHere, isPlain] of cases) {
    const daemon = await openDaemon(address, options);
    assertEquals([daemon.isHere, daemon.isPlain], [isHere, isPlain], address);
    await daemon.close();
  }
});
