import type {
  BuildEvent,
  StatusEvent,
  VertexEvent,
} from "../../lib/progress/event.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { collectTimings, type KnownFacts } from "../../lib/timings/collect.ts";
import type { BuildTimings } from "../../lib/timings/timings.ts";

/** A step of a build that a test makes up. Times count from the build's begin. */
export interface MadeStep {
  readonly name: string;
  /** When it ran; none for a step that is only planned. */
  readonly at?: readonly [startMs: number, endMs: number | undefined];
  /** Further periods in which it ran. */
  readonly again?: readonly (readonly [startMs: number, endMs: number])[];
  /** Places in the list. */
  readonly inputs?: readonly number[];
  readonly cached?: boolean;
  readonly error?: string;
  readonly group?: string;
  /** Bytes by the name of the action. */
  readonly bytes?: Readonly<Record<string, number>>;
}

/** When the builds that tests make up began. */
export const BEGIN = 1_700_000_000_000;

/** The digest of a step by its place in the list. */
export function digestOf(place: number): string {
  return `sha256:${String(place).padStart(64, "0")}`;
}

/** The events of a build. */
export function eventsOf(steps: readonly MadeStep[]): BuildEvent[] {
  return steps.flatMap((step, place): BuildEvent[] => {
    const { name, at, again = [], inputs = [], cached = false, error } = step;
    const event = (
      [start, end]: readonly [number | undefined, number | undefined],
    ): VertexEvent => ({
      type: "vertex",
      digest: digestOf(place),
      name,
      inputs: inputs.map(digestOf),
      cached,
      started: start === undefined ? undefined : BEGIN + start,
      completed: end === undefined ? undefined : BEGIN + end,
      error,
      group: step.group === undefined
        ? undefined
        : { id: step.group, name: step.group, weak: false },
    });
    const statuses = Object.entries(step.bytes ?? {}).map((
      [id, current],
    ): StatusEvent => ({
      type: "status",
      vertex: digestOf(place),
      id,
      name: id,
      current,
      total: 2 * current,
      time: BEGIN + at![0],
      started: BEGIN + at![0],
      completed: BEGIN + at![1]!,
    }));
    return [
      event([undefined, undefined]),
      ...(at === undefined ? [] : [event(at)]),
      ...again.map(event),
      ...statuses,
    ];
  });
}

/** The times of a build that a test makes up. */
export function timingsOf(
  steps: readonly MadeStep[],
  facts: KnownFacts = {},
  more: readonly BuildEvent[] = [],
): BuildTimings {
  const state = new BuildState();
  for (const event of [...eventsOf(steps), ...more]) state.apply(event);
  return collectTimings(state, facts);
}

/** The Dockerfile of {@linkcode APP}. */
export const APP_DOCKERFILE = `FROM node:22
WORKDIR /app
COPY package.json .
RUN npm config list

# Everything else.
COPY . .
RUN --mount=type=secret,id=npm_token npm ci
`;

/** A build of an application, again after a file of it has changed. */
export const APP: readonly MadeStep[] = [
  {
    name: "[internal] load build definition from Dockerfile",
    at: [0, 100],
    bytes: { "transferring dockerfile:": 150 },
  },
  {
    name: "[internal] load metadata for docker.io/library/node:22",
    at: [100, 600],
  },
  {
    name: "[internal] load build context",
    at: [600, 1100],
    bytes: { "transferring context:": 2_500_000 },
  },
  {
    name: "[1/6] FROM docker.io/library/node:22",
    at: [600, 600],
    cached: true,
  },
  { name: "[2/6] WORKDIR /app", at: [1100, 1100], inputs: [3], cached: true },
  {
    name: "[3/6] COPY package.json .",
    at: [1100, 1100],
    inputs: [4, 2],
    cached: true,
  },
  {
    name: "[4/6] RUN npm config list",
    at: [1100, 1100],
    inputs: [5],
    cached: true,
  },
  { name: "[5/6] COPY . .", at: [1100, 1300], inputs: [6, 2] },
  {
    name: "[6/6] RUN --mount=type=secret,id=npm_token npm ci",
    at: [1300, 8300],
    inputs: [7],
  },
  { name: "exporting to image", at: [9300, 10_000] },
];

/** Its times. */
export function appTimings(facts: KnownFacts = {}): BuildTimings {
  return timingsOf(APP, {
    dockerfile: { name: "Dockerfile", text: APP_DOCKERFILE },
    ...facts,
  }, [
    { type: "secret", id: "npm_token", state: "requested" },
    { type: "secret", id: "npm_token", state: "served" },
    { type: "secret", id: "other", state: "unused" },
  ]);
}

/** A large build: stages of ten steps each, one after the other. */
export function largeBuild(
  count: number,
  words: (place: number) => string,
): { readonly steps: MadeStep[]; readonly text: string } {
  const lines = ["FROM scratch"];
  const steps = Array.from({ length: count }, (_, place): MadeStep => {
    const stage = Math.floor(place / 10);
    const number = place % 10;
    if (number === 0) lines.push(`FROM base AS s${stage}`);
    lines.push(`RUN ${words(place)}`);
    return {
      name: `[linux/amd64 s${stage} ${number + 2}/11] RUN ${words(place)}`,
      at: [place * 100, place * 100 + 90],
      inputs: number === 0 ? [] : [place - 1],
      cached: place % 3 === 0,
    };
  });
  return { steps, text: `${lines.join("\n")}\n` };
}

/** What an attacker would write wherever a build has words. */
export const EVIL: string =
  `</script></style></title><img src=x onerror=alert(1)>"'&\x1b]0;x\x07\u202e\u2028\ufffe\uffff\u{1fffe}`;

/** A build that has these words in every place. */
export function evilTimings(): BuildTimings {
  const steps: MadeStep[] = [
    { name: `[${EVIL} 1/2] RUN ${EVIL}`, at: [0, 900], bytes: { [EVIL]: 1 } },
    {
      name: `[s 2/2] RUN --mount=type=secret,id=${EVIL} ${EVIL}`,
      at: [900, 1000],
      error: EVIL,
    },
  ];
  return timingsOf(steps, {
    dockerfile: { name: EVIL, text: `FROM a AS s\nRUN ${EVIL}\n` },
    failure: { message: EVIL, excerpt: EVIL, lines: { start: 2, end: 2 } },
  }, [{
    type: "warning",
    vertex: undefined,
    level: 1,
    short: EVIL,
    detail: [],
    url: `javascript:${EVIL}`,
    source: undefined,
    code: undefined,
  }, { type: "secret", id: EVIL, state: "served" }]);
}
