import { deflateSync } from "node:zlib";
import type { SecretFind } from "../../mod.ts";
import { gitPackOf } from "./git_pack.ts";
import { zipOf } from "./zip.ts";

/** Values that a Dockerfile leaks: the secrets' own, or others of their form. */
export interface LeakValues {
  /** A token. */
  readonly token: string;
  /** A private key. */
  readonly key: string;
  /** Ids under which steps get them. */
  readonly ids: { readonly token: string; readonly key: string };
}

/** One way in which a secret stays in an image. */
export interface Leak {
  readonly name: string;
  /** Instructions behind `FROM`; each value is one line. */
  readonly lines: (values: LeakValues) => string[];
  /** What else is in the context. */
  readonly files?: (values: LeakValues) => Record<string, string | Uint8Array>;
  readonly buildargs?: (values: LeakValues) => Record<string, string>;
  /** What has to be said of one find. */
  readonly find: Partial<Record<keyof SecretFind, string | number | RegExp>>;
}

const encode = (text: string) => new TextEncoder().encode(text);

/** A step that has the token, or the key, at `$S`. */
function step(
  which: "token" | "key",
  command: string,
): (values: LeakValues) => string[] {
  return ({ ids }) => [
    `RUN --mount=type=secret,id=${ids[which]},required=true S=/run/secrets/${
      ids[which]
    }; ${command}`,
  ];
}

/** A file of the context. */
function copied(
  path: string,
  content: (values: LeakValues) => string | Uint8Array,
): Pick<Leak, "lines" | "files"> {
  return {
    lines: () => [`COPY ${path} /srv/${path}`],
    files: (values) => ({ [path]: content(values) }),
  };
}

/** Every way that the documentation promises to find. */
export const LEAKS: readonly Leak[] = [
  {
    name: "COPY of the file",
    ...copied("token", ({ token }) => token),
    find: { part: "file", form: "plain", path: "srv/token", offset: 0 },
  },
  {
    name: "echo into a file",
    lines: step("token", 'echo "token = $(cat $S)" > /etc/app.conf'),
    find: {
      path: "etc/app.conf",
      offset: 8,
      instruction: /^RUN .*app\.conf/,
      layerNumber: 2,
      layer: /^sha256:[0-9a-f]{64}$/,
    },
  },
  {
    name: "tee",
    lines: step("token", "tee /a /b < $S > /dev/null"),
    find: { path: "b" },
  },
  {
    name: "ENV",
    lines: ({ token }) => [`ENV TOKEN="${token}"`],
    find: { part: "config", path: /^config\.Env\[\d\]$/, offset: 6 },
  },
  {
    name: "ARG",
    lines: () => ["ARG TOKEN", "RUN echo ${#TOKEN}"],
    buildargs: ({ token }) => ({ TOKEN: token }),
    find: { part: "history", path: /^history\[\d\]\.created_by$/ },
  },
  {
    name: "LABEL",
    lines: ({ token }) => [`LABEL token="${token}"`],
    find: { part: "config", path: "config.Labels.token", offset: 0 },
  },
  {
    name: "CMD",
    lines: ({ token }) => [`CMD ["serve", "--token=${token}"]`],
    find: { part: "config", path: "config.Cmd[1]" },
  },
  {
    name: "HEALTHCHECK",
    lines: ({ token }) => [`HEALTHCHECK CMD ["check", "${token}"]`],
    find: { part: "config", path: /Healthcheck/ },
  },
  {
    name: "base64 in a file",
    lines: step("token", "base64 < $S > /b64"),
    find: { path: "b64", form: "base64" },
  },
  {
    name: "a package manager's config, with base64 of user and password",
    ...copied(
      ".npmrc",
      ({ token }) => `//registry.example/:_auth=${btoa(`user:${token}`)}\n`,
    ),
    find: { path: "srv/.npmrc", form: "base64" },
  },
  {
    name: "a package manager's config, in a URL",
    ...copied(
      "pip.conf",
      ({ token }) =>
        `index-url = https://u:${encodeURIComponent(token)}@pypi.example/\n`,
    ),
    find: { path: "srv/pip.conf", form: "percent" },
  },
  {
    name: "hex in a file",
    lines: step("token", "od -An -v -tx1 < $S | tr -d ' \\n' > /hex"),
    find: { path: "hex", form: "hex" },
  },
  {
    name: "in a tarball inside a layer",
    lines: step(
      "token",
      "cp $S /tmp/in; tar -C /tmp -czf /app.tgz in; rm /tmp/in",
    ),
    find: { path: "app.tgz", packed: "gzip" },
  },
  {
    name: "in a jar",
    ...copied("app.jar", ({ token }) =>
      zipOf([
        { name: "META-INF/A", bytes: encode("a"), method: "stored" },
        { name: "b.class", bytes: encode("b".repeat(99)), method: "deflated" },
        {
          name: "app.properties",
          bytes: encode(`token=${token}`),
          method: "streamed",
        },
      ])),
    find: { path: "srv/app.jar!/app.properties", packed: "zip", offset: 6 },
  },
  {
    name: "in a packed log",
    lines: step("token", "(seq 1 9999; cat $S; seq 1 9999) | gzip > /log.gz"),
    find: { path: "log.gz", packed: "gzip" },
  },
  {
    name: "in a deleted file of an earlier layer",
    lines: (values) => [
      ...step("token", "cp $S /gone")(values),
      "RUN rm /gone",
    ],
    find: { path: "gone", layerNumber: 2 },
  },
  {
    name: "in a URL of .git",
    ...copied(
      ".git/config",
      ({ token }) =>
        `[remote "origin"]\n\turl = https://x:${token}@git.example/a\n`,
    ),
    find: { path: "srv/.git/config" },
  },
  {
    name: "in an object of .git",
    ...copied(
      ".git/objects/ab/cd",
      ({ token }) => deflateSync(encode(`blob ${token.length}\0${token}`)),
    ),
    find: { path: "srv/.git/objects/ab/cd", packed: "zlib" },
  },
  {
    name: "in a pack of .git",
    ...copied(".git/objects/pack/pack-1.pack", ({ token }) =>
      gitPackOf([
        [1, encode(`tree 0\nauthor x\n\n${"x".repeat(300)}`)],
        [7, encode("delta")],
        [6, encode("another")],
        [3, encode(`token: ${token}`)],
      ])),
    find: { path: /\.pack$/, packed: "git-pack", offset: 7 },
  },
  {
    name: "in the shell's history",
    lines: step(
      "token",
      "echo \"curl -H 'Authorization: Bearer $(cat $S)' x\" > /root/.ash_history",
    ),
    find: { path: "root/.ash_history" },
  },
  {
    name: "in a symlink's target",
    lines: ({ token }) => [`RUN ln -s "/${token}" /link`],
    find: { part: "name", path: "link" },
  },
  {
    name: "in a file's name",
    lines: ({ token }) => [
      `RUN mkdir -p "/cache/${token.split("/")[0]}"; : > "/cache/${token}"`,
    ],
    find: { part: "name", path: "cache/***" },
  },
  {
    name: "in the middle of a large file",
    lines: step(
      "token",
      "dd if=/dev/zero of=/db bs=131070 count=1; cat $S >> /db; dd if=/dev/zero bs=64k count=40 >> /db",
    ),
    find: { path: "db", offset: 131070 },
  },
  {
    name: "a whole key",
    lines: step("key", "cp $S /id_rsa"),
    find: { path: "id_rsa", form: "plain" },
  },
  {
    name: "a line of a key",
    lines: step("key", "sed -n 5p $S > /line"),
    find: { path: "line", form: "line" },
  },
  {
    name: "a key with other line ends",
    lines: step("key", "sed 's/$/\\r/' $S > /crlf"),
    find: { path: "crlf" },
  },
  {
    name: "a key in base64, in lines of 76",
    lines: step("key", "base64 $S > /b64key"),
    find: { path: "b64key", form: "base64" },
  },
  {
    name: "a whole config in base64, in lines of 76",
    lines: step(
      "token",
      "{ echo 'registry=https://registry.example/ and more'; echo \"token=$(cat $S)\"; seq 9; } | base64 > /b64config",
    ),
    find: { path: "b64config", form: "base64" },
  },
  {
    name: "a key in JSON",
    lines: step(
      "key",
      `{ printf '{"private_key":"'; awk '{printf "%s\\\\n", $0}' $S; printf '"}'; } > /key.json`,
    ),
    find: { path: "key.json" },
  },
];
