import { cutToEnd } from "../cut_text.ts";
import { ConnectionError, ProtocolError } from "../errors.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import type { ByteDuplex } from "../streams/duplex.ts";

/** A program's standard streams on one connection. */
export interface JoinedStreams extends ByteDuplex {
  /** What came on standard error so far, the newest part. */
  words(): string;
}

/** How much of the standard error is kept, in characters. */
const MAX_WORDS = 2000;

/** Numbers of the streams in the header of a piece. */
const STDOUT = 1;
const STDERR = 2;
/** An error of the engine itself, from Docker 25 on. */
const SYSTEM_ERROR = 3;

/**
 * Takes apart what an engine sends of a program without a terminal: pieces of
 * the standard output and of the standard error, each behind a header of eight
 * bytes with the stream's number and, in its last four, the length (moby,
 * api/types/container `AttachOptions`, and pkg/stdcopy). `readable` is the
 * standard output; `writable` is the standard input, and has no such headers.
 */
export function joinedStreams(duplex: ByteDuplex): JoinedStreams {
  const reader = duplex.readable.getReader();
  const bytes = ByteStream.of(reader);
  const decoder = new TextDecoder();
  let words = "";
  /** How much of the current piece of the standard output is left. */
  let left = 0;
  const nextPiece = async (): Promise<boolean> => {
    for (;;) {
      const header = await bytes.take(8);
      if (header.length === 0) return false;
      if (header.length < 8) {
        throw new ConnectionError(
          "The connection broke within a program's output: is the engine still running?",
        );
      }
      const view = new DataView(header.buffer, header.byteOffset);
      const length = view.getUint32(4);
      const stream = header[0];
      if (stream === STDOUT) {
        left = length;
        if (length > 0) return true;
      } else if (stream === STDERR || stream === SYSTEM_ERROR) {
        for (let rest = length; rest > 0;) {
          const piece = await bytes.take(Math.min(rest, MAX_WORDS));
          if (piece.length === 0) return false;
          rest -= piece.length;
          const text = decoder.decode(piece, { stream: true });
          words = cutToEnd(words + text, MAX_WORDS);
        }
      } else {
        throw new ProtocolError(
          "The engine sent a program's output in another form than its streams have: is something between davit and the engine?",
        );
      }
    }
  };
  return {
    readable: new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (left === 0 && !await nextPiece()) return controller.close();
        const chunk = await bytes.read();
        if (chunk === null) {
          left = 0;
          throw new ConnectionError(
            "The connection broke within a program's output: is the engine still running?",
          );
        }
        bytes.unread(chunk.subarray(left));
        const piece = chunk.subarray(0, left);
        left -= piece.length;
        controller.enqueue(piece);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 }),
    writable: duplex.writable,
    ...(duplex.close === undefined ? {} : { close: duplex.close }),
    words: () => words,
  };
}
