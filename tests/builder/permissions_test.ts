/** What a program is told that may not reach a daemon. */
import { assertEquals } from "../support/assert.ts";

const PROGRAM = `
import { Builder } from "./mod.ts";
for (const address of Deno.args) {
  const tls = address.endsWith("2") ? {} : undefined;
  await using builder = await Builder.fromAddress(address, { tls });
  await builder.workers().catch(({ name, message }) => console.log(name, message));
}
`;

Deno.test("a missing permission is told with the flag that gives it", async () => {
  const addresses: [string, string][] = [
    [
      "unix:///run/b.sock",
      "--allow-net=unix:/run/b.sock --allow-read=/run/b.sock --allow-write=/run/b.sock",
    ],
    ["tcp://127.0.0.1:1", "--allow-net=127.0.0.1:1"],
    ["tcp://127.0.0.1:2", "--allow-net=127.0.0.1:2"],
    ["ssh://host", "--allow-run=ssh"],
    ["kube-pod://p", "--allow-run=kubectl"],
  ];
  const root = new URL("../../", import.meta.url);
  const folder = await Deno.makeTempDir({ prefix: "davit-permissions-" });
  await Deno.writeTextFile(
    `${folder}/main.ts`,
    PROGRAM.replace("./mod.ts", new URL("mod.ts", root).href),
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-check", "--quiet"],
      ...["--allow-env", "--allow-sys"],
      ...["--config", new URL("deno.json", root).pathname],
      `${folder}/main.ts`,
      ...addresses.map(([address]) => address),
    ],
  }).output();
  await Deno.remove(folder, { recursive: true });
  assertEquals(
    new TextDecoder().decode(stdout).trim().split("\n"),
    addresses.map(([address, flags]) =>
      `ConnectionError Cannot reach the BuildKit daemon at ${address}: Deno was not given the permission; run it with ${flags}`
    ),
    new TextDecoder().decode(stderr),
  );
});
