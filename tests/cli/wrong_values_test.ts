import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { davitHere } from "./in_process.ts";

/** Every flag with a value that it can't have, and words that the answer holds. */
const WRONG: readonly (readonly [words: readonly string[], answer: RegExp])[] =
  [
    [[], /exactly 1 argument/],
    [["a", "b"], /exactly 1 argument/],
    [
      ["--timings", "a.html", "b"],
      /not 2; .* stands behind "=": --timings=FILE$/m,
    ],
    [["--timings"], /not 0; usage: /],
    [["--foo", "."], /unknown flag: --foo/],
    [["-x", "."], /unknown flag: -x/],
    [["-t"], /needs an argument: -t/],
    [["--tag", "BAD", "."], /"BAD"/],
    [["--tag=", "."], /"" for "--tag"/],
    [["-f", "none", "."], /no file "none"/],
    [["-f", "-", "-"], /both the context and --file/],
    [["none"], /"none" not found/],
    [["Dockerfile"], /"Dockerfile" is not a folder/],
    ...["build-arg", "label", "secret", "platform", "shm-size", "ulimit"].map(
      (name): readonly [string[], RegExp] => [
        [`--${name}=`, "."],
        new RegExp(`"" for "--${name}"`),
      ],
    ),
    [["--build-arg", "=hunter2", "."], /--build-arg needs a name/],
    [["--label", "=hunter2", "."], /--label needs a name/],
    [["--secret", "hunter2", "."], /key=value/],
    [["--secret", "id=a,value=hunter2", "."], /no field "value"/],
    [
      ["--secret", "id=a=hunter2", "."],
      /^ERROR: --secret has a "=" within its id: (?!.*hunter2)/,
    ],
    [
      ["--secret", "id=a,env=A=hunter2", "."],
      /^ERROR: --secret has a "=" within its env: (?!.*hunter2)/,
    ],
    [["--secret", "a", "."], /such as id=ID,src=FILE or id=ID,env=VARIABLE/],
    [["--secret", "id=a,src=none", "."], /secret "a" from "none"/],
    [["--secret", "id=a,src=-", "-f", "-", "."], /standard input/],
    [["--secret", "id=a,SRC=-", "-f", "-", "."], /standard input/],
    [["--secret=id=a,src=-", "--secret=id=b,src=-", "."], /standard input/],
    [["-f", "https://localhost/Dockerfile", "."], /--file can't be a URL/],
    [["--ssh", "=", "."], /ssh/],
    [["--ssh", "k=none", "."], /none/],
    [["--no-cache=maybe", "."], /"maybe" for "--no-cache"/],
    [["--pull=maybe", "."], /"maybe" for "--pull"/],
    [["--platform", "a,", "."], /Cannot use --platform/],
    [["-o", "type=nope", "."], /type "nope"/],
    [["-o", "type=local", "."], /needs a dest/],
    [["-o", "Dockerfile/none", "."], /Dockerfile\/none/],
    [["-o", "a", "-o", "a", "."], /two --output go to "a"/],
    [["--load", "-o", "type=cacheonly", "."], /two outputs/],
    [["--push", "."], /needs a --tag/],
    [["--push", "-o", "b", "."], /needs a --tag/],
    [["-o", "type=local,dest=b,push=true", "."], /can't be pushed/],
    [
      ["--cache-to=type=inline", "-o", "b", "."],
      /Cannot use --cache-to .*needs an image/,
    ],
    [
      ["--cache-to=type=gha,tokn=a", "."],
      /Cannot use --cache-to of type gha: there is no option "tokn"/,
    ],
    [["--progress", "nope", "."], /progress mode "nope"/],
    [["--progress", "tty", "."], /needs a terminal/],
    [["--quiet=maybe", "."], /"maybe" for "--quiet"/],
    ...["iidfile", "metadata-file"].flatMap(
      (name): (readonly [string[], RegExp])[] => [
        [[`--${name}`, "none/id", "."], /no folder for "none\/id"/],
        [[`--${name}=empty`, "."], /"empty" is a folder/],
        [[`--${name}=empty/`, "."], /"empty\/" is a folder/],
        [[`--${name}=/proc/none`, "."], new RegExp(`--${name} can't be wr`)],
        [[`--${name}=Dockerfile/x`, "."], new RegExp(`--${name} can't be wr`)],
      ],
    ),
    ...[["-o", "out"], ["-o", "type=tar,dest=t"], ["-o", "a", "-o", "b"]].map(
      (words): readonly [string[], RegExp] => [
        [...words, "--iidfile", "id", "."],
        /incompatible with image ID file/,
      ],
    ),
    [["-o", "a,b", "."], /--output/],
    [["-q", "--progress=plain", "."], /cannot be used together/],
    ...["load", "push", "watch", "verify", "verify-keep-tags", "verify-strict"]
      .map(
        (name): readonly [string[], RegExp] => [
          [`--${name}=x`, "."],
          new RegExp(`"x" for "--${name}"`),
        ],
      ),
    [["--watch", "-o", "-", "."], /--watch builds again and again/],
    [["--network", "nope", "."], /network mode "nope"/],
    [["--add-host", "nope", "."], /"nope" for "--add-host"/],
    [["--add-host", "a:nope", "."], /"a:nope" for "--add-host"/],
    [["--shm-size", "nope", "."], /"nope" for "--shm-size"/],
    [["--ulimit", "nope", "."], /"nope" for "--ulimit"/],
    [["--ulimit", "nofile=2:1", "."], /above the hard one/],
    [["--cache-from", "type=nope", "."], /--cache-from of type "nope"/],
    [["--cache-to", "type=nope", "."], /--cache-to of type "nope"/],
    [["--watch", "-"], /needs a folder/],
    [["--watch", "https://localhost/a.tar"], /needs a folder/],
    [["--watch", "-f", "-", "."], /--watch reads the Dockerfile again/],
    [["-H", "nope", "."], /"nope"/],
    [["-c", "nope", "."], /"nope"/],
    [["-H", "unix:///x", "-c", "default", "."], /two engines/],
    [["--debug=maybe", "."], /"maybe" for "--debug"/],
    [["--builder", "nope", "."], /No builder "nope"/],
    ...[
      "cpu-period",
      "cpu-quota",
      "cpu-shares",
      "cpuset-cpus",
      "cpuset-mems",
      "isolation",
      "memory",
      "memory-swap",
      "security-opt",
    ].map((
      name,
    ): readonly [string[], RegExp] => [
      [`--${name}`, "x", "."],
      new RegExp(`--${name} can't be used: `),
    ]),
    [["--attest", "x", "."], /--attest: expected fields/],
    [["--attest", "type=x", "."], /--attest has type "x"/],
    [["--provenance", "x", "."], /--provenance: expected fields/],
    [["--provenance", "mode=x", "."], /mode "x": expected "min" or "max"/],
    [["--sbom", "x", "."], /--sbom: expected fields/],
    [["--sbom", "generator=-x", "."], /generator "-x"/],
    [["--annotation", "x", "."], /--annotation "x": expected KEY=VALUE/],
    [["--annotation", "x:y=z", "."], /Cannot use --annotation "x:y"/],
    [["--allow", "a b", "."], /Cannot use --allow "a b"/],
    [["--no-cache-filter", "a,", "."], /Cannot use --no-cache-filter ""/],
    [["--no-cache-filter=a", "--no-cache", "."], /nothing to filter/],
    [["--api", "x", "."], /--api "x": expected engine or buildkit/],
    [
      ["--api=engine", "--sbom=1", "."],
      /with --attest: only BuildKit's API can do that, and api is "engine"/,
    ],
    [["--check", "--push", "."], /--push can't be used with --check/],
    [["--call=outline", "-o", "x", "."], /--output can't be used with --call/],
    [["--call=check,verify", "."], /invalid print value: check,verify/],
    [["--call=check,a=b", "."], /invalid print field: a=b/],
    [["--call=check,ignorestatus=x", "."], /ignorestatus print value: x/],
    [["--call=format=json", "."], /"format=json" has no name/],
    [["--build-context", "deps", "."], /"deps": expected NAME=VALUE/],
    [["--build-context", "=a", "."], /"=a": expected NAME=VALUE/],
    [["--build-context", "deps=", "."], /"deps=": expected NAME=VALUE/],
    [["--build-context", "deps=-", "."], /"deps=-": standard input/],
    [
      ["--build-context", "Deps=empty", "."],
      /Cannot build with --build-context "Deps": .*lower case: "deps"/,
    ],
    [
      ["--build-context", "deps=nope", "."],
      /Cannot build with --build-context "deps": there is no folder nope/,
    ],
    [
      ["--build-context", "deps=Dockerfile", "."],
      /Cannot build with --build-context "deps": Dockerfile is no folder/,
    ],
    [
      ["--build-context", "deps=oci-layout://nope:1", "."],
      /Cannot build with --build-context "deps": .*"nope": it is not there/,
    ],
    [
      ["--build-context", "deps=oci-layout://empty", "."],
      /"deps": OCI layout "empty": it has no index.json/,
    ],
    [
      ["--build-context", "deps=docker-image://", "."],
      /expected docker-image:\/\/NAME/,
    ],
    [["--build-context", "deps=target:a", "."], /"deps": target: is between/],
    [
      ["--build-context", "deps=empty", "--api=engine", "."],
      /with --build-context: only BuildKit's API can do that/,
    ],
    [["--squash", "."], /--squash can't be used/],
    [["--compress", "."], /--compress can't be used/],
  ];

/** Words of the other commands, and what the answer holds. */
const OTHERS: typeof WRONG = [
  [["push"], /exactly 1 argument/],
  [["push", "a", "b"], /exactly 1 argument/],
  [["push", "--quiet=x", "a"], /"x" for "--quiet"/],
  [["push", "-c", "nope", "a"], /"nope"/],
  [["pull"], /exactly 1 argument/],
  [["pull", "a", "b"], /exactly 1 argument/],
  [["pull", "--platform=", "a"], /"" for "--platform"/],
  [["pull", "a b"], /"a b"/],
  [["prune", "a"], /no argument/],
  [["prune", "--filter", "until"], /"until" for "--filter"/],
  [["prune", "--filter="], /"" for "--filter"/],
  [["prune", "--keep-storage", "x"], /"x" for "--keep-storage"/],
  [["prune", "--keep-storage="], /"" for "--keep-storage"/],
  [["prune", "--max-used-space", "x"], /"x" for "--max-used-space"/],
  [["prune", "-f", "--filter=a=b"], /filter "a" is none of until/],
  [["prune", "-f", "--filter=until=1"], /"until" expects a duration/],
  [
    ["prune", "-f", "--filter=type=a", "--filter=type=b"],
    /"type" takes one value/,
  ],
  [["du", "a"], /no argument/],
  [["du", "--filter", "until"], /"until" for "--filter"/],
  [["du", "--filter=a=b"], /filter "a" is none of until/],
  [["du", "--format=json", "--verbose"], /--format and --verbose/],
  [["history", "nope"], /unknown command: "nope"; davit history --help/],
  [["history", "lss"], /"lss"; did you mean ls\?; davit history --help/],
  [["history", "ls", "a"], /davit history ls takes no argument/],
  [["history", "ls", "--filter=a=b"], /filter "a=b": it begins with none/],
  [["history", "logs", "a", "b"], /at most 1 argument, not 2/],
  [["history", "logs", "--progress=quiet"], /invalid progress mode "quiet"/],
  [["history", "logs", "--progress=tty"], /needs a terminal/],
  [["history", "rm", "a", ""], /id is empty; "\^0" is the newest/],
  [["history", "inspect", "a", "b"], /at most 1 argument, not 2/],
  [["history", "inspect", "--format={{.Nope}}"], /there is no \.Nope/],
  [["history", "inspect", "--format={{range .X}}"], /template parsing error/],
  [
    ["history", "inspect", "attachment"],
    /at least one of --type, --platform or DIGEST/,
  ],
  [["history", "inspect", "attachment", "a", "b"], /invalid digest "b"/],
  [["history", "rm"], /rm requires at least one argument/],
  [["history", "rm", "a", "--all"], /either --all or at least one argument/],
  [["history", "export", "a", "--all"], /cannot specify refs/],
  [["completions", "bash", "zsh"], /exactly 1 argument/],
  [["prune", "--all=x"], /"x" for "--all"/],
  [["doctor", "a"], /no argument/],
  [["doctor", "--debug=x"], /"x" for "--debug"/],
  [["completions"], /exactly 1 argument/],
  [["completions", "powershell"], /"powershell": expected bash/],
];

/** What can't be built from on standard input. */
const STDIN: readonly (readonly [Uint8Array, RegExp])[] = [
  [new Uint8Array(), /standard input is empty/],
  [new Uint8Array(1024), /a tar without any file/],
  [new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0]), /packed with zstd/],
];

/** An engine's hello. */
const PONG = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nOstype: linux\r\nBuilder-Version: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
);

/** What it says of itself: its store has graph drivers. */
const INFO = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
);

Deno.test("every flag with a wrong value: one clear line, exit code 1 or 125, and no engine hears of it", async () => {
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\nLABEL a=b\n" });
    await Deno.mkdir(`${cwd}/empty`);
    await Deno.writeTextFile(`${cwd}/id`, "of an earlier build");
    const requests: string[] = [];
    using listener = Deno.listen({
      transport: "unix",
      path: `${cwd}/engine.sock`,
    });
    const serving = (async () => {
      for await (const conn of listener) {
        const buffer = new Uint8Array(4096);
        const count = await conn.read(buffer);
        const request = new TextDecoder().decode(
          buffer.subarray(0, count ?? 0),
        );
        if (/^(?:GET|HEAD) \S*\/_ping /.test(request)) {
          await conn.write(PONG).catch(() => {}); // the command may be gone
        } else if (/^GET \S*\/info /.test(request)) {
          await conn.write(INFO).catch(() => {});
        } else requests.push(request);
        conn.close();
      }
    })();
    const env = { DOCKER_HOST: `unix://${cwd}/engine.sock` };
    const runs = [
      ...WRONG.map(([words, answer]) => [["build", ...words], answer] as const),
      ...OTHERS,
      ...STDIN.map(([stdin, answer]) =>
        [["build", "-"], answer, stdin] as const
      ),
    ] as const;
    const check = async (
      words: readonly string[],
      answer: RegExp,
      stdin?: Uint8Array,
    ) => {
      const { code, stdout, stderr } = await davitHere(words, {
        cwd,
        env,
        ...(stdin === undefined ? {} : { stdin }),
      });
      const what = `${words.join(" ")}: ${stderr}`;
      // As docker's command, which ends so where it can't read a flag.
      const isFlag = /^ERROR: (?:unknown flag|flag needs)/.test(stderr) ||
        /"--(?:shm-size|ulimit|keep-storage|max-used-space)": /.test(stderr) ||
        /"until" for "--filter": /.test(stderr) ||
        / expected true or false$/m.test(stderr);
      assertEquals(code, isFlag ? 125 : 1, what);
      assertEquals(stdout.length, 0, what);
      assertMatch(stderr, answer, what);
      assertMatch(stderr, /^ERROR: [^\n]+\n$/, what);
      assert(!stderr.includes("hunter2"), what);
    };
    for (const [words, answer, stdin] of runs) {
      await check(words, answer, stdin);
    }
    // Before secrets and contexts are opened, an engine may be asked what it is.
    assertEquals(requests, []);
    // Nor was anything written or removed.
    assertEquals(
      (await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).sort(),
      ["Dockerfile", "empty", "engine.sock", "id"],
    );
    assertEquals(await Deno.readTextFile(`${cwd}/id`), "of an earlier build");
    listener.close();
    await serving;
  });
});
