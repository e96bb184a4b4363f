import type { ByteDuplex } from "../../lib/streams/duplex.ts";

/** Two ends of a connection in memory: what one writes, the other reads. */
export function duplexPair(): [ByteDuplex, ByteDuplex] {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}
