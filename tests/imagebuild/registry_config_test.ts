import { engineHost } from "../../lib/imagebuild/host.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { baseRegistries } from "../../lib/imagebuild/ways/base_registries.ts";
import { openContexts } from "../../lib/imagebuild/context/named_contexts.ts";
import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import { checkRequest } from "./request.ts";
import { chooseWay } from "../../lib/imagebuild/way.ts";
import {
  CredentialStore,
  type CredentialStoreOptions,
} from "../../lib/credentials/store.ts";
import { Engine, type EngineFacts } from "../../lib/engine/engine.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import { registryConfig } from "../../lib/imagebuild/ways/registry_config.ts";
import { UnsupportedError } from "../../mod.ts";
import { readyBuild } from "./ready_build.ts";

Deno.test("baseRegistries() finds where the images of a Dockerfile come from", () => {
  const dockerfile = [
    "# syntax=docker/dockerfile:1",
    "ARG HOST=default.example PATH_=app",
    "ARG EMPTY",
    "ARG FULL=${HOST}:5000",
    "FROM --platform=linux/amd64 $HOST/${PATH_}:1 AS Made",
    "ARG HOST=inside.example",
    "RUN --mount=type=bind,from=mount.example/x,target=/x \\",
    "    --mount=from=made,target=/y echo from=no.example/x",
    "FROM made AS again",
    "FROM scratch",
    "COPY --from=0 / /",
    "COPY --chown=1 --from=copy.example:443/x / /",
    "COPY --from=Again / /",
    "FROM ${FULL}/x",
    "FROM ${EMPTY:-other.example}/x",
    "FROM alpine",
    "ENV X=1 --from=no.example/x",
    "ADD --from=add.example/x / /",
    "FROM $UNKNOWN",
    "RUN <<EOF",
    "FROM hidden.example/x",
    "EOF",
  ].join("\n");
  assertEquals(baseRegistries(dockerfile), [
    "default.example",
    "mount.example",
    "copy.example:443",
    "default.example:5000",
    "other.example",
    "docker.io",
    "add.example",
  ]);
  assertEquals(
    baseRegistries(dockerfile, { HOST: "arg.example", EMPTY: "e.example" })
      .slice(0, 5),
    [
      "arg.example",
      "mount.example",
      "copy.example:443",
      "arg.example:5000",
      "e.example",
    ],
  );
});

/** What a build sends in the header, by registry, and what it warns of. */
async function sent(
  options: ImageBuildOptions,
  sources: CredentialStoreOptions,
  dockerfile?: string,
  facts: Partial<EngineFacts> = {},
): Promise<{ logins: Record<string, string>; warnings: string[] }> {
  const record = new BuildRecord(() => undefined, []);
  let header = new Headers();
  const engine = new Engine({
    fetch(path, init) {
      if (path === "/_ping") {
        return Promise.resolve(
          new Response("OK", { headers: { "Api-Version": "1.41" } }),
        );
      }
      header = new Headers(init?.headers);
      return Promise.resolve(new Response(`{"aux":{"ID":"sha256:0"}}\n`));
    },
    close() {},
  });
  const request = checkRequest(
    options,
    dockerfile === undefined ? { kind: "tar", stream: new ReadableStream() } : {
      kind: "folder",
      path: undefined,
      dockerfile: { text: dockerfile },
      ignore: undefined,
    },
  );
  const { signal } = new AbortController();
  const host = engineHost(engine);
  const met = await host.meet(signal);
  const way = await chooseWay(request, facts as EngineFacts);
  await way.run({
    host,
    ...met,
    facts: facts as EngineFacts,
    request,
    context: await openOffer(request.context),
    contexts: await openContexts(request.contexts),
    inputs: {
      secrets: await SecretStore.open({}, signal),
      logins: new CredentialStore(sources),
      tokenServer: () => Promise.resolve(undefined),
      agents: undefined,
      caches: {
        imports: [],
        exports: [],
        local: [],
        unopened: [],
        secrets: [],
        warnings: [],
      },
      stores: new Map(),
    },
    exports: undefined,
    record,
    stop: signal,
    onDockerfile: () => {},
  }, undefined);
  assertEquals(header.get("content-type"), "application/x-tar");
  const value = header.get("X-Registry-Config")
    ?.replaceAll("-", "+").replaceAll("_", "/");
  const map: Record<string, { password?: string; identitytoken?: string }> =
    value === undefined ? {} : JSON.parse(atob(value));
  return {
    logins: Object.fromEntries(
      Object.entries(map).map(([registry, login]) => [
        registry,
        login.password ?? login.identitytoken ?? "",
      ]),
    ),
    warnings: record.state.warnings.map(({ short }) => short),
  };
}

const PODMAN = { libpodApiVersion: "4.3.1" };
const GIVEN = {
  "given.example": { username: "u", password: "given ??>>" },
  "docker.io": {},
};

Deno.test("registryConfig() gives builders without a session what is given by registry", async () => {
  const nothing = { logins: {}, warnings: [] };
  const given = { logins: { "given.example": "given ??>>" }, warnings: [] };
  for (
    const [options, facts, expected] of [
      [{ version: "1" }, {}, given],
      [{}, PODMAN, given],
      [{ version: "1" }, PODMAN, given],
      [{}, { gateway: true }, given],
      [{}, {}, nothing],
      [{ session: "theirs", credentials: GIVEN }, {}, nothing],
    ] as [ImageBuildOptions, Partial<EngineFacts>, typeof given][]
  ) {
    assertEquals(
      await sent(options, { credentials: GIVEN }, undefined, facts),
      expected,
    );
  }
  const { warnings } = await sent({ credentials: GIVEN }, {});
  assertStringIncludes(warnings[0]!, "credentials are ignored");
  assertEquals(await sent({ version: "1" }, {}), nothing);
});

Deno.test("registryConfig() asks a function for the Dockerfile's registries, or says that it can't", async () => {
  const asked: string[] = [];
  const callback = (host: string) => {
    asked.push(host);
    return host === "b.example" ? { identitytoken: "token" } : null;
  };
  const dockerfile = "ARG H\nFROM a.example/x\nFROM $H/x\nFROM given.example/x";
  const options: ImageBuildOptions = {
    version: "1",
    buildargs: { H: "b.example" },
  };
  assertEquals(
    await sent(options, {
      credentials: GIVEN,
      client: { credentials: callback },
    }, dockerfile),
    {
      logins: { "given.example": "given ??>>", "b.example": "token" },
      warnings: [],
    },
  );
  assertEquals(asked, ["a.example", "b.example"]);

  const unknown = await sent(options, {
    credentials: GIVEN,
    client: { credentials: callback },
  });
  assertEquals(Object.keys(unknown.logins), ["given.example"]);
  assertEquals(unknown.warnings.length, 1);
  assertStringIncludes(unknown.warnings[0]!, "give the logins by registry");
  const error = await assertRejects(
    () =>
      sent(
        { credentials: callback },
        { client: { credentials: callback } },
        undefined,
        PODMAN,
      ),
    UnsupportedError,
    "give the logins by registry",
  );
  assertEquals(error.feature, "logins from functions on podman");
  // The client's own function serves other engines, too.
  const client = await sent(
    {},
    { client: { credentials: callback } },
    undefined,
    PODMAN,
  );
  assertEquals(client.warnings.length, 1);
  assertEquals(asked.length, 2);
});

Deno.test("registryConfig() takes docker's logins for the Dockerfile's registries, else all that are listed", async () => {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/config.json`,
      JSON.stringify({
        auths: {
          "https://a.example/v1/": { auth: btoa("u:secret a") },
          "b.example": { auth: btoa("u:secret b") },
          "c.example": {},
          "given.example": { auth: btoa("u:not this one") },
          "not a host": {},
        },
        credHelpers: { "h.example": "davit-absent" },
      }),
    );
    const variables: Record<string, string> = {
      DOCKER_CONFIG: folder,
      DOCKER_AUTH_CONFIG: JSON.stringify({
        auths: { "e.example": { auth: btoa("u:secret e") } },
      }),
    };
    const env = { get: (name: string) => variables[name] };
    const sources = { credentials: GIVEN, client: { dockerConfig: true }, env };
    assertEquals(
      await sent({ version: "1" }, sources, "FROM b.example/x\nFROM alpine"),
      {
        logins: { "given.example": "given ??>>", "b.example": "secret b" },
        warnings: [],
      },
    );
    const { logins, warnings } = await sent({}, sources, undefined, PODMAN);
    assertEquals(logins, {
      "given.example": "given ??>>",
      "e.example": "secret e",
      "a.example": "secret a",
      "b.example": "secret b",
    });
    // One that is broken may not be needed.
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes("docker-credential-davit-absent"));
    await assertRejects(
      () => sent({ version: "1" }, sources, "FROM h.example/x"),
      Error,
      "docker-credential-davit-absent",
    );
  });
});

Deno.test("registryConfig() passes on what is no fault of a login", async () => {
  const own = new RangeError("not a login's");
  const { build } = await readyBuild({ version: "1" });
  const logins = {
    given: () => [],
    asksFunction: false,
    listed: () => Promise.resolve(["a.example"]),
    getListed: () => Promise.reject(own),
  } as unknown as CredentialStore;
  const error = await registryConfig({
    ...build,
    inputs: { ...build.inputs, logins },
  }).catch((error) => error);
  assertEquals(error, own);
});
