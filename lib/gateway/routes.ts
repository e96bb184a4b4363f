import {
  HISTORY_FIELDS,
  IMAGE_FIELDS,
  IMAGE_LIST_FIELDS,
  TRANSFER_MESSAGE_FIELDS,
} from "../masks/answer_fields.ts";
import type { AnswerText } from "./masked_answer.ts";
import { forbidden } from "./refusal.ts";
import type { Target } from "./target.ts";

/** What a gateway can let through besides builds. */
export type GatewayGroup =
  /** Lists, tags and removes images. */
  | "images"
  /** Sends images to registries. */
  | "push"
  /** Has the engine fetch images. */
  | "pull"
  /** Reads whole images. */
  | "save"
  /** Takes images from the client. */
  | "load"
  /** Deletes unused images, and the builder's cache. */
  | "prune"
  /** Asks registries about images, and tries logins. */
  | "registry";

/** How a request is handled. */
export type Handling = "forward" | "info" | "build" | "cancel";

/** A request that may pass. */
export interface Route {
  /** Undefined: always. */
  readonly group?: GatewayGroup;
  readonly method: string;
  readonly path: RegExp;
  readonly handling: Handling;
  /** Whether the client's body is forwarded; others have none. */
  readonly body?: boolean;
  /** What of the answer is text that clients wrote; nothing unless given. */
  readonly answer?: AnswerText;
  /** Query parameters that may stand there. */
  readonly query: readonly string[];
  /** A further condition on the query. */
  readonly when?: (query: ReadonlyMap<string, string>) => boolean;
}

/** An image's name; none of the words that lead to something else. */
const NAME = "(?!(?:json|search|get|load|create|prune)(?:/|$))[^/].*?";

const TRANSFER: AnswerText = { fields: TRANSFER_MESSAGE_FIELDS, lines: true };

const image = (rest: string) => new RegExp(`^/images/${NAME}${rest}$`);

const ROUTES: readonly Route[] = [
  route("GET", /^\/_ping$/),
  route("HEAD", /^\/_ping$/),
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
      answer: { fields: IMAGE_LIST_FIELDS },
    },
    route("POST", image("/tag"), ["repo", "tag"]),
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

/** Every group, for those who choose. */
export const GROUPS: readonly GatewayGroup[] = [
  ...new Set(ROUTES.flatMap(({ group }) => group ?? [])),
];

/** Query parameters of which engines read every one. */
const REPEATED = new Set(["names", "changes", "platforms", "t", "extrahosts"]);

/**
 * Finds the route of a request.
 *
 * @throws {Refusal} If none is open, with 403 whether the engine has one or not.
 */
export function findRoute(
  method: string,
  { path, query }: Target,
  allow: ReadonlySet<GatewayGroup>,
): Route {
  const first = new Map(query.toReversed());
  const route = ROUTES.find((route) =>
    route.method === method && route.path.test(path) &&
    (route.group === undefined || allow.has(route.group)) &&
    (route.when?.(first) ?? true)
  );
  if (route === undefined) {
    throw forbidden(
      `${method} of this path is not allowed here: this is a gateway for builds`,
    );
  }
  if (route.handling !== "build") {
    for (const [name] of query) {
      if (!route.query.includes(name)) {
        throw forbidden("this query has a parameter that is not forwarded");
      }
    }
  }
  checkRepeats(query);
  return route;
}

/** Which of two a reader takes is the reader's choice. */
function checkRepeats(query: Target["query"]): void {
  const seen = new Set<string>();
  for (const [name] of query) {
    if (seen.has(name) && !REPEATED.has(name)) {
      throw forbidden("a parameter of this query stands there twice");
    }
    seen.add(name);
  }
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
