/** A value that no answer may hold a part of. */
export const SECRET = "s3cr3t-value-of-the-attacks";
const good = btoa(JSON.stringify({ id: SECRET }));

/** A request in text; lines end in CR LF unless they say otherwise. */
export function request(
  line: string,
  headers: readonly string[] = [],
  body = "",
): string {
  return [`${line} HTTP/1.1`, "Host: localhost", ...headers, "", body]
    .join("\r\n");
}

/** A build without a body. */
export const build = (query: string, ...headers: string[]): string =>
  request(`POST /build?${query}`, ["Content-Length: 0", ...headers]);
const secrets = (value: string, query = "version=2") =>
  build(query, `X-BuildKit-Secrets: ${value}`);
const chunked = (body: string) =>
  request("POST /build", ["Transfer-Encoding: chunked"], body);
const json = (value: unknown) => btoa(JSON.stringify(value));

/**
 * What is tried, what it gets, and the bytes; `true` where a build has begun when
 * its body turns out to be wrong, and is cut off. The table in the docs has the
 * same.
 */
export const ATTACKS: readonly (readonly [
  name: string,
  status: number,
  bytes: string,
  begins?: true,
])[] = [
  // Two readers, two requests.
  [
    "Content-Length and Transfer-Encoding",
    400,
    request(
      "POST /build",
      ["Content-Length: 5", "Transfer-Encoding: chunked"],
      "0\r\n\r\n",
    ),
  ],
  [
    "two Content-Length",
    400,
    request("POST /build", ["Content-Length: 0", "Content-Length: 5"], "hello"),
  ],
  [
    "two equal Content-Length",
    400,
    request("POST /build", ["Content-Length: 0", "Content-Length: 0"]),
  ],
  [
    "a list as Content-Length",
    400,
    request("POST /build", ["Content-Length: 0, 5"]),
  ],
  [
    "Content-Length: +5",
    400,
    request("POST /build", ["Content-Length: +5"], "hello"),
  ],
  [
    "Content-Length: 0x5",
    400,
    request("POST /build", ["Content-Length: 0x5"], "hello"),
  ],
  [
    "Transfer-Encoding: gzip, chunked",
    400,
    request("POST /build", ["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n"),
  ],
  [
    "Transfer-Encoding: xchunked",
    400,
    request("POST /build", ["Transfer-Encoding: xchunked"], "0\r\n\r\n"),
  ],
  [
    "two Transfer-Encoding",
    400,
    request("POST /build", [
      "Transfer-Encoding: chunked",
      "Transfer-Encoding: identity",
    ], "0\r\n\r\n"),
  ],
  [
    "a blank before the colon",
    400,
    request("POST /build", ["Transfer-Encoding : chunked"], "0\r\n\r\n"),
  ],
  [
    "a header that goes on (obs-fold)",
    400,
    request("POST /build", ["X-A: b", " c: d"]),
  ],
  [
    "a line that ends in LF alone",
    400,
    "POST /build HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n",
  ],
  [
    "a head that ends in two LF",
    400,
    "GET /_ping HTTP/1.1\nHost: localhost\n\n",
  ],
  ["CR alone in a value", 400, request("GET /_ping", ["X-A: b\rc: d"])],
  ["NUL in a value", 400, request("GET /_ping", ["X-A: b\0"])],
  ["chunk extensions", 400, chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), true],
  ["a chunk's size with 0x", 400, chunked("0x5\r\nhello\r\n0\r\n\r\n"), true],
  [
    "a chunk that ends in LF alone",
    400,
    chunked("5\r\nhello\n0\r\n\r\n"),
    true,
  ],
  ["a chunk's size of 9 digits", 400, chunked("100000000\r\n"), true],
  [
    "a chunk longer than its size",
    400,
    chunked("3\r\nhello\r\n0\r\n\r\n"),
    true,
  ],
  ["trailers", 400, chunked("0\r\nX-BuildKit-Secrets: e30=\r\n\r\n"), true],
  ["no Host", 400, "GET /_ping HTTP/1.1\r\n\r\n"],
  ["two Hosts", 400, request("GET /_ping", ["Host: other"])],
  ["HTTP/1.0", 505, "GET /_ping HTTP/1.0\r\nHost: a\r\n\r\n"],
  ["the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  [
    "Upgrade: h2c",
    400,
    request("GET /_ping", ["Connection: Upgrade", "Upgrade: h2c"]),
  ],
  [
    "an absolute target of another host",
    400,
    request("GET http://other/_ping"),
  ],
  ["a target of other form (CONNECT)", 400, request("CONNECT localhost:80")],
  [
    "Expect: something",
    417,
    request("POST /build", ["Content-Length: 0", "Expect: 200-ok"]),
  ],
  // Other paths.
  ["containers", 403, request("GET /v1.41/containers/json")],
  [
    "a session of its own",
    403,
    request("POST /session", ["Connection: Upgrade", "Upgrade: h2c"]),
  ],
  [
    "BuildKit's own API",
    403,
    request("POST /grpc", ["Connection: Upgrade", "Upgrade: h2c"]),
  ],
  ["exec behind ..", 403, request("POST /build/../containers/create")],
  [
    "exec behind encoded dots",
    403,
    request("POST /build/%2e%2e/containers/create"),
  ],
  ["an encoded slash", 403, request("GET /images/..%2fcontainers%2fjson/json")],
  ["an escape in an escape", 403, request("GET /images/%252e%252e/json")],
  ["two slashes", 403, request("GET //containers/json")],
  ["a backslash", 403, request("GET /images\\..\\containers/json")],
  ["a dot at the end", 403, request("POST /build.")],
  ["a slash at the end", 403, request("POST /build/")],
  ["another case", 403, request("POST /BUILD")],
  ["two versions", 403, request("GET /v1.41/v1.41/containers/json")],
  ["an unknown version of form", 403, request("GET /v1.41.1/_ping")],
  ["a fragment", 400, request("GET /_ping#/containers/json")],
  ["an escape that is none", 400, request("GET /images/%zz/json")],
  [
    "an image's name that leads elsewhere",
    403,
    request("GET /images/get/../../info/json"),
  ],
  ["removing an image", 403, request("DELETE /images/busybox?force=1")],
  ["reading an image", 403, request("GET /images/get?names=busybox")],
  ["pushing an image", 403, request("POST /images/busybox/push")],
  ["another method", 403, request("PUT /build")],
  [
    "a body for a question",
    400,
    request("GET /version", ["Content-Length: 5"], "hello"),
  ],
  ["cancelling without an id", 400, request("POST /build/cancel")],
  ["cancelling an empty id", 400, request("POST /build/cancel?id=")],
  // Ways out of a build.
  ["networkmode=host", 403, build("version=2&networkmode=host")],
  ["networkmode=host, encoded", 403, build("version=2&%6eetworkmode=%68ost")],
  [
    "networkmode twice",
    403,
    build("version=2&networkmode=default&networkmode=host"),
  ],
  ["another container's network", 403, build("networkmode=container:db")],
  ["a semicolon in the query", 400, build("version=2;networkmode=host")],
  ["cgroupparent", 403, build("cgroupparent=/")],
  ["entitlements", 403, build("version=2&entitlements=security.insecure")],
  ["a foreign session", 403, build("version=2&session=abcdef")],
  [
    "another client's key of its steps",
    403,
    build("extrahosts=0a1b.Davit-Gateway.invalid:0.0.0.0"),
  ],
  [
    "such a key behind a comma",
    400,
    build("extrahosts=a:1.1.1.1,0a1b.davit-gateway.invalid%3D0.0.0.0"),
  ],
  [
    "such a key before an address",
    400,
    build("extrahosts=a%3D1.1.1.1,0a1b.davit-gateway.invalid:0.0.0.0"),
  ],
  ["an extra host in quotes", 400, build('extrahosts="a":1.1.1.1')],
  ["a parameter that nobody knows", 403, build("version=2&volume=/:/host")],
  [
    "secrets of podman's form",
    403,
    build("secrets=%5B%22id%3Da%2Csrc%3D%2Fetc%2Fshadow%22%5D"),
  ],
  ["remote on loopback", 403, build("remote=http://127.0.0.1:2375/")],
  ["remote on loopback, as a number", 403, build("remote=http://2130706433/")],
  ["remote on loopback, in octal", 403, build("remote=http://0177.0.0.1/")],
  [
    "remote with leading zeros (010.0.0.1)",
    403,
    build("remote=http://010.0.0.1/"),
  ],
  [
    "remote on a public host with leading zeros",
    403,
    build("remote=http://8.8.8.010/"),
  ],
  [
    "remote with a host in hexadecimal",
    403,
    build("remote=http://0x08080808/"),
  ],
  ["remote with three numbers", 403, build("remote=http://8.8.2056/")],
  [
    "remote with digits of full width",
    403,
    build(`remote=${encodeURIComponent("http://８.8.8.8/")}`),
  ],
  [
    "remote with an escape in its host",
    403,
    build("remote=http://8%252e8.8.8/"),
  ],
  [
    "remote with ? in place of a path",
    403,
    build("remote=http://8.8.8.8?@10.0.0.1/"),
  ],
  ["remote with two @", 403, build("remote=http://a@b@8.8.8.8/")],
  ["remote with HTTP in capitals", 403, build("remote=HTTP://8.8.8.8/")],
  ["remote on IPv4 in IPv6", 403, build("remote=http://[::ffff:10.0.0.1]/")],
  [
    "remote on a cloud's metadata",
    403,
    build("remote=http://169.254.169.254/latest/"),
  ],
  [
    "remote with another host before the @",
    403,
    build("remote=http://example.com@10.0.0.1/"),
  ],
  [
    "remote with a backslash",
    403,
    build("remote=http://10.0.0.1\\@example.com/"),
  ],
  ["remote by name", 403, build("remote=git://localhost/repo.git")],
  ["remote of ssh", 403, build("remote=ssh://git@10.0.0.1/repo.git")],
  ["remote of another's session", 403, build("remote=client-session")],
  [
    "the context of another's build",
    403,
    build("remote=upload-request&buildid=a"),
  ],
  [
    "a context for another's build",
    403,
    build("version=2&buildid=upload-request:a"),
  ],
  [
    "an export to the client",
    403,
    build(`version=2&outputs=${encodeURIComponent('[{"Type":"local"}]')}`),
  ],
  [
    "an output by two spellings",
    403,
    build(
      `version=2&outputs=${
        encodeURIComponent('[{"Type":"moby","type":"tar"}]')
      }`,
    ),
  ],
  [
    "an output that pushes",
    403,
    build(
      `version=2&outputs=${
        encodeURIComponent('[{"Type":"image","Attrs":{"push":"true"}}]')
      }`,
    ),
  ],
  // The header.
  ["secrets that are not base64", 400, secrets(`{"id":"${SECRET}"}`)],
  ["base64 of the URL alphabet", 400, secrets("eyJhIjoiPz8_In0=")],
  [
    "base64 without padding",
    400,
    secrets(json({ a: "bc" }).replace(/=*$/, "")),
  ],
  ["base64 with bits left over", 400, secrets("e31=")],
  ["base64 of no JSON", 400, secrets(btoa(SECRET))],
  ["JSON that is no object", 400, secrets(json([SECRET]))],
  ["JSON that is no UTF-8", 400, secrets(btoa('{"a":"\xff"}'))],
  ["an id twice", 400, secrets(btoa(`{"a":"${SECRET}","a":"x"}`))],
  [
    "an id twice, one escaped",
    400,
    secrets(btoa(`{"a":"${SECRET}","\\u0061":"x"}`)),
  ],
  ["an empty id", 400, secrets(json({ "": SECRET }))],
  ["a number as a value", 400, secrets(json({ a: 1 }))],
  [
    "a value with a field besides",
    400,
    secrets(json({ a: { base64: "", src: SECRET } })),
  ],
  ["half a character as a value", 400, secrets(btoa('{"a":"\\ud800"}'))],
  [
    "the header twice",
    400,
    build(
      "version=2",
      `X-BuildKit-Secrets: ${good}`,
      `X-BuildKit-Secrets: ${good}`,
    ),
  ],
  ["an empty header", 400, secrets("")],
  [
    "a secret's value in a build argument",
    400,
    secrets(
      good,
      `buildargs=${encodeURIComponent(JSON.stringify({ A: SECRET }))}`,
    ),
  ],
  [
    "a secret's value in a build argument, escaped",
    400,
    secrets(
      good,
      `buildargs=${
        encodeURIComponent(
          `{"A":"\\u0073${SECRET.slice(1)}"}`,
        )
      }`,
    ),
  ],
  [
    "a secret's value as the name of a label",
    400,
    secrets(
      good,
      `labels=${encodeURIComponent(`{"\\u0073${SECRET.slice(1)}":"a"}`)}`,
    ),
  ],
  ["secrets and version=1", 400, secrets(good, "version=1")],
  [
    "secrets and a foreign session",
    403,
    secrets(good, "version=2&session=abc"),
  ],
  [
    "secrets of more than 512 KiB",
    431,
    secrets(json({ a: "x".repeat(500_000) })),
  ],
  [
    "secrets of more than 64 KiB",
    431,
    secrets(json({ a: "x".repeat(65_537) })),
  ],
  ["a secret of fewer than 8 bytes", 400, secrets(json({ a: "abc-123" }))],
  ["a secret of 8 blanks", 400, secrets(json({ a: " ".repeat(8) }))],
  ["a secret of one line of dashes", 400, secrets(json({ a: "-".repeat(80) }))],
  [
    "a secret that is a message's id",
    400,
    secrets(json({ a: "moby.image.id" })),
  ],
  ["a secret that is a key", 400, secrets(json({ a: "errorDetail" }))],
  [
    "a secret of a step's words",
    400,
    secrets(json({ a: "did not complete successfully: exit code: 7" })),
  ],
  [
    "a secret with a line of such words",
    400,
    secrets(json({ a: `${SECRET}\nexporting layers\n` })),
  ],
  [
    "more than 128 logins",
    431,
    build(
      "version=2",
      `X-Registry-Config: ${
        json(Object.fromEntries(Array.from({ length: 129 }, (_, i) => [
          `r${i}.example`,
          { registrytoken: `t${i}` },
        ])))
      }`,
    ),
  ],
  [
    "secrets and logins, more than 128 together",
    431,
    build(
      "version=2",
      `X-BuildKit-Secrets: ${
        json(Object.fromEntries(Array.from({ length: 64 }, (_, i) => [i, ""])))
      }`,
      `X-Registry-Config: ${
        json(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [
          `r${i}.example`,
          { registrytoken: `t${i}` },
        ])))
      }`,
    ),
  ],
  [
    "more than 128 secrets",
    431,
    secrets(
      json(Object.fromEntries(Array.from({ length: 129 }, (_, i) => [i, ""]))),
    ),
  ],
  [
    "a head of more than 1 MiB",
    431,
    request("GET /_ping", [`X-A: ${"x".repeat(1_100_000)}`]),
  ],
  [
    "a head of more than 256 fields",
    431,
    request("GET /_ping", Array(256).fill("Cookie: a")),
  ],
  [
    "a Connection of more than 1024 characters",
    431,
    request("GET /_ping", [`Connection: ${"close,".repeat(200)}`]),
  ],
  [
    "a path of more than 4096 characters",
    414,
    request(`GET /images/${"a".repeat(4096)}/json`),
  ],
  ["more than 1000 parameters", 414, build("t=a&".repeat(1000) + "t=a")],
  [
    "a body beside a remote",
    400,
    request("POST /build?version=2&remote=https://93.184.215.14/", [
      "Content-Length: 4",
    ], "body"),
  ],
  [
    "a context that only the classic builder could unpack",
    415,
    request("POST /build", ["Content-Length: 10"], "BZh91AY&SY"),
    true,
  ],
  [
    "a page in a browser",
    403,
    request("POST /build", [
      "Content-Length: 0",
      "Origin: http://evil.example",
    ]),
  ],
];
