import {
  HISTORY_FIELDS,
  IMAGE_FIELDS,
  IMAGE_LIST_FIELDS,
  TRANSFER_MESSAGE_FIELDS,
} from "../masks/answer_fields.ts";
import type { AnswerText } from "./masked_answer.ts";
import { forbidden, type Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";

/**
 * Groups of requests that a gateway can allow besides builds.
 *
 * - `images`: lists, tags and removes images.
 * - `push`: sends images to registries.
 * - `pull`: has the engine fetch images.
 * - `save`: reads whole images.
 * - `load`: takes images from the client.
 * - `prune`: deletes unused images, and the builder's cache.
 * - `registry`: asks registries about images, and tries logins.
 */
export type GatewayGroup =
  | "images"
  | "push"
  | "pull"
  | "save"
  | "load"
  | "prune"
  | "registry";

/** How a request is handled. */
export type Handling = "forward" | "info" | "build" | "cancel";

/** A kind of request that may be allowed. */
export interface Route {
  /** The group that allows it; undefined for what is always allowed. */
  readonly group?: GatewayGroup;
  readonly method: string;
  readonly path: RegExp;
  readonly handling: Handling;
  /** Whether the client's body is forwarded; without this it is not. */
  readonly body?: boolean;
  /**
   * The fields of the answer in which clients' text can be; none unless given.
   */
  readonly answer?: AnswerText;
  /** Query parameters that are allowed. */
  readonly query: readonly string[];
  /**
   * Query parameters that clients send although no engine reads them here: they
   * are dropped.
   */
  readonly unread?: readonly string[];
  /** A further condition on the query. */
  readonly when?: (query: ReadonlyMap<string, string>) => boolean;
}

/** An image's name, other than the words that are endpoints themselves. */
const NAME = "(?!(?:json|search|get|load|create|prune)(?:/|$))[^/].*?";

const TRANSFER: AnswerText = { fields: TRANSFER_MESSAGE_FIELDS, lines: true };

const image = (rest: string) => new RegExp(`^/images/${NAME}${rest}$`);

const ROUTES: readonly Route[] = [
  { ...route("GET", /^\/_ping$/), unread: ["accept"] },
  { ...route("HEAD", /^\/_ping$/), unread: ["accept"] },
  route("GET", /^\/version$/),
  { ...route("GET", /^\/info$/), handling: "info" },
  { ...route("POST", /^\/build$/), handling: "build", body: true },
  { ...route("POST", /^\/build\/cancel$/, ["id"]), handling: "cancel" },
  {
    ...route("GET", image("/json"), ["platform", "manifests"]),
    answer: { fields: IMAGE_FIELDS },
  },
  {
    ...route("GET", image("/history"), ["platform"]),
    answer: { fields: HISTORY_FIELDS },
  },
  ...group(
    "images",
    {
      ...route("GET", /^\/images\/json$/, [
        "all",
        "filters",
        "shared-size",
        "digests",
        "manifests",
      ]),
      unread: ["only_ids"],
      answer: { fields: IMAGE_LIST_FIELDS },
    },
    { ...route("POST", image("/tag"), ["repo", "tag"]), unread: ["force"] },
    route("DELETE", image(""), ["force", "noprune", "platforms"]),
  ),
  ...group("push", {
    ...route("POST", image("/push"), ["tag", "platform"]),
    answer: TRANSFER,
  }),
  ...group("pull", {
    ...route("POST", /^\/images\/create$/, ["fromImage", "tag", "platform"]),
    answer: TRANSFER,
    when: (query) => query.has("fromImage"),
  }),
  ...group(
    "save",
    route("GET", /^\/images\/get$/, ["names", "platform"]),
    route("GET", image("/get"), ["platform"]),
  ),
  ...group("load", {
    ...route("POST", /^\/images\/load$/, ["quiet", "platform"]),
    body: true,
    answer: TRANSFER,
  }, {
    ...route("POST", /^\/images\/create$/, [
      "fromSrc",
      "repo",
      "tag",
      "message",
      "changes",
      "platform",
    ]),
    body: true,
    answer: TRANSFER,
    when: (query) => query.get("fromSrc") === "-",
  }),
  ...group(
    "prune",
    route("POST", /^\/images\/prune$/, ["filters"]),
    route("POST", /^\/build\/prune$/, [
      "all",
      "filters",
      "keep-storage",
      "reserved-space",
      "max-used-space",
      "min-free-space",
    ]),
  ),
  ...group("registry", route("GET", /^\/distribution\/.+\/json$/), {
    ...route("POST", /^\/auth$/),
    body: true,
  }),
];

/** All groups. */
export const GROUPS: readonly GatewayGroup[] = [
  ...new Set(ROUTES.flatMap(({ group }) => group ?? [])),
];

/** Query parameters that may be repeated: engines read all values. */
const REPEATED = new Set(["names", "changes", "platforms", "t", "extrahosts"]);

/**
 * Query parameters that some clients send twice, of which every engine reads
 * the first.
 */
const FIRST = new Set(["dockerfile"]);

/** An allowed request, and the query parameters to forward. */
export interface Found {
  readonly route: Route;
  readonly target: Target;
}

/**
 * Finds the route of a request.
 *
 * @throws {Refusal} If it is not allowed: with 403, whether the engine has such
 * an endpoint or not.
 */
export function findRoute(
  method: string,
  target: Target,
  allow: ReadonlySet<GatewayGroup>,
): Found {
  const { path, query } = target;
  // One that stands there twice is refused below.
  const named = new Map(query);
  const routes = ROUTES.filter((route) =>
    route.method === method && route.path.test(path) &&
    (route.when?.(named) ?? true)
  );
  const route = routes.find(({ group }) =>
    group === undefined || allow.has(group)
  );
  if (route === undefined) throw closed(method, path, routes[0]?.group);
  if (route.handling !== "build") {
    for (const [name] of query) {
      if (!route.query.includes(name) && !route.unread?.includes(name)) {
        throw forbidden(
          "this query has a parameter that the gateway does not know: check its spelling, or leave it out",
        );
      }
    }
  }
  return { route, target: { ...target, query: decided(query, route) } };
}

/** Says which group allows it, or what to do instead. */
function closed(
  method: string,
  path: string,
  group: GatewayGroup | undefined,
): Refusal {
  const what = `${method} of this path is not allowed here: `;
  if (path === "/session") {
    return forbidden(
      `${what}the gateway opens a session for each build; a client that opens its own because of version 2 (dockerode) leaves the version out, and the X-BuildKit-Secrets header says it`,
    );
  }
  // BuildKit's own API. One connection carries any of its calls, encoded, so
  // that no rule of the gateway could be held to a build; others read the log
  // and the attestations of everybody's builds out of the engine's history, or
  // remove its cache. `buildx` asks for a container of its own if it gets none.
  if (path === "/grpc" || /^\/containers\/buildx_buildkit/.test(path)) {
    return forbidden(
      `${what}docker's own client speaks to BuildKit by itself, which is not let through; davit build takes the same flags`,
    );
  }
  return forbidden(
    group === undefined
      ? `${what}this is a gateway for builds`
      : `${what}--allow ${group} opens it`,
  );
}

/**
 * Refuses a parameter that stands twice where engines read one: programs differ
 * in which of the two they take.
 */
function decided(query: Target["query"], route: Route): Target["query"] {
  const seen = new Set<string>();
  return query.filter(([name]) => {
    const isSecond = seen.has(name) && !REPEATED.has(name);
    if (isSecond && !FIRST.has(name)) {
      throw forbidden(
        "a parameter of this query stands there twice: send it once",
      );
    }
    seen.add(name);
    return !isSecond && !route.unread?.includes(name);
  });
}

function route(
  method: string,
  path: RegExp,
  query: readonly string[] = [],
): Route {
  return { method, path, handling: "forward", query };
}

function group(name: GatewayGroup, ...routes: Route[]): Route[] {
  return routes.map((route) => ({ ...route, group: name }));
}
