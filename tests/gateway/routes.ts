import type { GatewayGroup } from "../../lib/gateway/routes.ts";

/** Each request of each group, and its form at the engine; `body` where it has one. */
export const ROUTES: readonly (readonly [
  group: GatewayGroup,
  line: string,
  forwarded: string,
  body?: "body",
])[] = [
  [
    "images",
    "GET /v1.41/images/json?all=1&filters=%7b%7D&shared-size=1&digests=1&manifests=1",
    "GET /v1.41/images/json?all=1&filters=%7B%7D&shared-size=1&digests=1&manifests=1",
  ],
  [
    "images",
    "POST /images/a%2Fb:1/tag?repo=c%2fd&tag=2",
    "POST /images/a/b:1/tag?repo=c%2Fd&tag=2",
  ],
  [
    "images",
    "DELETE /v1.44/images/a:1?force=1&noprune=1&platforms=a&platforms=b",
    "DELETE /v1.44/images/a:1?force=1&noprune=1&platforms=a&platforms=b",
  ],
  [
    "push",
    "POST /images/localhost:5000/a/push?tag=1&platform=linux",
    "POST /images/localhost:5000/a/push?tag=1&platform=linux",
  ],
  [
    "push",
    "POST /images/%5B::1%5D:5000/a/push?tag=1",
    "POST /images/%5B::1%5D:5000/a/push?tag=1",
  ],
  [
    "pull",
    "POST /images/create?fromImage=a&tag=1&platform=linux/amd64",
    "POST /images/create?fromImage=a&tag=1&platform=linux%2Famd64",
  ],
  [
    "save",
    "GET /images/get?names=a&names=b&platform=linux",
    "GET /images/get?names=a&names=b&platform=linux",
  ],
  [
    "save",
    "GET /v1.51/images/a/b:1/get?platform=linux",
    "GET /v1.51/images/a/b:1/get?platform=linux",
  ],
  [
    "load",
    "POST /images/load?quiet=1&platform=linux",
    "POST /images/load?quiet=1&platform=linux",
    "body",
  ],
  [
    "load",
    "POST /images/create?fromSrc=-&repo=a&tag=1&message=b&changes=c&changes=d&platform=linux",
    "POST /images/create?fromSrc=-&repo=a&tag=1&message=b&changes=c&changes=d&platform=linux",
    "body",
  ],
  [
    "prune",
    "POST /images/prune?filters=%7B%7D",
    "POST /images/prune?filters=%7B%7D",
  ],
  [
    "prune",
    "POST /build/prune?all=1&filters=a&keep-storage=1&reserved-space=2&max-used-space=3&min-free-space=4",
    "POST /build/prune?all=1&filters=a&keep-storage=1&reserved-space=2&max-used-space=3&min-free-space=4",
  ],
  [
    "registry",
    "GET /distribution/localhost:5000/a/json",
    "GET /distribution/localhost:5000/a/json",
  ],
  ["registry", "POST /v1.41/auth", "POST /v1.41/auth", "body"],
];

/** What stays closed, whatever is open. */
export const CLOSED: readonly string[] = [
  "GET /images/search?term=a",
  "POST /images/create",
  "POST /images/create?fromSrc=http://10.0.0.1/a.tar",
  "POST /images/create?fromSrc=-&fromImage=a",
  "POST /images/create?fromImage=a&repo=b",
  "DELETE /images/json",
  "POST /images/get/tag?repo=a",
  "POST /images/a/get",
  "GET /images/a/push",
  "GET /images/load",
  "GET /build/prune",
  "DELETE /images/a?filters=b",
  "GET /images/json?name=a",
  "POST /auth?registry=a",
  "POST /commit?container=a",
  "POST /containers/create",
  "GET /containers/json",
  "POST /containers/prune",
  "POST /containers/a/start",
  "POST /exec/a/start",
  "GET /events",
  "GET /system/df",
  "POST /session",
  "POST /grpc",
  "POST /volumes/create",
  "POST /networks/create",
  "GET /secrets",
  "POST /swarm/init",
  "POST /plugins/pull?remote=a",
  "GET /v1.41/libpod/info",
];
