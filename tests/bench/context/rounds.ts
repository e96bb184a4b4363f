import { runCommand } from "../../engines/command.ts";
import type { Client, ClientName } from "./clients.ts";
import { changeOneFile, type Context, readContext } from "./contexts.ts";
import type { BuiltImage, EngineState } from "./engine_state.ts";
import { ClientError, type Cost, type Meter } from "./measure.ts";
import { measurePhases, type PhaseCosts } from "./phases.ts";
import type { PhaseResult } from "./phases_report.ts";

/**
 * How a build finds things: the builder's cache is empty; nothing changed since
 * the build before; one file did.
 */
export const STATES = ["cold", "warm", "changed"] as const;

/** One of {@link STATES}. */
export type State = typeof STATES[number];

/** The costs of one client's builds of one context, one of each state a round. */
export type Round = Readonly<Record<State, Cost>>;

/** All rounds of a client, up to its first failure. */
export interface ClientResult {
  readonly client: ClientName;
  readonly rounds: Round[];
  /** Why it has no more rounds. */
  failure?: string;
}

/** What {@link playRounds} builds with, against which engine. */
export interface Field {
  readonly clients: readonly Client[];
  /** Environment of each client. */
  readonly env: Record<string, string>;
  readonly engine: EngineState;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  /** Told of each build. */
  readonly say: (line: string) => void;
}

/**
 * Lets the clients take turns, `rounds` times: each builds cold, again, and
 * again after a change, before it is the next one's turn. A client that fails
 * has no further turn. Each round begins with another client.
 */
export async function playRounds(
  field: Field,
  context: Context,
  rounds: number,
): Promise<ClientResult[]> {
  const { clients, say, signal } = field;
  const results = clients.map((client): ClientResult => ({
    client: client.name,
    rounds: [],
  }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < clients.length; turn++) {
      const at = (turn + round) % clients.length;
      const result = results[at]!;
      if (result.failure !== undefined) continue;
      signal.throwIfAborted();
      const costs = await playTurn(field, clients[at]!, context, result);
      if (costs === undefined) {
        say(`${context.name} ${result.client}: ${result.failure}`);
        continue;
      }
      result.rounds.push(costs);
      const times = STATES.map((state) =>
        `${state} ${(costs[state].milliseconds / 1000).toFixed(2)} s`
      );
      say(
        `${context.name} ${result.client} ${round + 1}/${rounds}: ${
          times.join(", ")
        }`,
      );
    }
  }
  return results;
}

/**
 * Lets the clients take turns with cold builds, and tells what each part of them
 * cost. Only clients take part that tell when the engine's steps began.
 */
export async function playPhases(
  { clients, env, engine, signal, say }: Field,
  { host, folder }: { readonly host: string; readonly folder: string },
  context: Context,
  rounds: number,
): Promise<PhaseResult[]> {
  const results = clients
    .filter(({ name }) => name === "davit-command" || name === "docker")
    .map((client) => ({ client, runs: [] as PhaseCosts[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { client, runs } of results) {
      signal.throwIfAborted();
      const tag = `bench-${client.name}`;
      await engine.empty(tag);
      await readContext(context, signal);
      await runCommand("sync", []);
      const { path } = context;
      runs.push(
        await measurePhases(client, { path, tag, host, env, folder, signal }),
      );
      await engine.empty(tag);
      say(`${context.name} ${client.name}, parts, ${round + 1}/${rounds}`);
    }
  }
  return results;
}

async function playTurn(
  field: Field,
  client: Client,
  context: Context,
  result: ClientResult,
): Promise<Round | undefined> {
  const { engine, signal } = field;
  const tag = `bench-${client.name}`;
  await engine.empty(tag);
  try {
    await readContext(context, signal);
    const cold = await build(field, client, context, tag);
    const before = await findImage(engine, tag);
    const warm = await build(field, client, context, tag);
    await changeOneFile(context);
    const changed = await build(field, client, context, tag);
    const after = await findImage(engine, tag);
    checkSize(before, context);
    checkSize(after, context);
    if (before.layers.join() === after.layers.join()) {
      throw new ClientError("the image does not have the changed file");
    }
    return { cold, warm, changed };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    result.failure = error.message;
    return undefined;
  } finally {
    if (!signal.aborted) await engine.empty(tag);
  }
}

async function findImage(
  engine: EngineState,
  tag: string,
): Promise<BuiltImage> {
  const image = await engine.inspect(tag);
  if (image === undefined) throw new ClientError("there is no image");
  return image;
}

/** The image has all files of the context and nothing that is ignored. */
function checkSize({ size }: BuiltImage, { bytes }: Context): void {
  if (size === bytes) return;
  throw new ClientError(
    `the image's files have ${size} bytes, expected ${bytes}`,
  );
}

async function build(
  { env, meter }: Field,
  { program, args, cwd, env: own }: Client,
  context: Context,
  tag: string,
): Promise<Cost> {
  // The disk is not to be busy with what the build before has written.
  await runCommand("sync", []);
  return await meter.measure(program, args(context.path, tag), cwd, {
    ...env,
    ...own,
  });
}
