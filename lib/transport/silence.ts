import type { Transport } from "./transport.ts";

/** After what time somebody is told that nothing answers, in milliseconds. */
const SILENCE_MS = 10_000;

/** Something that took a connection, was asked, and has not said a word yet. */
export interface Silence {
  /** Its address, such as `unix:///var/run/docker.sock`. */
  readonly where: string;
  /** What it was asked, such as `GET /info`. */
  readonly what: string;
  /** How long it has been silent, in seconds. */
  readonly seconds: number;
}

/**
 * Called when nothing answers for a while; the waiting goes on.
 *
 * @returns What is called when the waiting is over, in whatever way.
 */
export type OnSilence = (silence: Silence) => void | (() => void);

/** Whom to tell of a silence, and of what. */
export interface SilenceWatch {
  readonly where: string;
  readonly what: string;
  /** Nothing is watched where nobody is told. */
  readonly onSilence: OnSilence | undefined;
  /** @default {10000} */
  readonly ms?: number | undefined;
}

/** Waits for an answer, and tells if it does not come for a while. */
export async function noticing<T>(
  answer: Promise<T>,
  { where, what, onSilence, ms = SILENCE_MS }: SilenceWatch,
): Promise<T> {
  if (onSilence === undefined) return await answer;
  // The first `setTimeout` of a program loads node's timers, which takes 5 ms;
  // this does not.
  const silence = AbortSignal.timeout(ms);
  let over: (() => void) | undefined;
  const tell = () => {
    over = onSilence({ where, what, seconds: ms / 1000 }) ?? undefined;
  };
  silence.addEventListener("abort", tell);
  try {
    return await answer;
  } finally {
    silence.removeEventListener("abort", tell);
    over?.();
  }
}

/**
 * A transport that tells when an engine does not answer a request. One whose
 * body is a stream is not watched: its answer may come after the whole body.
 *
 * @param ms After what time; for tests.
 */
export function withSilence(
  transport: Transport,
  onSilence: OnSilence,
  ms?: number,
): Transport {
  const { endpoint, upgrade, dial } = transport;
  const watched = async <T>(what: string, answer: Promise<T>): Promise<T> =>
    await noticing(answer, {
      where: endpoint ?? "the given transport",
      what,
      onSilence,
      ms,
    });
  /** The query may hold build arguments, and says nothing about a silence. */
  const asked = (method: string, path: string) =>
    `${method} ${path.replace(/^\/v[\d.]+(?=\/)|\?.*/gs, "")}`;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    async fetch(path, init = {}) {
      const answer = transport.fetch(path, init);
      return init.body instanceof ReadableStream
        ? await answer
        : await watched(asked(init.method ?? "GET", path), answer);
    },
    ...(upgrade === undefined ? {} : {
      upgrade: (path, init) =>
        watched(asked("POST", path), upgrade.call(transport, path, init)),
    }),
    ...(dial === undefined ? {} : {
      dial: (signal) =>
        watched("a new connection", dial.call(transport, signal)),
    }),
    close: () => transport.close(),
  };
}
