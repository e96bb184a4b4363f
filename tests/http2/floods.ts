/** What the tests of limits send to either end. */
import { bytes, frame } from "./raw_peer.ts";

/** Stops the clock that allowances refill by: a slow machine would let more pass. */
export function stopClock(): Disposable & { advance(ms: number): void } {
  const { now } = performance;
  let stopped = performance.now();
  performance.now = () => stopped;
  return {
    advance: (ms) => stopped += ms,
    [Symbol.dispose]: () => performance.now = now,
  };
}

/** A header block as the frames of a message that ends with it, of `size` bytes each. */
export function headerFrames(
  id: number,
  block: Uint8Array,
  size = 16_384,
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < block.length; at += size) {
    const flags = (at === 0 ? 1 : 0) | (at + size >= block.length ? 4 : 0);
    const type = at === 0 ? "HEADERS" : "CONTINUATION";
    frames.push(frame(type, flags, id, block.subarray(at, at + size)));
  }
  return frames;
}

/**
 * A list of `size` bytes, up to 4 KiB more, in 8 KiB: behind `first` a field
 * fills the table and is named again and again, behind it `last`.
 */
export function longList(size: number, first: string, last = ""): Uint8Array {
  const long = bytes("40 01 61 7f 81 1e", new Uint8Array(3_968).fill(97));
  const again = new Uint8Array(Math.ceil(size / 4_001)).fill(0xbe);
  return bytes(first, long, again, last);
}
