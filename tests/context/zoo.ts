import { writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";

/** Names that a shell, a tar, a pattern or a sort may stumble over. */
const NAMES: readonly string[] = [
  "a",
  "a.b",
  "a-b",
  "a b",
  " lead",
  "trail ",
  "-dash",
  "..dots",
  "...",
  "new\nline",
  "tab\t",
  "back\\slash",
  "star*",
  "q?",
  "[x]",
  "{y}",
  "$z",
  "!n",
  "#h",
  "é",
  "e\u0301",
  "日本",
  "😀",
  "\uFF5E",
  "\u05D0\u05D1",
  "UPPER",
  "upper",
  "n".repeat(255),
  "com,ma",
  'quo"te',
  "quo'te",
  "%20",
  "~",
  "@",
];

/** Fills a folder with one of everything that a file system has, as root. */
export async function makeZoo(root: string): Promise<void> {
  const random = new Random(42);
  const files: Record<string, string | Uint8Array> = { "empty/": "", none: "" };
  for (const [index, name] of NAMES.entries()) {
    files[`names/${name}`] = `${index}`;
    files[`folders/${name}/x`] = "";
  }
  for (
    const size of [
      1,
      511,
      512,
      513,
      32768,
      65536,
      65537,
      524288,
      524289,
      1_500_000,
    ]
  ) {
    files[`sizes/${size}`] = new Uint8Array(size).map((_, at) => at * size);
  }
  for (let n = 0; n < 60; n++) {
    const part = () => random.pick(["a", "b", "a.b", "a-b", "B", "é", "z z"]);
    files[`deep/${part()}/${part()}/${part()}-${n}`] = `${n}`;
  }
  files[`long/${"p".repeat(200)}/${"q".repeat(200)}/${"r".repeat(200)}`] =
    "long";
  await writeTree(root, files);
  for (const mode of [0, 0o1777, 0o2755, 0o4755, 0o6711, 0o444, 0o7777]) {
    await Deno.writeTextFile(`${root}/mode-${mode}`, "m");
    await Deno.chmod(`${root}/mode-${mode}`, mode);
    await Deno.mkdir(`${root}/folder-${mode}`);
    await Deno.chmod(`${root}/folder-${mode}`, mode);
  }
  const times: [string, number][] = [
    ["past", 1],
    ["parts", 1_234_567.891],
    ["future", 4_000_000_000],
    ["year-2000", 946_684_800.5],
  ];
  for (const [name, time] of times) {
    await Deno.writeTextFile(`${root}/time-${name}`, "t");
    await Deno.utime(`${root}/time-${name}`, time, time);
  }
  const targets = {
    dangling: "nowhere",
    absolute: "/etc/passwd",
    up: "../..",
    self: "link-self",
    folder: "names",
    dot: ".",
    long: "t".repeat(1000),
    unicode: "é/日",
  };
  for (const [name, target] of Object.entries(targets)) {
    await Deno.symlink(target, `${root}/link-${name}`);
  }
  await Deno.link(`${root}/sizes/513`, `${root}/hard-1`);
  await Deno.link(`${root}/sizes/513`, `${root}/names/hard-2`);
  await Deno.link(`${root}/none`, `${root}/zz-hard-empty`);
  await Deno.chown(`${root}/none`, 1234, 5678);
  const special =
    "mkfifo fifo; mknod char c 1 3; mknod block b 7 200; mknod big c 4095 1048575; truncate -s 3000000 sparse; ln -P fifo fifo-2";
  const { success } = await new Deno.Command("sh", {
    args: ["-ec", special],
    cwd: root,
  }).output();
  if (!success) throw new Error("mknod failed: the zoo takes root");
  const server = Deno.listen({ transport: "unix", path: `${root}/socket` });
  // Closing takes it away, and its name alone is wanted.
  await Deno.rename(`${root}/socket`, `${root}/socket-kept`);
  server.close();
  const old = "find . -depth -type d -exec touch -d @1000000000 {} +";
  await new Deno.Command("sh", { args: ["-ec", old], cwd: root }).output();
}
