import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import {
  cacheExports,
  entitlements,
  frontendAttrs,
  type FrontendInputs,
} from "../../lib/imagebuild/ways/frontend_attrs.ts";
import { assertEquals } from "../support/assert.ts";

function requestOf(options: ImageBuildOptions): BuildRequest {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

/** The attributes of a request, without the one that each has. */
function attrsOf(
  options: ImageBuildOptions,
  inputs: Partial<FrontendInputs> = {},
): Record<string, string> {
  const request = requestOf(options);
  const { "image-resolve-mode": mode, ...attrs } = frontendAttrs(request, {
    localImages: true,
    dockerfile: undefined,
    context: undefined,
    contexts: {
      folders: new Map(),
      tars: new Map(),
      remotes: new Map(),
      files: new Map(),
    },
    forward: false,
    hosts: request.hosts ?? [],
    caches: request.cacheImports,
    ...inputs,
  });
  return mode === "local" ? attrs : { ...attrs, mode: mode! };
}

Deno.test("options become the attributes that buildx sends", () => {
  const cases: [ImageBuildOptions, Record<string, string>][] = [
    [{}, {}],
    [{ target: "a" }, { target: "a" }],
    [{ platform: "linux/arm64" }, { platform: "linux/arm64" }],
    [
      { buildargs: { A: "1", B: "", C: null, "a b": "x=y,z" } },
      { "build-arg:A": "1", "build-arg:B": "", "build-arg:a b": "x=y,z" },
    ],
    [{ labels: { "a.b": "c", d: "" } }, { "label:a.b": "c", "label:d": "" }],
    [{ nocache: true }, { "no-cache": "" }],
    [{ nocache: false }, {}],
    [{ nocachefilter: ["a", "b"] }, { "no-cache": "a,b" }],
    [{ nocachefilter: "a", nocache: false }, { "no-cache": "a" }],
    [{ networkmode: "none" }, { "force-network-mode": "none" }],
    [{ networkmode: "host" }, { "force-network-mode": "host" }],
    [{ networkmode: "default" }, {}],
    [{ networkmode: "" }, {}],
    [
      { extrahosts: ["a.b:1.2.3.4", "c:::1", 'd",:x'] },
      { "add-hosts": 'a.b=1.2.3.4,c=::1,"d"",=x"' },
    ],
    [
      {
        ulimits: [
          { name: "nofile", soft: 10, hard: 20 },
          { name: "core", soft: -1, hard: -1 },
        ],
      },
      { ulimit: "nofile=10:20,core=-1:-1" },
    ],
    [{ shmsize: 67_108_864 }, { "shm-size": "67108864" }],
    [{ cgroupparent: "/davit" }, { "cgroup-parent": "/davit" }],
    [
      { cachefrom: ["a:1", "b"] },
      {
        "cache-imports":
          '[{"Type":"registry","Attrs":{"ref":"a:1"}},{"Type":"registry","Attrs":{"ref":"b"}}]',
      },
    ],
    [{ cachefrom: [] }, {}],
    [{ sourceDateEpoch: 7 }, { "build-arg:SOURCE_DATE_EPOCH": "7" }],
    [
      { attest: { provenance: "max" } },
      { "attest:provenance": "mode=max" },
    ],
    [
      {
        attest: {
          provenance: { builderId: "a,b", inlineOnly: true },
          sbom: true,
        },
      },
      {
        "attest:provenance": 'mode=min,"builder-id=a,b",inline-only=true',
        "attest:sbom": "",
      },
    ],
    [
      { attest: { sbom: { generator: "g:1", parameters: { A: "b" } } } },
      { "attest:sbom": "generator=g:1,A=b" },
    ],
  ];
  for (const [options, attrs] of cases) {
    assertEquals(attrsOf(options), attrs, Deno.inspect(options));
  }
});

Deno.test("base images are asked for as on POST /build, and pull is read as there", () => {
  for (const pull of [true, "1", "true", "yes", " TRUE ", "x"]) {
    assertEquals(attrsOf({ pull }), { mode: "pull" }, Deno.inspect(pull));
  }
  for (
    const pull of [undefined, false, "", "0", "no", "none", "false", " FALSE"]
  ) {
    assertEquals(attrsOf({ pull }), {}, Deno.inspect(pull));
  }
});

Deno.test("the Dockerfile, the context and the hosts are as they are served", () => {
  assertEquals(
    attrsOf({ extrahosts: "a:host-gateway", dockerfile: "x" }, {
      dockerfile: "b/Dockerfile",
      context: "http://buildkit-session/1",
      hosts: [{ host: "a", address: "172.17.0.1" }],
    }),
    {
      filename: "b/Dockerfile",
      context: "http://buildkit-session/1",
      "add-hosts": "a=172.17.0.1",
    },
  );
});

Deno.test("the cache is written into the image only where that is asked for, and once", () => {
  const inline = [{ type: "inline", attrs: {} }];
  const other = [{ type: "registry", attrs: { ref: "a" } }];
  for (
    const [value, exports] of [
      ["1", inline],
      ["t", inline],
      ["T", inline],
      ["true", inline],
      ["TRUE", inline],
      ["True", inline],
      ["0", []],
      ["yes", []],
      ["", []],
      [null, []],
    ] as const
  ) {
    const request = requestOf({ buildargs: { BUILDKIT_INLINE_CACHE: value } });
    assertEquals(cacheExports(request, []), [...exports]);
    assertEquals(cacheExports(request, inline), inline);
    assertEquals(cacheExports(request, other), [...other, ...exports]);
  }
  assertEquals(cacheExports(requestOf({}), []), []);
});

Deno.test("the host's network is allowed where the steps are to use it", () => {
  for (
    const [options, allowed] of [
      [{}, []],
      [{ networkmode: "none" }, []],
      [{ networkmode: "host" }, ["network.host"]],
      [{ networkmode: "host", allow: "network.host" }, ["network.host"]],
      [
        { networkmode: "host", allow: ["device", "security.insecure"] },
        ["network.host", "device", "security.insecure"],
      ],
      [{ allow: "security.insecure" }, ["security.insecure"]],
    ] as const
  ) {
    assertEquals(entitlements(requestOf(options)), allowed);
  }
});
