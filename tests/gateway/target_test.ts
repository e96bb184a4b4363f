import { assertEquals, assertThrows } from "../support/assert.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { formatTarget, normalizeTarget } from "../../lib/gateway/target.ts";

Deno.test("a target becomes version, path and query, and those a target again", () => {
  const cases: [
    target: string,
    version: string,
    path: string,
    query: [string, string][],
    again?: string,
  ][] = [
    ["/_ping", "", "/_ping", []],
    ["/v1.41/x", "/v1.41", "/x", []],
    ["/v12.345/x/y", "/v12.345", "/x/y", []],
    ["/v1.41", "", "/v1.41", []],
    ["/v123.1/x", "", "/v123.1/x", []],
    ["/v1.1234/x", "", "/v1.1234/x", []],
    ["/x?", "", "/x", [], "/x"],
    ["/x?a=1&b&c=&=d&&a=2", "", "/x", [["a", "1"], ["b", ""], ["c", ""], [
      "",
      "d",
    ], ["a", "2"]], "/x?a=1&b=&c=&=d&a=2"],
    [
      "/x?a=b=c+d%2B%20?e",
      "",
      "/x",
      [["a", "b=c d+ ?e"]],
      "/x?a=b%3Dc+d%2B+%3Fe",
    ],
    ["/x?a+b=1", "", "/x", [["a b", "1"]]],
    [
      "/%69mages/a%2Fb:1@sha256:0/json",
      "",
      "/images/a/b:1@sha256:0/json",
      [],
      "/images/a/b:1@sha256:0/json",
    ],
    [
      "/images/[::1]:5000/a",
      "",
      "/images/[::1]:5000/a",
      [],
      "/images/%5B::1%5D:5000/a",
    ],
    ["/~+=,-_", "", "/~+=,-_", []],
    ["/a..b", "", "/a..b", []],
  ];
  for (const [target, version, path, query, again = target] of cases) {
    const found = normalizeTarget(target);
    assertEquals(found, { version, path, query });
    assertEquals(formatTarget(found), again);
  }
});

Deno.test("a target that could be read in two ways is refused", () => {
  const form = "403 this path has a form that is not forwarded";
  const cases: [target: string, words: string][] = [
    ["/x#y", "400 malformed request: its target has a fragment"],
    ["/x?y#z", "400 malformed request: its target has a fragment"],
    ["", form],
    ["x", form],
    ["/", form],
    ["//x", form],
    ["/x/", form],
    ["/x//y", form],
    ["/x y", form],
    ["/x%20y", form],
    ["/x%25", form],
    ["/x\\y", form],
    ["/./x", form],
    ["/../x", form],
    ["/x/..", form],
    ["/x/%2e%2e/y", form],
    ["/.x", form],
    ["/x.", form],
    ["/[::1]x", form],
    ["/[::1]:123456", form],
    [
      "/%zz",
      "400 malformed request: an escape in its target is none, or no UTF-8",
    ],
    [
      "/%ff",
      "400 malformed request: an escape in its target is none, or no UTF-8",
    ],
    [
      "/x?%zz",
      "400 malformed request: an escape in its target is none, or no UTF-8",
    ],
    [
      "/x?a=%ff",
      "400 malformed request: an escape in its target is none, or no UTF-8",
    ],
    ["/x%00", "400 malformed request: its target has a NUL"],
    ["/x?%00=1", "400 malformed request: its target has a NUL"],
    ["/x?a=%00", "400 malformed request: its target has a NUL"],
    ["/x?a=1;b=2", "400 malformed request: its query has a semicolon"],
  ];
  for (const [target, words] of cases) {
    const error = assertThrows(() => normalizeTarget(target), Refusal);
    assertEquals(
      `${error.status} ${error.message.slice("davit gateway: ".length)}`,
      words,
      target,
    );
  }
});

Deno.test("a path and a query are as long as they may be, and no more", () => {
  const path = `/${"a".repeat(4095)}`;
  assertEquals(normalizeTarget(`${path}?b`).path, path);
  const long = assertThrows(
    () => normalizeTarget(`${path}a`),
    Refusal,
    "more than 4096 characters",
  );
  assertEquals(long.status, 414);
  const query = (count: number) => `/x?${Array(count).fill("a=1").join("&")}`;
  assertEquals(normalizeTarget(query(1000)).query.length, 1000);
  const many = assertThrows(
    () => normalizeTarget(query(1001)),
    Refusal,
    "more than 1000 parameters",
  );
  assertEquals(many.status, 414);
});
