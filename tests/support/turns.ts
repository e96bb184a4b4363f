import { turn } from "../../lib/streams/turn.ts";

/** The system's clock, also where a test puts another in its place. */
const clock = performance.now.bind(performance);

/** Turns are digests for so long, in milliseconds, until one of them waits for a timer. */
const PATIENCE_MS = 100;

/** How often a test is tried on a machine that others keep busy. */
const TRIES = 10;

/**
 * Runs a test that counts the digests of turns: it begins when a turn has just
 * waited for a timer, because the tests before it may have used up the time of
 * digests. If it fails, and took longer than this time, it is tried again.
 */
export async function withFreshTurns(test: () => Promise<void>): Promise<void> {
  for (let left = TRIES;; left--) {
    await untilTimer();
    const began = clock();
    try {
      return await test();
    } catch (error) {
      if (left === 1 || clock() - began < PATIENCE_MS) throw error;
    }
  }
}

async function untilTimer(): Promise<void> {
  const { subtle } = crypto;
  const { digest } = subtle;
  let isDigest = true;
  subtle.digest = (...given) => {
    isDigest = true;
    return digest.apply(subtle, given);
  };
  try {
    while (isDigest) {
      isDigest = false;
      await turn();
    }
  } finally {
    subtle.digest = digest;
  }
}
