import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import type { ParsedRequest } from "./parsed_request.ts";
import type { Recorded } from "./recording_engine.ts";

const LATIN1 = new TextDecoder("latin1");

const PATH_REGEXP =
  /^(?:\/v\d{1,2}\.\d{1,3})?(?:\/_ping|\/version|\/info|\/build|\/images\/.+\/(?:json|history))$/;
const QUERY = new Set(
  "version dockerfile t extrahosts q nocache cachefrom pull rm forcerm memory memswap cpushares cpusetcpus cpuperiod cpuquota buildargs shmsize ulimits squash labels platform target buildid outputs remote networkmode cgroupparent id manifests"
    .split(" "),
);
const HEADERS = new Set([
  "accept",
  "content-type",
  "x-registry-auth",
  "x-registry-config",
]);

const OWN_ID_REGEXP = /[?&]buildid=[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The target of a build without the id that the gateway gives it, which it must have. */
export function withoutBuildId(path: string): string {
  assert(!/\/build(?:\?|$)/.test(path) || OWN_ID_REGEXP.test(path), path);
  return path.replace(OWN_ID_REGEXP, "");
}

/**
 * The gateway's rules once more, in other words, for what reached an engine.
 *
 * @param sessions Ids of those that were opened for this connection.
 */
export function checkForwarded(
  { method, path, headers }: Recorded,
  sessions: readonly string[],
): void {
  assert(path.startsWith("/"), path);
  const url = new URL(`http://engine${path}`);
  const target = url.pathname + url.search;
  assertEquals(target, path, "a parser on the way would change it");
  assert(PATH_REGEXP.test(decodeURIComponent(url.pathname)), path);
  assertFalse(/\/\.|\.\/|\/\/|\\|%/.test(url.pathname), path);
  assert(["GET", "HEAD", "POST"].includes(method), method);
  assertEquals(method === "POST", /\/build$/.test(url.pathname));
  for (const [name, value] of url.searchParams) {
    if (name === "session") assert(sessions.includes(value), path);
    else assert(QUERY.has(name), path);
    if (name === "networkmode") {
      assert(["", "default", "none", "bridge"].includes(value), path);
    }
    if (name === "cgroupparent") assertEquals(value, "");
  }
  for (const [name] of headers) assert(HEADERS.has(name), name);
}

const JSONS = new Set(["buildargs", "cachefrom", "labels"]);

/** JSON without the freedom of its spelling. */
function sameJson(text: string): unknown {
  return text === "" ? "" : JSON.parse(text);
}

/** Whether what reached the engine is what a second reader takes the request for. */
export function checkSame(
  { method, path, body, complete }: Recorded,
  asked: ParsedRequest | undefined,
): void {
  assert(asked !== undefined, `nobody asked for ${method} ${path}`);
  assertEquals(method, asked.method);
  const url = new URL(`http://engine${withoutBuildId(path)}`);
  const [, rawPath = "", rawQuery = ""] =
    /^(?:http:\/\/[^/]*)?([^?]*)\??(.*)$/i.exec(asked.target) ?? [];
  assertEquals(url.pathname, decodeURIComponent(rawPath));
  // Parts of the gateway's own, and one that it spells anew.
  const hasSession = url.searchParams.has("session");
  const skipped = [
    "session",
    "buildid",
    "outputs",
    ...hasSession ? ["version"] : [],
  ];
  const kept = (query: string | URLSearchParams) => {
    const all = [...new URLSearchParams(query)];
    const isSecond = (name: string, at: number) =>
      name === "dockerfile" && all.findIndex(([other]) => other === name) < at;
    return all.filter(([name], at) =>
      !skipped.includes(name) && !isSecond(name, at)
    ).map(([name, value]) => [name, JSONS.has(name) ? sameJson(value) : value]);
  };
  assertEquals(kept(url.searchParams), kept(rawQuery));
  // Secrets never go without a session, and no session without something in it.
  const isBuild = url.pathname.endsWith("/build");
  const hasSecrets = asked.headers.has("x-buildkit-secrets");
  const hasLogins = asked.headers.has("x-registry-config") &&
    new URLSearchParams(rawQuery).get("version") === "2";
  assertEquals(hasSession, isBuild && (hasSecrets || hasLogins));
  if (hasSession) assertEquals(url.searchParams.get("version"), "2");
  if (complete) {
    assertEquals(asked.state, "whole");
    assertEquals(LATIN1.decode(body ?? new Uint8Array()), asked.body);
  } else if (!asked.body.startsWith("BZh")) { // that is refused once it is read
    assert(["cut", "broken"].includes(asked.state), asked.state);
  }
}
