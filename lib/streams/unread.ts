/**
 * Gives `rest`, which was read already, and then whatever `reader` still has.
 * Nothing is read ahead; cancelling goes to the reader.
 */
export function unread(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  rest: Uint8Array,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (rest.length > 0) controller.enqueue(rest);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
