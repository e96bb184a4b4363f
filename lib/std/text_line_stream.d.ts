/** Types of `@std/streams/text-line-stream`, whose npm form carries none. */

/** Splits text at `\n` and `\r\n`; the last line needs no line end. */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options?: { allowCR?: boolean });
}
