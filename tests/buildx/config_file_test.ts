import { BuilderError } from "../../lib/buildx/builder_error.ts";
import { readConfig } from "../../lib/buildx/config_file.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

function texts(
  files: Readonly<Record<string, Uint8Array>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [
      name,
      new TextDecoder().decode(bytes),
    ]),
  );
}

Deno.test("a configuration without certificates is taken as it is", async () => {
  await withTempFolder(async (folder) => {
    const text = '# mine\ndebug = true\n[registry."a.b"]\nhttp = true\n';
    await writeTree(folder, { "c.toml": text });
    const { files, filesAllowHost } = await readConfig(`${folder}/c.toml`);
    assertEquals(texts(files), { "buildkitd.toml": text });
    assertEquals(filesAllowHost, false);
  });
});

Deno.test("the certificates of registries go with it, and are named by their new places", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "ca.pem": "authority",
      "deep/key.pem": "key",
      "cert.pem": "cert",
      "c.toml": [
        'insecure-entitlements = ["security.insecure", "network.host"]',
        '[registry."a.b:5000"]',
        `ca = ["${folder}/ca.pem"]`,
        '[[registry."a.b:5000".keypair]]',
        `key = "${folder}/deep/key.pem"`,
        `cert = "${folder}/cert.pem"`,
        "[registry.other]",
        "http = true",
        "[[registry.other.keypair]]",
        'key = ""',
        "",
      ].join("\n"),
    });
    const { files, filesAllowHost } = await readConfig(`${folder}/c.toml`);
    assertEquals(filesAllowHost, true);
    const { "buildkitd.toml": config, ...certs } = texts(files);
    assertEquals(certs, {
      "certs/a.b_5000/ca.pem": "authority",
      "certs/a.b_5000/key.pem": "key",
      "certs/a.b_5000/cert.pem": "cert",
    });
    for (
      const line of [
        'ca = ["/etc/buildkit/certs/a.b_5000/ca.pem"]',
        'key = "/etc/buildkit/certs/a.b_5000/key.pem"',
        'cert = "/etc/buildkit/certs/a.b_5000/cert.pem"',
        'key = ""',
        "http = true",
      ]
    ) assertEquals([line, config?.includes(line)], [line, true]);
  });
});

Deno.test("certificates of the same name in several folders stay what they are", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "a/ca.pem": "authority a",
      "b/ca.pem": "authority b",
      "a/key.pem": "key a",
      "b/key.pem": "key b",
      "c.toml": [
        "[registry.one]",
        `ca = ["${folder}/a/ca.pem", "${folder}/b/ca.pem"]`,
        "[[registry.one.keypair]]",
        `key = "${folder}/a/key.pem"`,
        "[[registry.one.keypair]]",
        `key = "${folder}/b/key.pem"`,
        "",
      ].join("\n"),
    });
    const { files } = await readConfig(`${folder}/c.toml`);
    const { "buildkitd.toml": config, ...certs } = texts(files);
    assertEquals(certs, {
      "certs/one/ca.pem": "authority a",
      "certs/one/2-ca.pem": "authority b",
      "certs/one/key.pem": "key a",
      "certs/one/2-key.pem": "key b",
    });
    const at = "/etc/buildkit/certs/one";
    for (
      const line of [
        `ca = ["${at}/ca.pem","${at}/2-ca.pem"]`,
        `key = "${at}/key.pem"`,
        `key = "${at}/2-key.pem"`,
      ]
    ) assertEquals([line, config?.includes(line)], [line, true]);
  });
});

Deno.test("a configuration that can't be used is an error that does not quote it", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "bad.toml": "hunter2 = ",
      "gone.toml": `[registry.a]\nca = ["${folder}/gone.pem"]\n`,
    });
    for (
      const [name, words] of [
        ["bad", `configuration "${folder}/bad.toml": it is no TOML`],
        ["gone", `configuration "${folder}/gone.pem": `],
        ["none", `configuration "${folder}/none.toml": `],
      ] as const
    ) {
      const { message } = await assertRejects(
        () => readConfig(`${folder}/${name}.toml`),
        BuilderError,
      );
      assertEquals([name, message.includes(words)], [name, true]);
      assertEquals(message.includes("hunter2"), false);
    }
  });
});
