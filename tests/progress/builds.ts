import { BASE_IMAGE } from "../engines/base_image.ts";

/** A build whose messages are pinned in `traces/`. */
export interface SampleBuild {
  /** Name of the trace file, behind the engine's generation. */
  readonly name: string;
  /** Text of its Dockerfile. */
  readonly dockerfile: string;
  /** Parameters of `POST /build` besides those of every build. */
  readonly query?: Record<string, string>;
  /** Built once before, so that its steps come from the cache. */
  readonly twice?: boolean;
}

const STAGES = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];

/** Twelve stages: eleven that sleep and print side by side, and one that needs them all. */
export function twelveStages(salt = "0", seconds = 1): string {
  return [
    ...STAGES.map((name, index) =>
      `FROM ${BASE_IMAGE} AS ${name}
RUN i=0; while [ $i -lt ${
        2 + index
      } ]; do echo ${name} ${salt} line $i; i=$((i+1)); sleep ${
        (seconds * (1 + index % 3) / 4).toFixed(2)
      }; done; echo ${name} > /${name}`
    ),
    `FROM ${BASE_IMAGE}`,
    ...STAGES.map((name) => `COPY --from=${name} /${name} /`),
  ].join("\n");
}

const OUTPUT = `FROM ${BASE_IMAGE}
RUN echo to stdout; sleep 0.2; echo to stderr >&2; sleep 0.2; printf 'no end'
COPY hello.txt /
RUN cat /hello.txt; printf 'caf\\303\\251 \\342\\202\\254\\n'; printf 'bar  1%%\\rbar 99%%\\n'
`;

/** All sample builds of BuildKit. */
export const SAMPLE_BUILDS: readonly SampleBuild[] = [
  { name: "output", dockerfile: OUTPUT },
  { name: "cached", dockerfile: OUTPUT, twice: true },
  {
    name: "failing_run",
    dockerfile: `# escape=\\
FROM ${BASE_IMAGE} AS tools
RUN echo fine

FROM tools
# A comment between the lines.
RUN echo before && \\
    # inside of the instruction
    echo wrong >&2 && \\
    exit 7
RUN echo never
`,
  },
  {
    name: "failing_copy",
    dockerfile: `FROM ${BASE_IMAGE}
RUN echo fine
COPY hello.txt missing.txt /data/
`,
  },
  {
    name: "syntax_error",
    dockerfile: `FROM ${BASE_IMAGE}\nRUN true\nRUNN false\n`,
  },
  {
    name: "unknown_stage",
    dockerfile: `FROM ${BASE_IMAGE} AS first\nRUN true\n`,
    query: { target: "second" },
  },
  {
    name: "missing_base",
    dockerfile: `FROM localhost:1/davit-test/missing:latest\nRUN true\n`,
  },
  { name: "stages", dockerfile: twelveStages() },
  {
    name: "warnings",
    dockerfile: `from ${BASE_IMAGE} AS Tools
MAINTAINER nobody
ENV old style
RUN true
`,
  },
  {
    name: "heredoc",
    dockerfile: `# syntax-like comment
FROM ${BASE_IMAGE}
RUN <<EOT
echo one
false || exit 3
EOT
`,
  },
];

/** Sample builds of the classic builder. */
export const CLASSIC_BUILDS: readonly SampleBuild[] = [
  { name: "classic_output", dockerfile: OUTPUT, query: { version: "1" } },
  {
    name: "classic_cached",
    dockerfile: OUTPUT,
    query: { version: "1" },
    twice: true,
  },
  {
    name: "classic_failing_run",
    dockerfile: `FROM ${BASE_IMAGE}\nRUN echo before; echo wrong >&2; exit 7\n`,
    query: { version: "1" },
  },
  {
    name: "classic_stages",
    dockerfile:
      `FROM ${BASE_IMAGE} AS first\nRUN echo 1 > /one\nFROM ${BASE_IMAGE}\nCOPY --from=first /one /\nENV a=b\n`,
    query: { version: "1" },
  },
];
