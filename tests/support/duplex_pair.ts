import type { ByteDuplex } from "../../lib/streams/duplex.ts";

/**
 * Two ends of a connection in memory: what one writes, the other reads. A
 * chunk is copied before its write settles, as a socket does: a writer may use
 * its buffer again then.
 */
export function duplexPair(): [ByteDuplex, ByteDuplex] {
  const pipe = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) =>
        controller.enqueue(new Uint8Array(chunk)),
    });
  const [a, b] = [pipe(), pipe()];
  return [
    { readable: a.readable, writable: b.writable },
    { readable: b.readable, writable: a.writable },
  ];
}
