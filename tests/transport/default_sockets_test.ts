import { lchown } from "node:fs/promises";
import { runProgram } from "../cli/command.ts";
import { replaced } from "../exporter/scratch.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { ConnectionError, UnsupportedError } from "../../lib/errors.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { parseEndpoint } from "../../lib/transport/endpoint.ts";
import {
  type DefaultSocket,
  defaultSockets,
  findDefaultSocket,
} from "../../lib/transport/default_sockets.ts";
import { ownersOf, whoElseWrites } from "../../lib/transport/own_place.ts";

const environment = (values: Record<string, string>) => ({
  get: (name: string) => values[name],
});

const PLACES = [
  ["/var/run/docker.sock", "docker", undefined],
  ["/r/docker.sock", "rootless docker", "/r"],
  ["/h/.docker/run/docker.sock", "Docker Desktop", "/h"],
  ["/h/.docker/desktop/docker.sock", "Docker Desktop", "/h"],
  ["/h/.orbstack/run/docker.sock", "OrbStack", "/h"],
  ["/h/.colima/default/docker.sock", "Colima", "/h"],
  ["/h/.rd/docker.sock", "Rancher Desktop", "/h"],
  ["/r/podman/podman.sock", "rootless podman", "/r"],
  ["/run/podman/podman.sock", "podman", undefined],
  [
    "/h/.local/share/containers/podman/machine/podman.sock",
    "podman machine",
    "/h",
  ],
  ["/t/podman/podman-machine-default-api.sock", "podman machine", "/t"],
] as const;

Deno.test("the default sockets are tried in one order, as far as their variables are set", () => {
  const all = { HOME: "/h", XDG_RUNTIME_DIR: "/r/", TMPDIR: "/t//" };
  const shown = (values: Record<string, string>) =>
    defaultSockets(environment(values))
      .map(({ path, of, within }) => [path, of, within]);
  assertEquals(shown(all), PLACES.map((place) => [...place]));
  assert(
    defaultSockets(environment(all)).every(({ home, within }) =>
      home === (within === undefined ? undefined : "/h")
    ),
  );
  const fixed = PLACES.filter(([, , within]) => within === undefined);
  for (
    const none of [
      {},
      { HOME: "", XDG_RUNTIME_DIR: "", TMPDIR: "" },
      // In the current folder, which may be anybody's.
      { HOME: ".", XDG_RUNTIME_DIR: "./r", TMPDIR: "t/" },
    ]
  ) {
    assertEquals(shown(none), fixed.map((place) => [...place]));
  }
  assertEquals(
    shown({ TMPDIR: "/" }).at(-1),
    ["/podman/podman-machine-default-api.sock", "podman machine", "/"],
  );
  assertEquals(
    shown({ HOME: "/h" }),
    PLACES.filter(([, , within]) => within === undefined || within === "/h")
      .map((place) => [...place]),
  );
});

/** A folder of sockets: `live` ones, `deserted` ones where nobody listens, and none. */
async function withSockets(
  test: (
    folder: string,
    socket: (name: string, own?: boolean) => DefaultSocket,
  ) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { deserted: "", other: "", denied: "" });
    using _live = Deno.listen({ transport: "unix", path: `${folder}/live` });
    await test(folder, (name, own = false) => ({
      path: `${folder}/${name}`,
      of: `the ${name} one`,
      ...own ? { within: folder, home: folder } : {},
    }));
  });
}

Deno.test("the first default socket that answers is taken, with what was wrong with those before it", async () => {
  await withSockets(async (folder, socket) => {
    for (const own of [false, true]) {
      assertEquals(
        await findDefaultSocket(
          ["none", "deserted", "deserted/below", "live", "other"]
            .map((name) => socket(name, own)),
        ),
        {
          endpoint: { kind: "unix", path: `${folder}/live` },
          of: "the live one",
          passedOver: [
            `No engine at unix://${folder}/deserted: the socket is there but nobody listens; start the engine`,
          ],
        },
      );
    }
  });
});

Deno.test("without a default socket that answers, the error has all places and what was wrong there", async () => {
  await withSockets(async (folder, socket) => {
    const failed = async (...names: string[]) =>
      (await assertRejects(
        () => findDefaultSocket(names.map((name) => socket(name))),
        ConnectionError,
      )).message;
    const deserted = (name: string) =>
      `No engine at unix://${folder}/${name}: the socket is there but nobody listens; start the engine`;
    assertEquals(
      await failed("none", "no"),
      `No engine found: none of ${folder}/none, ${folder}/no exists; start docker or podman, or set DOCKER_HOST`,
    );
    assertEquals(await failed("deserted"), deserted("deserted"));
    assertEquals(
      await failed("none", "deserted", "no"),
      `${deserted("deserted")}\nNo socket is at ${folder}/none, ${folder}/no`,
    );
    assertEquals(
      await failed("deserted", "none", "other"),
      [
        "No engine can be reached:",
        `- ${deserted("deserted")}`,
        `- ${deserted("other")}`,
        `No socket is at ${folder}/none`,
      ].join("\n"),
    );
  });
});

Deno.test("docker's own socket that this user may not use is an error, which names another engine", async () => {
  await withSockets(async (folder, socket) => {
    const { connect } = Deno;
    using _connect = replaced(
      Deno,
      "connect",
      () =>
        ((options: Deno.UnixConnectOptions) =>
          options.path === `${folder}/denied`
            ? Promise.reject(new Deno.errors.PermissionDenied("EACCES"))
            : connect(options)) as typeof connect,
    );
    const denied =
      `No permission for unix://${folder}/denied: add yourself to the group that owns the socket (usually "docker"), or use a rootless engine`;
    const other = await assertRejects(
      () => findDefaultSocket([socket("denied"), socket("live", true)]),
      ConnectionError,
    );
    assertEquals(
      other.message,
      `${denied}; or set DOCKER_HOST=unix://${folder}/live, where the live one answers`,
    );
    const alone = await assertRejects(
      () => findDefaultSocket([socket("denied"), socket("none", true)]),
      ConnectionError,
    );
    assertEquals(
      alone.message,
      `${denied}\nNo socket is at ${folder}/none`,
    );
    // Behind the first one it is passed over.
    const { passedOver } = await findDefaultSocket([
      socket("none"),
      socket("denied"),
      socket("live", true),
    ]);
    assertEquals(passedOver, [denied]);
  });
});

Deno.test("a default socket that others may have put there is not taken", async () => {
  await withSockets(async (folder, socket) => {
    await Deno.chmod(folder, 0o777);
    const error = await assertRejects(
      () => findDefaultSocket([socket("none"), socket("live", true)]),
      ConnectionError,
    );
    assertEquals(
      error.message,
      `The socket unix://${folder}/live is not taken, because everybody may write to "${folder}"; if it is yours, set DOCKER_HOST=unix://${folder}/live\nNo socket is at ${folder}/none`,
    );
    // What root's folders hold is not looked at: only root can have put it there.
    await findDefaultSocket([socket("live")]);
    await Deno.chmod(folder, 0o1777);
    await findDefaultSocket([socket("live", true)]);
  });
});

Deno.test("whoElseWrites() looks at each folder and link on the way to a socket, and behind links", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "home/a/b/sock": "",
      "home/linked/sock": "",
      "open/": "",
    });
    const home = `${folder}/home`;
    const owners = await ownersOf(home);
    assertEquals(owners, new Set([0, Deno.uid()]));
    for (const home of [undefined, `${folder}/none`]) {
      assertEquals(await ownersOf(home), owners);
    }
    {
      using _uid = replaced(Deno, "uid", () => () => 4711);
      assertEquals(await ownersOf(home), new Set([...owners, 4711]));
      const denied = new Deno.errors.PermissionDenied("EACCES");
      using _stat = replaced(Deno, "stat", () => () => Promise.reject(denied));
      assertEquals(await ownersOf(home), new Set([0, 4711]));
    }
    const at = (path: string, by: ReadonlySet<number | null> = owners) =>
      whoElseWrites(`${home}/${path}`, home, by);
    await Deno.symlink(`${home}/linked`, `${home}/a/link`);
    await Deno.symlink(`${folder}/none`, `${home}/dangling`);
    for (const path of ["a/b/sock", "a/link/sock"]) {
      assertEquals(await at(path), undefined);
    }
    await Deno.chmod(`${home}/a`, 0o775);
    assertEquals(await at("a/b/sock"), undefined);
    await assertRejects(() => at("none/sock"), Deno.errors.NotFound);
    await assertRejects(() => at("dangling"), Deno.errors.NotFound);
    for (
      const [wide, path] of [
        ["", "a/b/sock"],
        ["/a", "a/b/sock"],
        ["/a/b", "a/b/sock"],
        ["/linked", "a/link/sock"],
      ] as const
    ) {
      const place = wide === "/linked" ? `${home}/a/link` : `${home}${wide}`;
      await Deno.chmod(`${home}${wide}`, 0o757);
      assertEquals(await at(path), `everybody may write to "${place}"`);
      await Deno.chmod(`${home}${wide}`, 0o1777);
      assertEquals(await at(path), undefined);
      await Deno.chmod(`${home}${wide}`, 0o755);
    }
    // The whole way behind a link counts, and each link of a chain.
    await Deno.symlink("../../open/kept/./sock", `${home}/a/far`);
    await Deno.symlink("./..//.././open/kept/sock", `${home}/a/dotted`);
    await Deno.symlink(`${home}/a/far`, `${home}/chain`);
    await writeTree(folder, { "open/kept/sock": "" });
    assertEquals(await at("chain"), undefined);
    await Deno.chmod(`${folder}/open`, 0o777);
    const root = await Deno.realPath(folder);
    for (const path of ["a/far", "a/dotted", "chain"]) {
      assertEquals(await at(path), `everybody may write to "${root}/open"`);
    }
    // Where a link leads up from is its folder as it is, not as it is called.
    await writeTree(folder, { "deep/er/home/": "", "deep/open/sock": "" });
    await writeTree(folder, { "open/sock": "" });
    await Deno.symlink("deep/er", `${folder}/via`);
    await Deno.symlink("../../open/sock", `${folder}/deep/er/home/up`);
    await Deno.chmod(`${folder}/open`, 0o755);
    await Deno.chmod(`${folder}/deep/open`, 0o777);
    const via = `${folder}/via/home`;
    const wide = `everybody may write to "${root}/deep/open"`;
    assertEquals(await whoElseWrites(`${via}/up`, via, owners), wide);
    {
      // Also where Deno may not look at what the folder is called by.
      using _query = replaced(
        Deno.permissions,
        "querySync",
        (query) => (asked) =>
          (asked as { path?: string }).path === `${folder}/via`
            ? { state: "denied" } as Deno.PermissionStatus
            : query.call(Deno.permissions, asked),
      );
      assertEquals(await whoElseWrites(`${via}/up`, via, owners), wide);
    }
    await Deno.chmod(`${folder}/open`, 0o755);
    await Deno.symlink("loop", `${home}/loop`);
    await assertRejects(() => at("loop"), Deno.errors.FilesystemLoop);
    // Of a file only its owner counts: to connect takes the right to write.
    await Deno.chmod(`${home}/a/b/sock`, 0o777);
    assertEquals(await at("a/b/sock"), undefined);
    const uid = Deno.uid();
    assertEquals(
      await at("a/b/sock", new Set([uid! + 1])),
      `"${home}" belongs to another user (uid ${uid})`,
    );
  });
});

Deno.test({
  name: "a socket, folder or link of another user is not the user's own",
  // Only root can give a file to somebody else.
  ignore: Deno.uid() !== 0,
  async fn() {
    await withTempFolder(async (home) => {
      await writeTree(home, { "a/sock": "", "b/sock": "" });
      const owners = await ownersOf(home);
      const other = 61_184;
      const at = (path: string) =>
        whoElseWrites(`${home}/${path}`, home, owners);
      const ofOther = (path: string) =>
        `"${home}/${path}" belongs to another user (uid ${other})`;
      await Deno.symlink(`${home}/b`, `${home}/link`);
      await lchown(`${home}/link`, other, other);
      assertEquals(await at("link/sock"), ofOther("link"));
      // Behind a link of the user's own it can be led elsewhere at any time.
      await Deno.symlink(`${home}/link/sock`, `${home}/own`);
      assertEquals(await at("own"), ofOther("link"));
      await lchown(`${home}/link`, 0, 0);
      assertEquals(await at("own"), undefined);
      await Deno.chown(`${home}/b`, other, other);
      assertEquals(await at("link/sock"), ofOther("link"));
      await Deno.chown(`${home}/a/sock`, other, other);
      assertEquals(await at("a/sock"), ofOther("a/sock"));
      // The owner of the home folder is trusted, by whoever runs this.
      await Deno.chown(home, other, other);
      assertEquals(
        await whoElseWrites(`${home}/a/sock`, home, await ownersOf(home)),
        undefined,
      );
    });
  },
});

Deno.test("on Windows, where Deno has no Unix sockets, none is looked for or connected to, and the errors say what there is", async () => {
  const error = await assertRejects(
    () => findDefaultSocket([{ path: "/none", of: "none" }], "windows"),
    ConnectionError,
  );
  assert(error.message.includes("named pipe"), error.message);
  assert(error.message.includes("DOCKER_HOST"), error.message);
  for (const address of ["unix:///run/d.sock", "ssh://me@host"]) {
    const { message } = await assertRejects(
      () => connectEndpoint(parseEndpoint(address), "windows"),
      UnsupportedError,
    );
    assert(
      message.startsWith(`${address} can't be reached from Windows`),
      message,
    );
  }
  const address = parseEndpoint("tcp://127.0.0.1:1");
  (await connectEndpoint(address, "windows")).close();
});

Deno.test("of default sockets those are tried that Deno may look at, and the error says which were not", async () => {
  await withSockets(async (folder, socket) => {
    const sockets = [
      socket("none"),
      socket("other", true),
      socket("live", true),
    ];
    const program = () => `
      import { findDefaultSocket } from "${new URL(
      "../../lib/transport/default_sockets.ts",
      import.meta.url,
    )}";
      console.log(await findDefaultSocket(${JSON.stringify(sockets)})
        .then(({ of }) => of, ({ message }) => message));
    `;
    const run = async (...flags: string[]) => {
      const { stdout, stderr } = await runProgram([
        ...[Deno.execPath(), "run", "--no-prompt", "--no-check"],
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        ...flags,
        "-",
      ], { stdin: new TextEncoder().encode(program()) });
      assertEquals(stderr, "");
      return new TextDecoder().decode(stdout).trimEnd();
    };
    const live = `${folder}/live`;
    const reach = (path: string) =>
      `--allow-net=unix:${path},localhost:80 --allow-read=${path} --allow-write=${path}`;
    const refused = (path: string) =>
      `Deno was not given the permission to reach unix://${path}: run it with ${
        reach(path)
      }`;
    // Whoever allows a socket has named it, whoever may write beside it.
    await Deno.chmod(folder, 0o777);
    assertEquals(await run(...reach(live).split(" ")), "the live one");
    // Without the right to ask who runs this: the owner of the home folder.
    const [net, , write] = reach(live).split(" ");
    const wide = await run(`--allow-read=${folder}`, net!, write!);
    assert(wide.includes("everybody may write"), wide);
    await Deno.chmod(folder, 0o755);
    assertEquals(
      await run(`--allow-read=${folder}`, net!, write!),
      "the live one",
    );
    // Of the way to a socket, that is looked at which Deno may read.
    await Deno.mkdir(`${folder}/below/deep`, { recursive: true });
    using _below = Deno.listen({
      transport: "unix",
      path: `${folder}/below/deep/live`,
    });
    sockets.push({ ...socket("below/deep/live", true), of: "the deep one" });
    const [deepNet, , deepWrite] = reach(`${folder}/below/deep/live`)
      .split(" ");
    const deep = () =>
      run(`--allow-read=${folder}/below`, deepNet!, deepWrite!);
    assertEquals(await deep(), "the deep one");
    await Deno.chmod(`${folder}/below`, 0o777);
    assert((await deep()).includes(`may write to "${folder}/below"`));
    await Deno.chmod(`${folder}/below`, 0o755);
    // Where a link leads out of that, the link alone is.
    await Deno.symlink(`${folder}/live`, `${folder}/below/link`);
    sockets.splice(-1, 1, { ...socket("below/link", true), of: "the link" });
    const led = await run(
      `--allow-read=${folder}/below`,
      ...reach(`${folder}/below/link`).split(" ")
        .filter((flag) => !flag.startsWith("--allow-read")),
    );
    assertEquals(led, "the link");
    sockets.pop();
    assertEquals(
      await run(),
      `${
        refused(`${folder}/none`)
      }\nNot looked at, for want of --allow-read: ${folder}/other, ${live}`,
    );
    assertEquals(
      await run(`--allow-read=${folder}/none,${live}`),
      [
        refused(live),
        `No socket is at ${folder}/none`,
        `Not looked at, for want of --allow-read: ${folder}/other`,
      ].join("\n"),
    );
  });
});
