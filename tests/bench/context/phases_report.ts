import type { Client, ClientName } from "./clients.ts";
import type { Context } from "./contexts.ts";
import { type PhaseCost, type PhaseCosts, PHASES } from "./phases.ts";

/** The cold builds of one client whose parts were measured. */
export interface PhaseResult {
  readonly client: Client;
  readonly runs: readonly PhaseCosts[];
}

const FIGURES: readonly [
  title: string,
  figure: keyof PhaseCost,
  perSecond: number,
][] = [
  ["time s", "milliseconds", 1000],
  ["engine's CPU s", "engineSeconds", 1],
  ["client's CPU s", "clientSeconds", 1],
];

/**
 * A Markdown table of the parts of cold builds, and below it what a client that
 * cost nothing could reach.
 *
 * @param cores How many processors the machine has.
 */
export function renderPhases(
  context: Context,
  results: readonly PhaseResult[],
  cores: number,
): string {
  const head = ["client", "", ...PHASES, "whole"];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = results.flatMap(({ client, runs }) =>
    FIGURES.map(([title, figure, perSecond], row) => {
      const cells = [
        ...PHASES.map((phase) => median(runs, (run) => run[phase][figure])),
        median(runs, (run) => whole(run, figure)),
      ];
      return line([
        row === 0 ? client.title : "",
        title,
        ...cells.map((value) => (value / perSecond).toFixed(2)),
      ]);
    })
  );
  return [
    `### ${context.name}, cold: whose time it is, medians of ${
      results[0]?.runs.length ?? 0
    }`,
    "",
    line(head),
    line(head.map(() => "---")),
    ...rows,
    ...renderFloor(results, cores),
  ].join("\n");
}

/**
 * The least time of a build by a client that cost nothing: the engine's work of
 * the transfer, on all processors, and the steps in which no client takes part.
 */
function renderFloor(
  results: readonly PhaseResult[],
  cores: number,
): string[] {
  const of = (name: ClientName) =>
    results.find(({ client }) => client.name === name)?.runs;
  const [davit, docker] = [of("davit-command"), of("docker")];
  if (davit === undefined || docker === undefined) return [];
  const transfer = median(davit, ({ transfer }) => transfer.engineSeconds) /
    cores;
  const others = median(
    davit,
    (run) => (run.COPY.milliseconds + run.export.milliseconds) / 1000,
  );
  const floor = transfer + others;
  const seconds = median(docker, (run) => whole(run, "milliseconds")) / 1000;
  return [
    "",
    `A client that cost nothing would still take ${floor.toFixed(2)} s, ${
      (floor / seconds).toFixed(2)
    } × docker's time: ${
      transfer.toFixed(2)
    } s for the engine's work of the transfer on ${cores} processors, ${
      others.toFixed(2)
    } s for COPY and export.`,
  ];
}

function whole(run: PhaseCosts, figure: keyof PhaseCost): number {
  return PHASES.reduce((sum, phase) => sum + run[phase][figure], 0);
}

function median(
  runs: readonly PhaseCosts[],
  figure: (run: PhaseCosts) => number,
): number {
  const values = runs.map(figure).sort((a, b) => a - b);
  const middle = values.length >> 1;
  const upper = values[middle]!;
  return values.length % 2 === 0 ? (values[middle - 1]! + upper) / 2 : upper;
}
