import type { CacheFrom, CacheTo } from "../../lib/imagebuild/cache_options.ts";
import { openCaches } from "../../lib/imagebuild/caches.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { buildQuery } from "../../lib/imagebuild/ways/build_query.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { changedEnvironment } from "../support/environment.ts";

function requestOf(options: ImageBuildOptions): BuildRequest {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

type Attrs = Readonly<Record<string, string>>;

const ALL: Attrs = {
  "ref": "r.example:5000/a/b:1",
  "registry.insecure": "true",
  "mode": "max",
  "compression": "zstd",
  "compression-level": "3",
  "force-compression": "true",
  "image-manifest": "false",
  "oci-mediatypes": "false",
  "ignore-error": "true",
};

Deno.test("caches are given in buildx's words, as objects, or as names", () => {
  const words = Object.entries(ALL).map((entry) => entry.join("="));
  const same: (string | CacheTo)[] = [
    `type=registry,${words.join(",")}`,
    `${words.map((field) => `"${field}"`).join(",")},TYPE=registry`,
    `Ref=${ALL.ref},type=registry,registry.insecure=1,mode=max,compression=zstd,compression-level=3,Force-Compression=T,image-manifest=False,oci-mediatypes=0,ignore-error=t`,
    {
      type: "registry",
      ref: ALL.ref!,
      insecure: true,
      mode: "max",
      compression: "zstd",
      compressionLevel: 3,
      forceCompression: true,
      imageManifest: false,
      ociMediatypes: false,
      ignoreError: true,
    },
    { type: "registry", attrs: ALL } as unknown as CacheTo,
  ];
  for (const cacheto of same) {
    const { cacheExports, needs } = requestOf({ cacheto });
    assertEquals(cacheExports, [
      { type: "registry", attrs: ALL, secrets: {}, fromEnvironment: false },
    ]);
    assertEquals(needs, ["cacheto"]);
  }
  const names = (cachefrom: ImageBuildOptions["cachefrom"]) =>
    requestOf({ cachefrom }).cacheImports.map(({ attrs }) => attrs.ref);
  assertEquals(names("a,b:1"), ["a", "b:1"]);
  assertEquals(names(["a", { type: "registry", ref: "b" }]), ["a", "b"]);
  assertEquals(names('["type=registry,ref=a",{"type":"registry","ref":"b"}]'), [
    "a",
    "b",
  ]);
  assertEquals(names(""), []);
});

/** Every word of the services, with a value that it may have. */
const SERVICES: Readonly<Record<string, Attrs>> = {
  gha: {
    url: "u",
    url_v2: "u2",
    scope: "s",
    repository: "a/b",
    timeout: "5m",
    version: "2",
  },
  s3: {
    bucket: "b",
    region: "r",
    name: "n",
    prefix: "p/",
    blobs_prefix: "b/",
    manifests_prefix: "m/",
    endpoint_url: "e",
    use_path_style: "true",
    touch_refresh: "24h",
    upload_parallelism: "0",
  },
  azblob: {
    account_url: "u",
    account_name: "a",
    container: "c",
    name: "n",
    prefix: "p/",
    blobs_prefix: "b/",
    manifests_prefix: "m/",
  },
};

const SECRETS: Readonly<Record<string, readonly string[]>> = {
  gha: ["token", "ghtoken"],
  s3: ["access_key_id", "secret_access_key", "session_token"],
  azblob: ["secret_access_key"],
};

Deno.test("each word of a service is taken, and each that is secret is kept apart", () => {
  for (const [type, attrs] of Object.entries(SERVICES)) {
    const secrets = Object.fromEntries(
      SECRETS[type]!.map((word) => [word, `value of ${word}`]),
    );
    const words = Object.entries({ type, ...attrs, ...secrets })
      .map((entry) => entry.join("=")).join();
    const object = { type, attrs: { ...attrs, ...secrets } };
    const written = { mode: "max", "ignore-error": "true" };
    for (const given of [words, object as unknown as CacheTo & CacheFrom]) {
      const expected = { type, attrs, secrets, fromEnvironment: false };
      assertEquals(requestOf({ cachefrom: given }).cacheImports, [expected]);
      assertEquals(requestOf({ cacheto: given }).cacheExports, [expected]);
    }
    assertEquals(
      requestOf({ cacheto: `${words},mode=max,ignore-error=1` }).cacheExports,
      [{
        type,
        attrs: { ...attrs, ...written },
        secrets,
        fromEnvironment: false,
      }],
    );
    assertThrows(
      () => requestOf({ cachefrom: `${words},mode=max` }),
      TypeError,
      'there is no option "mode"',
    );
  }
});

Deno.test("names of images and the cache in an image need no other API, all else does", () => {
  for (
    const [options, needs, cacheFrom] of [
      [{}, [], undefined],
      [{ cachefrom: ["a", "type=registry,ref=b"] }, [], ["a", "b"]],
      [{ cacheto: "type=inline" }, [], undefined],
      [{ cacheto: "a" }, ["cacheto"], undefined],
      [
        { cachefrom: ["a", "type=registry,ref=b,registry.insecure=true"] },
        ["cachefrom"],
        undefined,
      ],
      [
        { cachefrom: "type=gha,scope=a", cacheto: ["type=inline", "a"] },
        ["cachefrom", "cacheto"],
        undefined,
      ],
    ] as [ImageBuildOptions, string[], string[] | undefined][]
  ) {
    const request = requestOf(options);
    assertEquals(request.needs, needs);
    assertEquals(request.cacheFrom, cacheFrom);
  }
});

Deno.test("POST /build is asked for the cache in an image by a build argument", () => {
  const args = (options: ImageBuildOptions) =>
    buildQuery(requestOf(options)).buildargs;
  assertEquals(
    args({ cacheto: "type=inline" }),
    '{"BUILDKIT_INLINE_CACHE":"1"}',
  );
  assertEquals(
    args({
      cacheto: { type: "inline" },
      buildargs: { A: "b", BUILDKIT_INLINE_CACHE: "0" },
    }),
    '{"A":"b","BUILDKIT_INLINE_CACHE":"1"}',
  );
  assertEquals(args({ cachefrom: "a" }), undefined);
});

Deno.test("a cache that can't be used is refused, with what was probably meant", () => {
  const FROM = "registry, local, gha, s3, azblob";
  const TO = "registry, inline, local, gha, s3, azblob";
  for (
    const [options, message] of [
      [
        { cachefrom: "type=inline" },
        "Cannot use cachefrom of type inline: an image that holds its cache is read as type=registry, with the image's name as ref",
      ],
      [
        { cachefrom: "type=nope" },
        `Cannot use cachefrom of type "nope": expected one of ${FROM}`,
      ],
      [
        { cachefrom: "type=toString" },
        `Cannot use cachefrom of type "toString": expected one of ${FROM}`,
      ],
      [
        { cacheto: { type: 5 } },
        `Cannot use cacheto of type 5: expected one of ${TO}`,
      ],
      [
        { cacheto: "ref=a" },
        `Cannot use cacheto: the type is missing; expected one of ${TO}`,
      ],
      [
        { cacheto: "inline" },
        "Cannot use cacheto inline: that would be the name of an image; write type=inline",
      ],
      [
        { cacheto: "a=b,c" },
        "Cannot use cacheto: expected fields as key=value with commas between, such as type=registry,ref=IMAGE",
      ],
      [
        { cachefrom: "type=gha,a=b" },
        'Cannot use cachefrom of type gha: there is no option "a"; expected one of url, url_v2, token, scope, repository, ghtoken, timeout, version',
      ],
      [
        { cacheto: "=b" },
        "Cannot use cacheto: expected fields as key=value with commas between, such as type=registry,ref=IMAGE",
      ],
      [
        { cacheto: 'type=registry,"ref=a' },
        "Cannot use cacheto: the quotes do not fit together",
      ],
      [
        { cacheto: "type=registry\nref=a" },
        "Cannot use cacheto: expected one line",
      ],
      [
        { cacheto: "type=registry,mode=max" },
        'Cannot use cacheto of type registry: "ref" is missing',
      ],
      [
        { cacheto: "type=s3,region=a" },
        'Cannot use cacheto of type s3: "bucket" is missing',
      ],
      [
        { cacheto: "type=registry,ref=a,imagemanifest=true" },
        'Cannot use cacheto of type registry: there is no option "imagemanifest"; did you mean "image-manifest"?',
      ],
      [
        { cacheto: { type: "registry", ref: "a", "image-manifest": true } },
        'Cannot use cacheto of type registry: there is no option "image-manifest"; did you mean "imageManifest"?',
      ],
      [
        { cacheto: { type: "registry", ref: "a", fromEnvironment: true } },
        'Cannot use cacheto of type registry: there is no option "fromEnvironment"',
      ],
      [
        { cacheto: { type: "registry", ref: "a", attrs: { Mode: "max" } } },
        'Cannot use cacheto of type registry with attrs: there is no option "Mode"; did you mean "mode"?',
      ],
      [
        { cacheto: { type: "registry", ref: "a", attrs: { ref: "b" } } },
        'Cannot use cacheto: "ref" is given as an option and in attrs',
      ],
      [
        { cacheto: { type: "gha", fromEnvironment: 1 } },
        "Cannot use cacheto fromEnvironment: expected true or false",
      ],
      [
        { cachefrom: "type=registry,ref=a,mode=max" },
        'Cannot use cachefrom of type registry: there is no option "mode"; expected one of ref, registry.insecure',
      ],
      [
        { cacheto: "type=inline,mode=max" },
        'Cannot use cacheto of type inline: "mode" has no usable value: expected min: the cache within an image has no other mode',
      ],
      [
        { cacheto: ["a:1", "type=registry,ref=a:1"] },
        "Cannot use cacheto: registry a:1 is named twice",
      ],
      [
        { cacheto: ["type=gha", "type=gha,mode=max"] },
        "Cannot use cacheto: gha is named twice",
      ],
      [
        { cacheto: "type=inline", outputs: { type: "local", dest: "out" } },
        'Cannot use cacheto of type inline: it needs an image to be kept in, and output "local" makes none',
      ],
      ...[
        ["type=registry,ref=", "ref", "the name of an image"],
        ["type=registry,ref=a b", "ref", "the name of an image"],
        ["type=registry,ref=a,mode=all", "mode", "min or max"],
        [
          "type=registry,ref=a,compression=xz",
          "compression",
          "one of uncompressed, gzip, estargz, zstd",
        ],
        [
          "type=registry,ref=a,compression-level=-1",
          "compression-level",
          "a whole number of at least 0",
        ],
        [
          "type=registry,ref=a,ignore-error=yes",
          "ignore-error",
          "true or false",
        ],
        ["type=gha,scope=", "scope", "one line of text"],
        ["type=gha,timeout=5", "timeout", "a time such as 10m or 1h30m"],
      ].map((
        [cacheto, word, expected],
      ) => [
        { cacheto },
        `Cannot use cacheto of type ${
          /type=(\w+)/.exec(cacheto!)![1]
        }: "${word}" has no usable value: expected ${expected}`,
      ]),
      ...[true, 1.5, -1, 2 ** 60, "1.5", null].map((
        compressionLevel,
      ) => [
        { cacheto: { type: "registry", ref: "a", compressionLevel } },
        'Cannot use cacheto of type registry: "compression-level" has no usable value: expected a whole number of at least 0',
      ]),
      [
        { cacheto: "type=gha,token=" },
        'Cannot use cacheto of type gha: "token" is a value, or one of { file }, { env } and { value }',
      ],
      [
        { cacheto: { type: "gha", token: () => "a" } },
        'Cannot use cacheto of type gha: "token" is a value, or one of { file }, { env } and { value }',
      ],
    ] as [ImageBuildOptions, string][]
  ) {
    const error = assertThrows(() => requestOf(options), TypeError);
    assertEquals(error.message, message);
  }
  for (
    const [compression, most] of [["gzip", 9], ["zstd", 22], [
      undefined,
      9,
    ]] as const
  ) {
    const cache = { type: "registry", ref: "a", compression } as const;
    requestOf({ cacheto: { ...cache, compressionLevel: most } });
    const error = assertThrows(() =>
      requestOf({ cacheto: { ...cache, compressionLevel: most + 1 } })
    );
    assertStringIncludes(
      String(error),
      `"compression-level" is at most ${most} for ${compression ?? "gzip"}`,
    );
  }
  // A source of a secret is looked at before anything is read.
  for (
    const token of [{}, { env: "" }, { env: "A", value: "b" }, { url: "" }]
  ) {
    for (const option of ["cacheto", "cachefrom"] as const) {
      const error = assertThrows(
        () => requestOf({ [option]: { type: "gha", token } } as never),
        TypeError,
      );
      assertStringIncludes(error.message, "gha token");
    }
  }
  const forms = assertThrows(() =>
    requestOf({
      cacheto: "type=registry,ref=a,image-manifest=1,oci-mediatypes=0",
    })
  );
  assertStringIncludes(
    String(forms),
    "in the form of an image has OCI's media",
  );
  for (
    const words of [
      "image-manifest=0,oci-mediatypes=0",
      "image-manifest=1",
      "oci-mediatypes=0",
    ]
  ) {
    requestOf({ cacheto: `type=registry,ref=a,${words}` });
  }
  for (const timeout of ["10m", "1h30m", "1.5s", ".5s", "300ms"]) {
    requestOf({ cacheto: { type: "gha", timeout } });
  }
  for (
    const caches of [["type=inline", "a", "b"], [
      "type=gha,scope=a",
      "type=gha,scope=b",
    ]]
  ) {
    requestOf({ cacheto: caches });
  }
  const inline = { cacheto: "type=inline" } as const;
  requestOf({
    ...inline,
    outputs: [{ type: "local", dest: "o" }, { type: "oci", dest: "a" }],
  });
  requestOf({ ...inline, outputs: { type: "moby" } });
  for (const cacheto of ["type=inline", "a"]) {
    const error = assertThrows(() => requestOf({ cacheto, version: "1" }));
    assertStringIncludes(
      String(error),
      "Cannot build with cacheto: the classic builder",
    );
  }
});

const NEVER = new AbortController().signal;

/** Opens caches of GitHub's kind in an environment of these variables alone. */
async function opened(options: ImageBuildOptions, environment: Attrs = {}) {
  const names = [
    "RUNTIME_TOKEN",
    "CACHE_URL",
    "RESULTS_URL",
    "CACHE_SERVICE_V2",
  ];
  using _alone = changedEnvironment(
    Object.fromEntries(
      names.map((name) => [`ACTIONS_${name}`, environment[name]]),
    ),
  );
  return await openCaches(requestOf(options), NEVER);
}

Deno.test("a token comes from where a secret does, and is told apart", async () => {
  const token = "long-token-of-github";
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, token);
    for (
      const given of [
        token,
        new Secret(token),
        new TextEncoder().encode(token),
        { value: token },
        { file },
        { env: "ACTIONS_RUNTIME_TOKEN" },
      ]
    ) {
      const { cacheImports } = requestOf({
        cachefrom: { type: "gha", url: "u", token: given },
      });
      assertEquals(cacheImports[0]!.attrs, { url: "u" });
      const { imports, exports, secrets } = await opened(
        { cachefrom: { type: "gha", url: "u", token: given } },
        { RUNTIME_TOKEN: token },
      );
      assertEquals(imports, [{ type: "gha", attrs: { url: "u", token } }]);
      assertEquals(exports, []);
      assertEquals(
        secrets.map((
          [name, { reveal: _, ...secret }],
        ) => [name, String(secret)]).length,
        1,
      );
      assertEquals(new TextDecoder().decode(secrets[0]![1].reveal()), token);
      assertEquals(secrets[0]![0], "gha token");
    }
  } finally {
    await Deno.remove(file);
  }
  const error = await assertRejects(() =>
    opened({
      cacheto: { type: "gha", token: { env: "ACTIONS_RUNTIME_TOKEN" } },
    })
  );
  assertStringIncludes(String(error), '"gha token"');
  const { exports, secrets } = await opened({
    cacheto: {
      type: "s3",
      attrs: {
        bucket: "b",
        access_key_id: "id-of-key",
        secret_access_key: "secret-of-key",
      },
      mode: "max",
    },
  });
  assertEquals(exports, [{
    type: "s3",
    attrs: {
      bucket: "b",
      mode: "max",
      access_key_id: "id-of-key",
      secret_access_key: "secret-of-key",
    },
  }]);
  assertEquals(secrets.map(([name]) => name), [
    "s3 access_key_id",
    "s3 secret_access_key",
  ]);
});

Deno.test("the engine keeps no record of a build whose caches are read with a token, unless that is asked for", async () => {
  const cache = { type: "gha", url: "u", token: "long-token" } as const;
  const environment = { type: "gha", fromEnvironment: true } as const;
  for (
    const [options, history] of [
      [{ cachefrom: cache }, false],
      [{ cachefrom: environment }, false],
      [{ cachefrom: cache, history: true }, true],
      [{ cachefrom: { type: "gha", url: "u" } }, true],
      [{ cachefrom: "a:1" }, true],
      [{ cachefrom: "a:1", history: false }, false],
      [{ cacheto: cache }, true],
    ] as [ImageBuildOptions, boolean][]
  ) assertEquals(requestOf(options).history, history);
  const { warnings } = await opened({
    cachefrom: cache,
    cacheto: { ...cache, token: "another-token" },
    history: true,
  });
  assertEquals(warnings, [[
    "secret-visible",
    'the engine\'s history of builds keeps "gha token" of cachefrom: leave the option history out',
    "cachefrom",
  ]]);
  assertEquals((await opened({ cachefrom: cache })).warnings, []);
  assertEquals(
    (await opened({ cacheto: cache, history: true })).warnings,
    [],
  );
});

Deno.test("GitHub's cache reads the environment only where that is asked for, as buildx reads it", async () => {
  const runner = {
    RUNTIME_TOKEN: "token-of-runner",
    CACHE_URL: "c",
    RESULTS_URL: "r",
  };
  const asked = { type: "gha", fromEnvironment: true } as const;
  for (
    const [cache, environment, attrs] of [
      [{ type: "gha" }, runner, {}],
      [asked, runner, { token: runner.RUNTIME_TOKEN, url: "c" }],
      [asked, { ...runner, CACHE_URL: "" }, {
        token: runner.RUNTIME_TOKEN,
        url: "r",
      }],
      [asked, { ...runner, CACHE_SERVICE_V2: "True" }, {
        token: runner.RUNTIME_TOKEN,
        url: "c",
        url_v2: "r",
      }],
      [asked, { ...runner, CACHE_SERVICE_V2: "no" }, {
        token: runner.RUNTIME_TOKEN,
        url: "c",
      }],
      [{ ...asked, attrs: { version: "2" } }, runner, {
        version: "2",
        token: runner.RUNTIME_TOKEN,
        url: "c",
        url_v2: "r",
      }],
      [{ ...asked, attrs: { version: "1" } }, {
        ...runner,
        CACHE_SERVICE_V2: "1",
      }, { version: "1", token: runner.RUNTIME_TOKEN, url: "c" }],
      [{ ...asked, token: "own-token", url: "own", urlV2: "v2" }, {
        ...runner,
        CACHE_SERVICE_V2: "1",
      }, { token: "own-token", url: "own", url_v2: "v2" }],
      [asked, {}, undefined],
      [asked, { RUNTIME_TOKEN: "token-of-runner" }, undefined],
      [asked, { CACHE_URL: "c" }, undefined],
    ] as [CacheFrom, Attrs, Attrs | undefined][]
  ) {
    const { imports, secrets, warnings } = await opened(
      { cachefrom: cache },
      environment,
    );
    assertEquals(imports, attrs === undefined ? [] : [{ type: "gha", attrs }]);
    assertEquals(
      secrets.map((
        [name, secret],
      ) => [name, new TextDecoder().decode(secret.reveal())]),
      attrs?.token === undefined ? [] : [["gha token", attrs.token]],
    );
    assertEquals(
      warnings,
      attrs !== undefined ? [] : [[
        "option-ignored",
        `cachefrom of type gha has no effect: the environment has no ${
          environment.RUNTIME_TOKEN === undefined
            ? "ACTIONS_RUNTIME_TOKEN"
            : "ACTIONS_CACHE_URL"
        }, as outside of GitHub's runners, or Deno's permissions keep it closed`,
        "cachefrom",
      ]],
    );
  }
});

Deno.test({
  name: "an environment that davit may not read has no cache of GitHub's",
  permissions: { env: false },
  async fn() {
    const cachefrom = { type: "gha", fromEnvironment: true } as const;
    const { imports, warnings } = await openCaches(
      requestOf({ cachefrom }),
      NEVER,
    );
    assertEquals([imports, warnings.map(([code]) => code)], [[], [
      "option-ignored",
    ]]);
  },
});
