import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { ConnectionError, UnsupportedError } from "../../lib/errors.ts";
import {
  endpointFromContext,
  endpointFromDockerConfig,
  endpointFromHost,
  findEndpoint,
  readIfThere,
} from "../../lib/transport/docker_config.ts";
import {
  defaultSockets,
  findDefaultSocket,
} from "../../lib/transport/default_sockets.ts";
import {
  closedClient,
  connectionFailure,
} from "../../lib/transport/failure.ts";

/** An environment that remembers which variables were read. */
function environment(values: Record<string, string>) {
  const read: string[] = [];
  return {
    read,
    get: (name: string) => {
      read.push(name);
      return values[name];
    },
  };
}

/** A configuration folder as docker's CLI writes it. */
async function configured(
  contexts: Record<string, unknown>,
  current?: string,
): Promise<string> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${folder}/config.json`,
    JSON.stringify(current === undefined ? {} : { currentContext: current }),
  );
  for (const [name, docker] of Object.entries(contexts)) {
    const meta = `${folder}/contexts/meta/${await sha256(name)}`;
    await Deno.mkdir(meta, { recursive: true });
    await Deno.writeTextFile(
      `${meta}/meta.json`,
      JSON.stringify({ Name: name, Endpoints: { docker } }),
    );
  }
  return folder;
}

Deno.test("endpointFromDockerConfig() goes down the ladder and reads no more than it needs", async () => {
  const folder = await configured({
    one: { Host: "unix:///one.sock" },
    two: { Host: "unix:///two.sock" },
  }, "two");
  const all = {
    DOCKER_HOST: "unix:///host.sock",
    DOCKER_CONTEXT: "one",
    DOCKER_CONFIG: folder,
  };
  const host = environment(all);
  assertEquals(await endpointFromDockerConfig(host), {
    kind: "unix",
    path: "/host.sock",
  });
  assertEquals(host.read, ["DOCKER_HOST"]);
  assertEquals(
    await endpointFromDockerConfig(environment({ ...all, DOCKER_HOST: "" })),
    { kind: "unix", path: "/one.sock" },
  );
  assertEquals(
    await endpointFromDockerConfig(environment({ DOCKER_CONFIG: folder })),
    { kind: "unix", path: "/two.sock" },
  );
  assertEquals(
    await endpointFromDockerConfig(
      environment({ ...all, DOCKER_HOST: "", DOCKER_CONTEXT: "default" }),
    ),
    undefined,
  );
  assertEquals(
    await endpointFromDockerConfig(environment({ HOME: "/nowhere" })),
    undefined,
  );
  assertEquals(await endpointFromDockerConfig(environment({})), undefined);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("endpointFromContext() says what is wrong with a context", async () => {
  const folder = await configured({
    empty: {},
    loose: { Host: "tcp://h:1", SkipTLSVerify: true },
  });
  const env = environment({ DOCKER_CONFIG: folder });
  await assertRejects(
    () => endpointFromContext("nope", env),
    TypeError,
    "no such context",
  );
  await assertRejects(
    () => endpointFromContext("empty", env),
    TypeError,
    "it names no engine",
  );
  await assertRejects(
    () => endpointFromContext("loose", env),
    UnsupportedError,
    'docker context update loose --docker "host=tcp://h:1,ca=ca.pem"',
  );
  await Deno.writeTextFile(`${folder}/config.json`, "{");
  await assertRejects(
    () => endpointFromDockerConfig(env),
    TypeError,
    "it is not JSON",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("endpointFromHost() takes certificates only where TLS is asked for", async () => {
  const folder = await Deno.makeTempDir();
  for (const name of ["ca", "cert", "key"]) {
    await Deno.writeTextFile(`${folder}/${name}.pem`, name.toUpperCase());
  }
  const tls = { ca: "CA", cert: "CERT", key: "KEY" };
  const tcp = { kind: "tcp", hostname: "h", port: 1 } as const;
  assertEquals(
    await endpointFromHost(
      "tcp://h:1",
      environment({ DOCKER_CERT_PATH: folder }),
    ),
    tcp,
  );
  assertEquals(
    await endpointFromHost(
      "tcp://h:1",
      environment({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder }),
    ),
    { ...tcp, tls },
  );
  assertEquals(
    await endpointFromHost(
      "tcp://h:1",
      environment({ DOCKER_TLS_VERIFY: "1", DOCKER_CONFIG: folder }),
    ),
    { ...tcp, tls },
  );
  assertEquals(await endpointFromHost("https://h:1", environment({})), {
    ...tcp,
    tls: {},
  });
  assertEquals(
    await endpointFromHost(
      "https://h:1",
      environment({ DOCKER_CERT_PATH: folder }),
    ),
    { ...tcp, tls },
  );
  await assertRejects(
    () => endpointFromHost("tcp://h:1", environment({ DOCKER_TLS: "1" })),
    UnsupportedError,
    "set DOCKER_TLS_VERIFY=1",
  );
  assertEquals(
    await endpointFromHost(
      "h:1",
      environment({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder }),
    ),
    { ...tcp, tls },
  );
  const unix = environment({});
  await endpointFromHost("unix:///x", unix);
  assertEquals(unix.read, []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("findEndpoint() takes what is set, and the first default socket that answers where nothing is", async () => {
  const folder = await Deno.makeTempDir();
  const listener = Deno.listen({
    transport: "unix",
    path: `${folder}/docker.sock`,
  });
  const values = { XDG_RUNTIME_DIR: folder, HOME: folder };
  // Before it comes the machine's own, if there is one.
  const { endpoint: expected } = await findDefaultSocket(
    defaultSockets(environment(values)),
  );
  assertEquals(await findEndpoint(environment(values)), expected);
  assertEquals(
    await endpointFromContext("default", environment(values)),
    expected,
  );
  const host = "unix:///other.sock";
  assertEquals(
    await findEndpoint(environment({ ...values, DOCKER_HOST: host })),
    { kind: "unix", path: "/other.sock" },
  );
  listener.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("closedClient() names the engine of the client", () => {
  assertEquals(
    closedClient({ kind: "unix", path: "/run/d.sock" }).message,
    "The client of unix:///run/d.sock is closed: make a new one",
  );
});

Deno.test("connectionFailure() says what to do", () => {
  const unix = { kind: "unix", path: "/run/d.sock" } as const;
  for (
    const [cause, words] of [
      [
        new Deno.errors.PermissionDenied("x"),
        'add yourself to the group that owns the socket (usually "docker")',
      ],
      [new Deno.errors.NotFound("x"), "start the engine or set DOCKER_HOST"],
      [
        new Deno.errors.NotCapable("x"),
        "--allow-net=unix:/run/d.sock,localhost:80 --allow-read=/run/d.sock --allow-write=/run/d.sock",
      ],
    ] as const
  ) {
    const failure = connectionFailure(unix, cause);
    assert(failure instanceof ConnectionError);
    assertStringIncludes(failure.message, words);
    assert(failure.cause === cause);
  }
});

Deno.test("a file of settings that is another user's: the error says which, and what to do", async () => {
  const { readTextFile } = Deno;
  // Root, who runs the tests, may read every file.
  Deno.readTextFile = () =>
    Promise.reject(new Deno.errors.PermissionDenied("os error 13"));
  try {
    const error = await assertRejects(
      () => readIfThere("/home/me/.docker/config.json"),
      Deno.errors.PermissionDenied,
      'Cannot read "/home/me/.docker/config.json": no permission; give the file to the user who builds',
    );
    assertStringIncludes(error.message, "or set DOCKER_CONFIG");
    assert(error.cause instanceof Deno.errors.PermissionDenied);
  } finally {
    Deno.readTextFile = readTextFile;
  }
});
