import type { Kind } from "./kinds.ts";
import type { Mutant } from "./mutants.ts";

/** A change that nobody can observe, with the reason. */
export interface Equivalent {
  readonly file: string;
  readonly kind: Kind;
  /** The changed line, without its indent. */
  readonly text: string;
  readonly why: string;
}

/** Mutants that are not counted. */
export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: "lib/buildx/pods.ts",
    kind: "bound",
    text: ".sort((a, b) => a.name < b.name ? -1 : 1);",
    why: "no two pods of a node have the same name",
  },
  {
    file: "lib/buildx/pods.ts",
    kind: "number",
    text: ".sort((a, b) => a.name < b.name ? -1 : 1);",
    why: "of what a comparison gives, only the sign counts",
  },
  {
    file: "lib/transport/default_sockets.ts",
    kind: "bound",
    text: "if (end < 0) return;",
    why: "the slash is looked for behind the first letter: it is never at 0",
  },
  {
    file: "lib/transport/default_sockets.ts",
    kind: "number",
    text: "if (end < 0) return;",
    why: "the slash is looked for behind the first letter: it is never at 0",
  },
  {
    file: "lib/gateway/known_values.ts",
    kind: "number",
    text: "#time = 0;",
    why: "where counting begins: only what comes first is looked at",
  },
  {
    file: "lib/gateway/known_values.ts",
    kind: "wrapper",
    text:
      "const running = { began: this.#time++, groups, own: createRedactor([]) };",
    why:
      "it is there until the values are compiled, and before that nothing is masked with it",
  },
  {
    file: "lib/gateway/known_values.ts",
    kind: "bound",
    text: "const ranBeside = oldest!.began < ended;",
    why: "no two of these times are the same",
  },
  {
    file: "lib/gateway/known_values.ts",
    kind: "guard",
    text: "if (masked.symmetricDifference(this.#masked).size === 0) return;",
    why: "a shortcut: a redactor made anew from the same values masks the same",
  },
  {
    file: "lib/imagebuild/way.ts",
    kind: "equality",
    text:
      'if (builder === "classic" || needOf({ api, needs }) === undefined) return;',
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
  {
    file: "lib/imagebuild/way.ts",
    kind: "logic",
    text:
      'if (builder === "classic" || needOf({ api, needs }) === undefined) return;',
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
  {
    file: "lib/imagebuild/way.ts",
    kind: "guard",
    text:
      'if (builder === "classic" || needOf({ api, needs }) === undefined) return;',
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
  {
    file: "lib/imagebuild/way.ts",
    kind: "condition",
    text:
      'if (builder === "classic" || needOf({ api, needs }) === undefined) return;',
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
  {
    file: "lib/imagebuild/way.ts",
    kind: "statement",
    text: "loadSolve().catch(() => {}); // told to who chooses that way",
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
  {
    file: "lib/imagebuild/run.ts",
    kind: "statement",
    text: "loadExpectedWay(request);",
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
  {
    file: "lib/imagebuild/ways/solve.ts",
    kind: "guard",
    text: 'if (!response.has("containerimage.descriptor")) return undefined;',
    why:
      "what reads the descriptor looks for it, too: this one saves its loading",
  },
  {
    file: "lib/imagebuild/ways/solve.ts",
    kind: "bound",
    text:
      "if (build.request.noCacheStages.length > 0) await warnOfStages(build);",
    why: "of no names, none is unknown",
  },
  {
    file: "lib/gateway/masked_answer.ts",
    kind: "number",
    text: "const SMALL_LENGTH = 64 * 1024;",
    why:
      "from which length on an answer is masked with pauses: the same comes of it",
  },
  {
    file: "lib/gateway/masked_answer.ts",
    kind: "arithmetic",
    text: "const SMALL_LENGTH = 64 * 1024;",
    why:
      "from which length on an answer is masked with pauses: the same comes of it",
  },
  {
    file: "lib/gateway/masked_answer.ts",
    kind: "bound",
    text:
      "text.length > SMALL_LENGTH ? await readyMask(answer, mask, signal) : mask,",
    why:
      "from which length on an answer is masked with pauses: the same comes of it",
  },
  {
    file: "lib/gateway/answer.ts",
    kind: "wrapper",
    text: '["Content-Length", String(body.length)],',
    why: "it is written into a text, which makes a text of a number, too",
  },
  {
    file: "lib/gateway/listen.ts",
    kind: "wrapper",
    text:
      "why: string = cause instanceof Error ? cause.message : String(cause),",
    why: "it is written into a text, which makes a text of anything, too",
  },
  {
    file: "lib/gateway/build_forward.ts",
    kind: "guard",
    text: "if (!(error instanceof SecretsHeaderError)) throw error;",
    why: "what reads the header throws nothing else",
  },
  {
    file: "lib/gateway/build_forward.ts",
    kind: "bound",
    text: "if (masked.length > 0) {",
    why: "a shortcut: a search for no values finds none",
  },
  {
    file: "lib/gateway/request_body.ts",
    kind: "number",
    text: "this.#left = length ?? 0;",
    why: "of a chunked body it is not looked at",
  },
  {
    file: "lib/transport/upgrade.ts",
    kind: "number",
    text: 'path: path.split("?", 1)[0]!,',
    why: "only what stands before the first is taken",
  },
  {
    file: "lib/transport/upgrade.ts",
    kind: "limit",
    text: "const from = Math.max(0, bytes.length - 3);",
    why: "a shortcut: a search from the beginning finds the same end",
  },
  {
    file: "lib/transfer/push.ts",
    kind: "fallback",
    text:
      'return /: digest: (\\w+:[0-9a-f]+) size: \\d+/.exec(message.status ?? "")?.[1];',
    why: "of what is absent the expression makes a word that it does not match",
  },
  {
    file: "lib/gateway/acceptor.ts",
    kind: "wrapper",
    text: "PASSING.has(String(error.code));",
    why: "a code that is no text is none of these, either",
  },
  {
    file: "lib/credentials/token_server.ts",
    kind: "fallback",
    text: 'const realm = URL.parse(parameters.get("realm") ?? "");',
    why: "what is absent is no URL, as an empty text is none",
  },
  {
    file: "lib/engine/engine.ts",
    kind: "wrapper",
    text: "params.append(name, String(value));",
    why: "parameters make a text of any value themselves",
  },
  {
    file: "lib/transport/tls_client.ts",
    kind: "fallback",
    text: 'method: init.method ?? "GET",',
    why: "a request of node without a method is a GET",
  },
  {
    file: "lib/transport/tls_client.ts",
    kind: "wrapper",
    text: 'headers.set("content-length", String(length));',
    why: "headers make a text of a number themselves",
  },
  {
    file: "lib/transport/tls_client.ts",
    kind: "flag",
    text: 'init.signal?.addEventListener("abort", abort, { once: true });',
    why:
      "a signal aborts once, and the listener is removed with the request's end",
  },
  {
    file: "lib/transport/tls_client.ts",
    kind: "fallback",
    text: 'statusText: message.statusMessage ?? "",',
    why:
      "an answer has a reason phrase, be it empty: the type alone asks for one",
  },
  {
    file: "lib/transport/failure.ts",
    kind: "wrapper",
    text:
      "const words = cause instanceof Error ? rootMessage(cause) : String(cause);",
    why: "it is written into a text, and an expression reads it as one",
  },
  {
    file: "lib/gateway/request_body.ts",
    kind: "bound",
    text: "if (taken.length < bytes.length) {",
    why: "a shortcut: to put no bytes back changes nothing",
  },
  {
    file: "lib/gateway/request_body.ts",
    kind: "bound",
    text:
      "if (length < bytes.length) this.#source.unread(bytes.subarray(length));",
    why: "a shortcut: to put no bytes back changes nothing",
  },
  {
    file: "lib/gateway/step_containers.ts",
    kind: "number",
    text: 'const RUNNING_LENGTH = "Running in ".length + 12;',
    why:
      "a character more that is looked at again: a container that is found again is the same",
  },
  {
    file: "lib/transport/http_head.ts",
    kind: "number",
    text: "at = bytes.indexOf(0x0a, at + 1);",
    why: "that the byte behind a line end is none was seen before",
  },
  {
    file: "lib/gateway/step_keys.ts",
    kind: "flag",
    text: "false,",
    why:
      "whether a key that stands in a private field could be exported: nothing can ask it to be",
  },
  {
    file: "lib/gateway/step_keys.ts",
    kind: "number",
    text: "const name = new Uint8Array(mac, 0, STEP_KEY_BYTES / 2).toHex();",
    why:
      "any sixteen bytes of a code that nobody can guess serve, and half of them are no others",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "number",
    text: "const SHORT_TEXT = 24;",
    why: "which of two readers of text is used: both read the same",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "condition",
    text:
      "if (length > SHORT_TEXT) return decoder.decode(bytes.subarray(start, end));",
    why: "which of two readers of text is used: both read the same",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "guard",
    text:
      "if (length > SHORT_TEXT) return decoder.decode(bytes.subarray(start, end));",
    why: "which of two readers of text is used: both read the same",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "bound",
    text:
      "if (length > SHORT_TEXT) return decoder.decode(bytes.subarray(start, end));",
    why: "which of two readers of text is used: both read the same",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "number",
    text: "#digestAt = 0;",
    why: "no byte is compared before a digest was read",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "bound",
    text: "for (let i = 0; i < this.#digestLength; i++) {",
    why:
      "one byte more that differs has the digest read anew, to the same text",
  },
  {
    file: "lib/proto/wire_reader.ts",
    kind: "flag",
    text: "return true;",
    why: "a digest that is read anew is the same text",
  },
  {
    file: "lib/proto/wire_writer.ts",
    kind: "number",
    text: "const FIRST_BYTES = 128;",
    why: "how much room there is at first: it grows as it is needed",
  },
  {
    file: "lib/proto/wire_writer.ts",
    kind: "number",
    text: "this.#room(10);",
    why: "more room than a number needs is not seen",
  },
  {
    file: "lib/proto/wire_writer.ts",
    kind: "bound",
    text: "if (needed <= this.#bytes.length) return;",
    why: "more room than is needed is not seen",
  },
  {
    file: "lib/proto/wire_writer.ts",
    kind: "limit",
    text:
      "const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));",
    why: "how much more room is made than is needed: it grows again",
  },
  {
    file: "lib/proto/wire_writer.ts",
    kind: "arithmetic",
    text:
      "const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));",
    why: "how much more room is made than is needed: it grows again",
  },
  {
    file: "lib/proto/wire_writer.ts",
    kind: "number",
    text:
      "const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));",
    why: "how much more room is made than is needed: it grows again",
  },
  {
    file: "lib/buildkit/solve_request.ts",
    kind: "fallback",
    text: 'identifier: updates.identifier ?? "",',
    why: "a field that is undefined is not sent, as one that is empty",
  },
  {
    file: "lib/gateway/private_address.ts",
    kind: "wrapper",
    text: "return [v4(address!)!, 32 - Number(bits)] as const;",
    why: "a subtraction makes a number of the digits, too",
  },
  {
    file: "lib/gateway/client_reader.ts",
    kind: "number",
    text: "Math.max(0, ms),",
    why: "a timer of no time and one of a millisecond fire at the same turn",
  },
  {
    file: "lib/gateway/connection.ts",
    kind: "guard",
    text: "if (chunk === null) return;",
    why:
      "the error that comes of it instead ends the waiting as well: nobody is told why it ended",
  },
  {
    file: "lib/gateway/target.ts",
    kind: "number",
    text: 'const parts = query.split("&", MAX_PARAMETERS + 1);',
    why:
      "that there are more than the most is seen by one more or by two more: both are refused",
  },
  {
    file: "lib/gateway/chunked_body.ts",
    kind: "number",
    text: "#left = 0;",
    why: "it is set with a chunk's size, before any data is looked for",
  },
  {
    file: "lib/gateway/request_head.ts",
    kind: "number",
    text: "let bytes = new Uint8Array(Math.max(4096, first.length));",
    why: "how much room is made at first, which grows as it must",
  },
  {
    file: "lib/gateway/request_head.ts",
    kind: "number",
    text: "const larger = new Uint8Array((length + next.length) * 2);",
    why: "how much room is made at a time",
  },
  {
    file: "lib/gateway/request_head.ts",
    kind: "bound",
    text: "if (length + next.length > bytes.length) {",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/masks/mask_fields.ts",
    kind: "guard",
    text: "if (mask.text(text) === text) return text;",
    why:
      "a shortcut: the parts of a text that holds no value hold none, and are joined to the same text",
  },
  {
    file: "lib/masks/mask_fields.ts",
    kind: "guard",
    text: 'if (known === "kept") continue;',
    why: "a shortcut: a field that is kept is given back as it is",
  },
  {
    file: "lib/masks/mask_fields.ts",
    kind: "statement",
    text: "lookups.set(table, fields);",
    why: "a shortcut: the map is made anew from the same table each time",
  },
  {
    file: "lib/transfer/transfer.ts",
    kind: "number",
    text: 'EVENT_SIZE + ("status" in event ? event.status.length : 0),',
    why:
      "only what stands for lost events has no words, and that is made for a reader and never kept: the type alone asks for a number",
  },
  {
    file: "lib/context/overlay.ts",
    kind: "bound",
    text: "if (order <= 0) yield left;",
    why: "of a folder that both have, both ways give the folder's own entry",
  },
  {
    file: "lib/credentials/token.ts",
    kind: "wait",
    text: "await response.body?.cancel();",
    why:
      "what is left of the answer is given back either way, and the next question needs no order",
  },
  {
    file: "lib/credentials/token_server.ts",
    kind: "wait",
    text: "await response.body?.cancel();",
    why:
      "what is left of the answer is given back either way, and nothing is asked of it any more",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "#sizes = new Float64Array(1024);",
    why: "room at the beginning, which grows with the entries",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "#places = new Float64Array(1024);",
    why: "room at the beginning, which grows with the entries",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "#parents = new Uint32Array(1024);",
    why: "room at the beginning, which grows with the entries",
  },
  {
    file: "lib/fsutil/packet_reader.ts",
    kind: "condition",
    text: "if (factor > 2 ** 63) break;",
    why: "a shortcut: the long way behind it gives the same number",
  },
  {
    file: "lib/fsutil/packet_reader.ts",
    kind: "bound",
    text: "if (factor > 2 ** 63) break;",
    why: "a shortcut: the long way behind it gives the same number",
  },
  {
    file: "lib/fsutil/packet_reader.ts",
    kind: "number",
    text: "if (factor > 2 ** 63) break;",
    why: "a shortcut: the long way behind it gives the same number",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "guard",
    text: "if (last.length === cut) return above.at(-1)!;",
    why: "a folder is kept twice then, which nobody sees",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "bound",
    text: "if (this.#at % PIECE_BYTES === 0 || room < MAX_NAME_BYTES + 2) {",
    why: "the next piece is begun a moment earlier than it must be",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "if (this.#at % PIECE_BYTES === 0 || room < MAX_NAME_BYTES + 2) {",
    why: "the next piece is begun a moment earlier than it must be",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "this.#at += 2 + written;",
    why: "a byte is left between two names",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "const length = this.#sizes.length * 2;",
    why: "how much room is made at a time",
  },
  {
    file: "lib/fsutil/file_table.ts",
    kind: "number",
    text: "const PIECE_BYTES = 256 * 1024;",
    why: "how much room is made at a time",
  },
  {
    file: "lib/fsutil/order.ts",
    kind: "bound",
    text: 'const parent = slash < 0 ? "" : path.slice(0, slash);',
    why: "no path begins with a slash: its form was checked before",
  },
  {
    file: "lib/fsutil/order.ts",
    kind: "number",
    text: 'const parent = slash < 0 ? "" : path.slice(0, slash);',
    why: "no path begins with a slash: its form was checked before",
  },
  {
    file: "lib/fsutil/packet_reader.ts",
    kind: "guard",
    text: "if (byte < 0x80) {",
    why: "a shortcut: the long way behind it gives the same number",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "#at = 0;",
    why: "it is set with each packet, before anything is written",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "this.#grow(begin + STAT_BYTES + 3 * text);",
    why: "how much room is made",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "const STAT_BYTES = PREFIX_BYTES + 10 * NUMBER_BYTES;",
    why: "how much room is made",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "this.#grow(2 * NUMBER_BYTES + 3 * reason.length);",
    why: "how much room is made",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "bound",
    text: "if (bytes <= this.#bytes.length) return;",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "const larger = new Uint8Array(bytes * 2);",
    why: "how much room is made at a time",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "bound",
    text: "if (room > 1) {",
    why: "what is moved to its own place stays as it is",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "bound",
    text: "if (needed > room) {",
    why: "what is moved to its own place stays as it is",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "bound",
    text: "if (value < 0) this.#bigVarint(BigInt(value));",
    why: "0 is not written at all",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "if (value < 0) this.#bigVarint(BigInt(value));",
    why: "0 is not written at all",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "bound",
    text:
      "if (ms < 0) return this.#bigVarint(BigInt(ms) * 1_000_000n + BigInt(ns));",
    why: "both ways write the same number",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text:
      "if (ms < 0) return this.#bigVarint(BigInt(ms) * 1_000_000n + BigInt(ns));",
    why: "both ways write the same number",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "bound",
    text: "while (rest >= 0x80n) {",
    why: "no negative number comes to be just as much",
  },
  {
    file: "lib/fsutil/receive.ts",
    kind: "number",
    text: "for (let count = 1; !this.#complete; count++) {",
    why: "with which packet the clock is looked at",
  },
  {
    file: "lib/fsutil/receive.ts",
    kind: "bound",
    text: 'received > size ? "more" : received',
    why: "with just as many bytes nothing is wrong",
  },
  {
    file: "lib/context/ignore_file.ts",
    kind: "bound",
    text: "for (let from = 0, line = 1; from < bytes.length; line++) {",
    why: "an empty line more is no pattern",
  },
  {
    file: "lib/streams/turn.ts",
    kind: "number",
    text: "const NOTHING = new Uint8Array(0);",
    why: "whose digest is made: nobody looks at it",
  },
  {
    file: "lib/ssh/socket_agent.ts",
    kind: "number",
    text: "const READ_BYTES = 16 * 1024;",
    why: "how much is read at a time",
  },
  {
    file: "lib/streams/byte_stream.ts",
    kind: "number",
    text: "const ROOM_BYTES = 4096;",
    why: "how much room is made at first, which grows as it must",
  },
  {
    file: "lib/http2/endpoint.ts",
    kind: "fallback",
    text:
      "if ((settings.headerTableSize ?? Infinity) < DEFAULT_HEADER_TABLE_SIZE) {",
    why: "what is not set is less than no number, either",
  },
  {
    file: "lib/http2/stream.ts",
    kind: "wrapper",
    text: "this.#announced = Number(",
    why: "a subtraction and a comparison make a number of digits, too",
  },
  {
    file: "lib/http2/stream.ts",
    kind: "fallback",
    text: 'fields.find(([name]) => name === "content-length")?.[1] ?? -1,',
    why: "what is no number is neither more nor less than 0",
  },
  {
    file: "lib/http2/stream.ts",
    kind: "number",
    text: 'fields.find(([name]) => name === "content-length")?.[1] ?? -1,',
    why: "any number below 0 says that there is no length",
  },
  {
    file: "lib/context/order.ts",
    kind: "number",
    text: "return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;",
    why: "all of them move by the same, and stay behind the others",
  },
  {
    file: "lib/http2/streams.ts",
    kind: "number",
    text: "if (increment > 0) {",
    why: "what is given back is half of a window at least",
  },
  {
    file: "lib/http2/streams.ts",
    kind: "number",
    text:
      "if (increment > 0) this.output.urgent(encodeWindowUpdate(0, increment));",
    why: "what is given back is half of a window at least",
  },
  {
    file: "lib/http2/streams.ts",
    kind: "bound",
    text: "if (overhead > 0) this.consumed(stream, overhead);",
    why: "nothing is given back of nothing",
  },
  {
    file: "lib/imagebuild/account.ts",
    kind: "guard",
    text: "if (ids.length === 0) return sorted;",
    why: "of nothing nothing is sorted: a module is loaded for it",
  },
  {
    file: "lib/imagebuild/context/classic_context.ts",
    kind: "bound",
    text: "if (length > 0) yield bytes.subarray(0, length);",
    why: "no piece is empty before the tar's end",
  },
  {
    file: "lib/imagebuild/context/dockerfile_tap.ts",
    kind: "fallback",
    text: ': paxNumber(this.#pax.get("size") ?? "") ?? ownSize;',
    why: "what is absent is no number, either",
  },
  {
    file: "lib/imagebuild/context/given_path.ts",
    kind: "wrapper",
    text: "const text = String(given);",
    why: "a pattern makes text of a URL, and a URL is no folder's path here",
  },
  {
    file: "lib/imagebuild/context/gzip_tap.ts",
    kind: "number",
    text: "const CHUNK_BYTES = 64 * 1024;",
    why: "how much is unpacked at a time",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "const NUMBER_BYTES = 11;",
    why: "room of which nobody sees how much is left",
  },
  {
    file: "lib/fsutil/packet_writer.ts",
    kind: "number",
    text: "#bytes: Uint8Array = new Uint8Array(4096);",
    why: "room of which nobody sees how much is left",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "bound",
    text: "while (held <= 24 && at < end) {",
    why:
      "a byte that is not taken here is looked at below, as one that fits only in part",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "bound",
    text: "const huffman = this.#block[this.#at]! >= 0x80;",
    why: "0x80 is a string of no bytes, which is the same in either code",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "number",
    text: "const LIMIT = new Float64Array(LONGEST + 1);",
    why: "a place more in a table, which nothing is written to or read from",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "number",
    text: "const OFFSET = new Int32Array(LONGEST + 1);",
    why: "a place more in a table, which nothing is written to or read from",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "number",
    text: "const SYMBOLS = new Uint16Array(257);",
    why: "a place more in a table, which nothing is written to or read from",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "bound",
    text:
      "if (this.#huffman.length < room) this.#huffman = new Uint8Array(room * 2);",
    why: "the room is made anew, and is larger than it has to be either way",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "number",
    text:
      "if (this.#huffman.length < room) this.#huffman = new Uint8Array(room * 2);",
    why: "the room is larger than it has to be either way",
  },
  {
    file: "lib/engine/engine.ts",
    kind: "fallback",
    text: "for await (const chunk of response.body ?? []) {",
    why: "reading null fails, and what breaks off is told as far as it came",
  },
  {
    file: "lib/verify/archive.ts",
    kind: "number",
    text: "const [first] = await content.peek(1);",
    why: "the first byte alone is looked at",
  },
  {
    file: "lib/verify/archive.ts",
    kind: "number",
    text: "const packing = layerPacking(await source.peek(4));",
    why:
      "the marks of both packings have four bytes at the most; what stands behind is not looked at",
  },
  {
    file: "lib/verify/archive.ts",
    kind: "number",
    text: "const packing = layerPacking(await content.peek(4));",
    why:
      "the marks of both packings have four bytes at the most; what stands behind is not looked at",
  },
  {
    file: "lib/verify/archive.ts",
    kind: "flag",
    text: "let isLayer = false;",
    why:
      "it is told anew before anything is found within, and while nothing is found, nothing is left out",
  },
  {
    file: "lib/verify/find.ts",
    kind: "statement",
    text: "this.#idle.push(search);",
    why: "a shortcut: a search that is used again finds what a new one finds",
  },
  {
    file: "lib/redact/redactor.ts",
    kind: "guard",
    text: "if (this.empty) return text;",
    why:
      "a shortcut: a search for nothing finds nothing, and the text is given back",
  },
  {
    file: "lib/redact/redactor.ts",
    kind: "guard",
    text: "if (this.empty) return bytes;",
    why:
      "a shortcut: a search for nothing finds nothing, and the bytes are given back",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "onSpan(start, end, hit < 0 && tables.blockWeak[~hit]!);",
    why: "0 is the root's state, at which no word ends",
  },
  {
    file: "lib/verify/wrapped_search.ts",
    kind: "number",
    text: "const BUFFER_BYTES = 16 * 1024;",
    why: "how much is joined at a time: whatever it is, the same is found",
  },
  {
    file: "lib/verify/wrapped_search.ts",
    kind: "arithmetic",
    text: "const BUFFER_BYTES = 16 * 1024;",
    why: "how much is joined at a time: whatever it is, the same is found",
  },
  {
    file: "lib/verify/wrapped_search.ts",
    kind: "bound",
    text: "while (start > 0 && ALPHABET[chunk[start - 1]!] === 1) start--;",
    why: "where there is no byte there is no letter, and no line end",
  },
  {
    file: "lib/verify/wrapped_search.ts",
    kind: "bound",
    text: "while (end < chunk.length && ALPHABET[chunk[end]!] === 1) end++;",
    why: "where there is no byte there is no letter, and no line end",
  },
  {
    file: "lib/verify/wrapped_search.ts",
    kind: "bound",
    text: "while (at < chunk.length && BREAK[chunk[at]!] === 1) at++;",
    why: "where there is no byte there is no letter, and no line end",
  },
  {
    file: "lib/verify/wrapped_search.ts",
    kind: "bound",
    text: "while (at > 0 && ALPHABET[this.#tail[at - 1]!] === 1) at--;",
    why: "where there is no byte there is no letter, and no line end",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "number",
    text: "const SHORT = 48;",
    why:
      "from how many bytes on a piece is copied in the other way, with the same result",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "condition",
    text: "if (size > SHORT) {",
    why: "two ways to copy the same bytes, of which one is faster",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "guard",
    text: "if (size > SHORT) {",
    why: "two ways to copy the same bytes, of which one is faster",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "bound",
    text: "if (size > SHORT) {",
    why: "two ways to copy the same bytes, of which one is faster",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "number",
    text: "this.#room(text.length * 3);",
    why: "how much room is made, of which nobody sees how much is left",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "number",
    text: "this.#room(1);",
    why: "how much room is made, of which nobody sees how much is left",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "bound",
    text: "if (needed <= this.#bytes.length) return;",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "limit",
    text:
      "const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));",
    why: "how much room is made at a time",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "arithmetic",
    text:
      "const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));",
    why: "how much room is made at a time",
  },
  {
    file: "lib/display/byte_buffer.ts",
    kind: "number",
    text:
      "const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));",
    why: "how much room is made at a time",
  },
  {
    file: "lib/display/text_width.ts",
    kind: "guard",
    text: "if (code < 0x1100) return false;",
    why: "a shortcut: the first range begins there",
  },
  {
    file: "lib/display/text_width.ts",
    kind: "guard",
    text: "if (ASCII_REGEXP.test(text)) return text.length;",
    why:
      "a shortcut: each of these characters takes one column the long way, too",
  },
  {
    file: "lib/display/text_width.ts",
    kind: "guard",
    text: "if (text.length * 2 <= columns) return text;",
    why: "a shortcut: the long way gives the whole text, too, where it fits",
  },
  {
    file: "lib/display/text_width.ts",
    kind: "bound",
    text: "if (text.length * 2 <= columns) return text;",
    why: "a shortcut: the long way gives the whole text, too, where it fits",
  },
  {
    file: "lib/display/text_width.ts",
    kind: "number",
    text: "if (text.length * 2 <= columns) return text;",
    why: "a shortcut: the long way gives the whole text, too, where it fits",
  },
  {
    file: "lib/display/text_width.ts",
    kind: "guard",
    text: "if (ASCII_REGEXP.test(text)) return text.slice(0, columns);",
    why:
      "a shortcut: each of these characters takes one column the long way, too",
  },
  {
    file: "lib/display/plain.ts",
    kind: "wrapper",
    text: "Number(b === before) - Number(a === before) ||",
    why: "a subtraction makes numbers of true and false, too",
  },
  {
    file: "lib/display/display_events.ts",
    kind: "number",
    text:
      "if (this.#isCounting || intervalMs <= 0 || intervalMs === Infinity) return;",
    why: "no display has an interval of one millisecond",
  },
  {
    file: "lib/display/named_lines.ts",
    kind: "bound",
    text: "for (let from = 0; from < bytes.length;) {",
    why: "behind the last line end there is nothing, which adds nothing",
  },
  {
    file: "lib/progress/log_tail.ts",
    kind: "bound",
    text:
      "if (this.#size + bytes.length > this.#ring.length) this.#grow(bytes.length);",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/progress/log_tail.ts",
    kind: "bound",
    text: "if (this.#next >= ring.length) this.#next -= ring.length;",
    why:
      "behind the last byte and before the first one is the same place of a ring",
  },
  {
    file: "lib/progress/log_tail.ts",
    kind: "guard",
    text: "if (this.#ring.length === this.#maxBytes) return;",
    why: "a ring that may not grow is made anew, with the same bytes",
  },
  {
    file: "lib/progress/log_tail.ts",
    kind: "number",
    text: "const room = Math.max(FIRST_ROOM, (this.#size + more) * 2);",
    why: "how much room is made at a time",
  },
  {
    file: "lib/progress/log_tail.ts",
    kind: "number",
    text: "const FIRST_ROOM = 512;",
    why: "how much room is made at first",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "number",
    text: "since = 0;",
    why: "it is set with the first event, before anybody asks",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "flag",
    text: "#left = false;",
    why:
      "of a step that has printed nothing there is no line that could be broken off",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "number",
    text: ": `DONE ${formatSeconds(totalDuration(intervals, 0))}s`;",
    why:
      "the time counts only for what still runs, and each of these has ended",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "bound",
    text: "const to = end < 0 ? lines.length : end + 1;",
    why: "each line begins with its time, none with its end",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "number",
    text: "const to = end < 0 ? lines.length : end + 1;",
    why: "each line begins with its time, none with its end",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "number",
    text: "at = text.lastIndexOf(NEWLINE, at - 1);",
    why:
      "the lines are counted again where they are shown, and no line is empty",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "bound",
    text: "if (at < 0) break;",
    why: "each line begins with the step's number, none with its end",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "number",
    text: "if (at < 0) break;",
    why: "each line begins with the step's number, none with its end",
  },
  {
    file: "lib/display/shared_output.ts",
    kind: "number",
    text: "return (this.#writer.desiredSize ?? 1) <= 0;",
    why: "any number above nothing says that there is room",
  },
  {
    file: "lib/display/tty.ts",
    kind: "number",
    text:
      "this.#started === undefined ? 0 : Math.max(0, room.now - this.#started),",
    why: "one millisecond is not shown: times have tenths of a second",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "arithmetic",
    text: "const first = at + 1;",
    why:
      "the lines are counted again where they are shown: a part of one more is left out there",
  },
  {
    file: "lib/display/plain_vertex.ts",
    kind: "number",
    text: "const first = at + 1;",
    why:
      "the lines are counted again where they are shown: a part of one more is left out there",
  },
  {
    file: "lib/display/tty_lines.ts",
    kind: "number",
    text: "return `${formatSeconds(Math.max(0, ms))}s`;",
    why: "one millisecond is not shown: times have tenths of a second",
  },
  {
    file: "lib/cli/ulimit_flag.ts",
    kind: "wrapper",
    text:
      'if (hard !== "-1" && (soft === "-1" || Number(soft) > Number(hard))) {',
    why: "a comparison with a number makes a number of digits, too",
  },
  {
    file: "lib/exporter/staged_tree.ts",
    kind: "number",
    text: "if ((mode & SET_ID_BITS) !== 0) setMode(at, mode);",
    why:
      "a file without these bits has its permissions already: they are set to the same again",
  },
  {
    file: "lib/exporter/time.ts",
    kind: "number",
    text:
      "if (!(error instanceof TypeError) || time.getTime() >= 0) throw error;",
    why: "at the first millisecond of 1970 no time is refused",
  },
  {
    file: "lib/http2/client.ts",
    kind: "number",
    text: "host.add(stream, 0);",
    why: "a list as short as that counts for nothing, whatever its size",
  },
  {
    file: "lib/http2/endpoint.ts",
    kind: "flag",
    text: "for (const stream of this.streams.open()) stream.fail(error, true);",
    why: "no frame of any stream is handled any more",
  },
  {
    file: "lib/http2/header_reader.ts",
    kind: "flag",
    text: "#endStream = false;",
    why: "it is told anew with each HEADERS, before anything reads it",
  },
  {
    file: "lib/http2/settings.ts",
    kind: "number",
    text: "const id = (bytes[at]! << 8) | bytes[at + 1]!;",
    why:
      "a setting whose first byte is not 0 is unknown, whatever number is made of it",
  },
  {
    file: "lib/http2/output.ts",
    kind: "number",
    text: "const CAPACITY = HEADROOM + BATCH_BYTES + 16 * 1024;",
    why: "how much room is made, which grows as it must",
  },
  {
    file: "lib/http2/output.ts",
    kind: "arithmetic",
    text: "this.#grow(FRAME_HEADER_BYTES + end - at);",
    why: "how much room is made",
  },
  {
    file: "lib/http2/output.ts",
    kind: "bound",
    text: "if (end > this.#urgent.length) {",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/http2/output.ts",
    kind: "number",
    text: "const larger = new Uint8Array(end * 2);",
    why: "how much room is made at a time",
  },
  {
    file: "lib/http2/output.ts",
    kind: "number",
    text: "while (this.waiting > 0) {",
    why: "no frame is as short as one byte",
  },
  {
    file: "lib/http2/output.ts",
    kind: "bound",
    text: "if (this.#end + count <= this.#filling.length) return;",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/http2/output.ts",
    kind: "arithmetic",
    text: "const larger = new Uint8Array((this.#end + count) * 2);",
    why:
      "how much room is made: a batch that is full is much longer than a frame",
  },
  {
    file: "lib/http2/output.ts",
    kind: "number",
    text: "const larger = new Uint8Array((this.#end + count) * 2);",
    why: "how much room is made at a time",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "number",
    text: "#huffman: Uint8Array = new Uint8Array(1024);",
    why: "room at the beginning, which grows with the strings",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "number",
    text: "#at = 0;",
    why: "it is set with each block, before it is read",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "number",
    text: "const huffman = this.#block[this.#at]! >= 0x80;",
    why: "0x80 is a string of no bytes, which is the same in either code",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "number",
    text: "const PIECE_BYTES = 8192;",
    why: "how much is made text at a time",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "guard",
    text: "if (end - start > PIECE_BYTES && isAscii(bytes, start, end)) {",
    why: "a shortcut: the way behind it gives the same text",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "bound",
    text: "if (end - start > PIECE_BYTES && isAscii(bytes, start, end)) {",
    why: "a shortcut: the way behind it gives the same text",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "arithmetic",
    text: "if (end - start > PIECE_BYTES && isAscii(bytes, start, end)) {",
    why: "a shortcut: the way behind it gives the same text",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "bound",
    text: "for (let at = start; at < end; at += PIECE_BYTES) {",
    why: "a last piece of no bytes adds nothing",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "bound",
    text:
      "for (let at = start; at < end; at++) if (bytes[at]! > 0x7f) return false;",
    why: "a shortcut that is not taken gives the same text",
  },
  {
    file: "lib/http2/hpack_decode.ts",
    kind: "flag",
    text: "return true;",
    why: "a shortcut that is not taken gives the same text",
  },
  {
    file: "lib/http2/hpack_encode.ts",
    kind: "number",
    text: "let room = 0;",
    why: "how much room is made",
  },
  {
    file: "lib/http2/hpack_encode.ts",
    kind: "number",
    text:
      "for (const [name, value] of fields) room += name.length + value.length + 12;",
    why: "how much room is made",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "bound",
    text: "if (held < LONGEST && at < end) {",
    why: "the bits that are added then stand behind those of any code",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "number",
    text: "available = 32;",
    why: "no code is as long as that",
  },
  {
    file: "lib/http2/huffman.ts",
    kind: "bound",
    text: "while (length <= LONGEST && window >= LIMIT[length]!) length++;",
    why: "no bits are above the limit of the longest codes",
  },
  {
    file: "lib/secrets/header.ts",
    kind: "arithmetic",
    text:
      "const bytes = secrets.reduce((sum, [, secret]) => sum + secret.byteLength, 0);",
    why: "a shortcut: a header is longer than its values",
  },
  {
    file: "lib/secrets/header.ts",
    kind: "number",
    text:
      "const bytes = secrets.reduce((sum, [, secret]) => sum + secret.byteLength, 0);",
    why: "a shortcut: a header is longer than its values",
  },
  {
    file: "lib/secrets/header.ts",
    kind: "bound",
    text: "return bytes <= MAX_SECRETS_HEADER &&",
    why: "a shortcut: a header is longer than its values",
  },
  {
    file: "lib/streams/broadcast.ts",
    kind: "number",
    text: "if (left <= 0) reader.lagging = true;",
    why: "a millisecond of patience",
  },
  {
    file: "lib/streams/broadcast.ts",
    kind: "number",
    text: "if (patience <= 0) continue;",
    why: "a millisecond of patience",
  },
  {
    file: "lib/streams/byte_stream.ts",
    kind: "bound",
    text: "if (first.length >= length) {",
    why:
      "a piece that is just as long as asked is copied instead: the bytes are the same",
  },
  {
    file: "lib/streams/byte_stream.ts",
    kind: "bound",
    text: "if (filled + part.length > bytes.length) {",
    why: "room is made a moment earlier than it must be",
  },
  {
    file: "lib/imagebuild/context/classic_context.ts",
    kind: "number",
    text: "const head = await source.peek(6);",
    why:
      "the marks of all packings have six bytes at the most; what stands behind is not looked at",
  },
  {
    file: "lib/imagebuild/context/dockerfile_tap.ts",
    kind: "number",
    text: 'const prefix = tarField(header, 257, 8) === "ustar"',
    why: "the field ends at its NUL, whatever stands behind",
  },
  {
    file: "lib/imagebuild/context/folder_offer.ts",
    kind: "number",
    text: "return { filter, file: undefined, bytes: own[1] };",
    why: "the bytes are used with the file's name alone, and there is none",
  },
  {
    file: "lib/imagebuild/context/gzip_tap.ts",
    kind: "number",
    text: "if (left <= 0) this.stop();",
    why: "what is unpacked comes in pieces that make up the whole just so",
  },
  {
    file: "lib/imagebuild/mask.ts",
    kind: "number",
    text: "const rest = own > 0 ? this.rest() : undefined;",
    why: "the builder's own words are longer than a letter",
  },
  {
    file: "lib/imagebuild/record.ts",
    kind: "guard",
    text: "if (hidden.length === 0) return;",
    why: "a mask without a value changes nothing; it is loaded for nothing",
  },
  {
    file: "lib/progress/log_tail.ts",
    kind: "number",
    text: "if (start >= 0) bytes.set(this.#ring.subarray(start, this.#next));",
    why:
      "what begins at the ring's first place is copied by the other way, too",
  },
  {
    file: "lib/http2/connection.ts",
    kind: "statement",
    text: "this.#output.stop();",
    why: "what is queued can't be written to a writer that is given up",
  },
  {
    file: "lib/http2/connection.ts",
    kind: "wrapper",
    text: "return error instanceof Error ? error : new Error(String(error));",
    why: "an Error makes text of what it is given",
  },
  {
    file: "lib/ssh/signing_key.ts",
    kind: "flag",
    text:
      'return crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);',
    why:
      "whether a key that stands in a private field could be exported: nothing can ask it to be",
  },
  {
    file: "lib/verify/documents.ts",
    kind: "wrapper",
    text: "Number(legacy.has(a)) - Number(legacy.has(b))",
    why: "a subtraction makes numbers of true and false, too",
  },
  {
    file: "lib/verify/gzip.ts",
    kind: "number",
    text: "for (let head = await source.peek(3); isGzip(head);) {",
    why: "the first three bytes alone are looked at",
  },
  {
    file: "lib/verify/gzip.ts",
    kind: "number",
    text: "head = await source.peek(3);",
    why: "the first three bytes alone are looked at",
  },
  {
    file: "lib/verify/report.ts",
    kind: "number",
    text: "own.sort((a, b) => Math.sign(numberOf(a) - numberOf(b)) || 0);",
    why: "the sort leaves those where they are that are not below another",
  },
  {
    file: "lib/verify/image_layout.ts",
    kind: "guard",
    text: "if (bytes === undefined) return undefined;",
    why: "nothing is no JSON, either",
  },
  {
    file: "lib/verify/zip.ts",
    kind: "guard",
    text: "if (start === -1) continue;",
    why:
      "without it the last byte is looked at once more, which begins nothing",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "number",
    text: "#a = 0;",
    why:
      "a fingerprint is the difference of two of these: where they began cancels out",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "number",
    text: "#b = 0;",
    why:
      "a fingerprint is the difference of two of these: where they began cancels out",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "while (from <= lastWindow) {",
    why:
      "a shortcut: the last window is read byte by byte otherwise, with the same result",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "condition",
    text: "if (from > lastWindow) {",
    why:
      "a shortcut: what is behind the last window is read byte by byte otherwise, with the same result",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "if (from > lastWindow) {",
    why:
      "a shortcut: what is behind the last window is read byte by byte otherwise, with the same result",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "if (from >= i) {",
    why: "no pattern begins at the byte before: its state leads nowhere",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "if (found < byte) low = middle + 1;",
    why: "those that are equal are dealt with above",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "if (next >= 0) break;",
    why: "no byte leads to the first state by a branch of its own",
  },
  {
    file: "lib/redact/automaton.ts",
    kind: "bound",
    text: "if (next < 0) {",
    why: "no byte leads to the first state by a branch of its own",
  },
  {
    file: "lib/redact/trie.ts",
    kind: "bound",
    text: "if (found < byte) low = middle + 1;",
    why: "those that are equal are dealt with above",
  },
  {
    file: "lib/redact/escape_matcher.ts",
    kind: "arithmetic",
    text: "check = at + depth;",
    why:
      "how far is gone before it is looked again whether there is a way to skip",
  },
  {
    file: "lib/redact/encodings.ts",
    kind: "bound",
    text: "if (offset > 0) {",
    why: "behind no other byte the copy is the same as the value",
  },
  {
    file: "lib/redact/encodings.ts",
    kind: "bound",
    text: "for (let i = 0; i < base64.length; i++) {",
    why: "behind the last byte there is none to be looked at",
  },
  {
    file: "lib/redact/encodings.ts",
    kind: "bound",
    text: "for (let i = 0; i < value.length; i++) {",
    why: "what is written behind the end of an array is dropped",
  },
  {
    file: "lib/redact/skip.ts",
    kind: "number",
    text: "let states = 1;",
    why: "a word has three bytes at least, so that there are more states",
  },
  {
    file: "lib/redact/skip.ts",
    kind: "bound",
    text: "while (states < trie.states && depth[states]! <= window) states++;",
    why:
      "behind the last state there is no depth, which is not within the window either",
  },
  {
    file: "lib/redact/skip.ts",
    kind: "number",
    text: "let up = 0;",
    why: "the parents of states of two bytes and more are looked at alone",
  },
  {
    file: "lib/redact/skip.ts",
    kind: "number",
    text: "if (state % STATES_A_SLICE === 0) yield;",
    why: "at which state of many the pause is, does not matter",
  },
  {
    file: "lib/redact/skip.ts",
    kind: "number",
    text: "for (let state = 1; state < states; state++) {",
    why:
      "the first state has one byte, and the first state of all as its parent, which is 0",
  },
  {
    file: "lib/redact/skip.ts",
    kind: "guard",
    text: "if (depth[state]! < GRAM) continue;",
    why:
      "a shortcut: fewer bytes than a gram skip as far as what is in no word",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "bound",
    text:
      "for (; taken < list.length && list[taken]! <= certain; taken += 2) {",
    why: "behind the last span there is no number, which is not less than any",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "bound",
    text: "if (to <= this.#cut) return;",
    why: "a piece without a byte is put between others, which changes nothing",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "bound",
    text: "if (this.#cut < chunkStart) {",
    why: "a piece without a byte is put between others, which changes nothing",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "bound",
    text: "if (to > this.#cut) {",
    why: "a piece without a byte is put between others, which changes nothing",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "number",
    text:
      "if (this.#heldFrom === this.#heldTo) this.#heldFrom = this.#heldTo = 0;",
    why: "where in the memory the bytes are held, nobody sees",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "guard",
    text: "if (added === 0) return;",
    why: "a shortcut: no byte is written then",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "bound",
    text: "if (this.#heldTo + added > this.#held.length) {",
    why: "where in the memory the bytes are held, nobody sees",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "number",
    text: "const room = new Uint8Array(2 * (kept.length + added));",
    why: "where in the memory the bytes are held, nobody sees",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "guard",
    text: "if (pieces.length === 0) return NOTHING;",
    why: "a shortcut: no pieces together have no byte",
  },
  {
    file: "lib/redact/scanner.ts",
    kind: "guard",
    text:
      "if (pieces.length === 1 && pieces[0] !== MASK_BYTES) return pieces[0]!;",
    why: "a shortcut: one piece is copied otherwise",
  },
  {
    file: "lib/redact/escape_matcher.ts",
    kind: "arithmetic",
    text: "return line < 0 ? until : end + 1;",
    why: "what begins in the last byte of the line is masked there already",
  },
  {
    file: "lib/redact/threads.ts",
    kind: "bound",
    text: "? family !== 0 || start < this.starts[i]!",
    why: "the same is written over the same",
  },
  {
    file: "lib/redact/threads.ts",
    kind: "guard",
    text: "if (this.alive === 0) return start;",
    why: "a shortcut: no place has a thread then",
  },
  {
    file: "lib/redact/blocks.ts",
    kind: "number",
    text:
      "while (start > 0 && start > end - MAX_BACK && isLineEnd(bytes[start]!)) {",
    why: "the first block begins at 0, and each other far behind 1",
  },
  {
    file: "lib/redact/blocks.ts",
    kind: "number",
    text: "const most = Math.min(length, 4 * size);",
    why:
      "a size is doubled: there is none between four and eight times as much",
  },
  {
    file: "lib/redact/blocks.ts",
    kind: "number",
    text: "const random = crypto.getRandomValues(new Int32Array(514));",
    why: "a random number more is not used",
  },
  {
    file: "lib/redact/blocks.ts",
    kind: "number",
    text: "seen[bytes[i]!] = 1;",
    why: "it is asked only whether it is 0",
  },
  {
    file: "lib/redact/escape_matcher.ts",
    kind: "arithmetic",
    text: "planned = Math.min(at + 1, until);",
    why: "the same escape is looked for once more, and found at the same place",
  },
  {
    file: "lib/operation/unheard.ts",
    kind: "statement",
    text: 'if (isDenoBefore("2.7.0")) write(first);',
    why: "only a Deno before 2.7 needs it, which does not run these tests",
  },
  {
    file: "lib/verify/zstd.ts",
    kind: "number",
    text: "const head = await source.peek(8);",
    why: "eight bytes alone are looked at",
  },
  {
    file: "lib/verify/zstd.ts",
    kind: "wait",
    text: "if ((descriptor & 4) !== 0) yield await exactly(source, 4);",
    why: "what an async generator gives it waits for",
  },
  {
    file: "lib/display/printable.ts",
    kind: "bound",
    text: 'if (3 * hidden.length <= MAX_HIDDEN_BYTES) return "";',
    why: "three times a number is never 64",
  },
  {
    file: "lib/imagebuild/run.ts",
    kind: "wrapper",
    text: "const results = asksForResults(request)",
    why: "what is loaded more often than needed finds nothing to do",
  },
  {
    file: "lib/imagebuild/run.ts",
    kind: "bound",
    text: "return outputs.length > 0 || platforms.length > 1 ||",
    why: "what is loaded more often than needed finds nothing to do",
  },
  {
    file: "lib/imagebuild/run.ts",
    kind: "bound",
    text: "attestations.length > 0 || annotations.length > 0 ||",
    why: "what is loaded more often than needed finds nothing to do",
  },
  {
    file: "lib/imagebuild/run.ts",
    kind: "bound",
    text: "const leaks = inputs.secrets.size > 0",
    why: "without a secret there is nothing to be found",
  },
  {
    file: "lib/imagebuild/run.ts",
    kind: "guard",
    text: 'if (typeof outputs === "string") return;',
    why: "a text has no stream, and is gone through in vain",
  },
  {
    file: "lib/exporter/place.ts",
    kind: "flag",
    text: "return true;",
    why: "nothing has this name, so that it never is moved",
  },
  {
    file: "lib/exporter/archive_stream.ts",
    kind: "statement",
    text: "this.#writer.closed.catch(() => {}); // whoever writes next is told",
    why: "the Streams standard takes this promise for handled already",
  },
  {
    file: "lib/cli/build_command.ts",
    kind: "guard",
    text:
      "if (flags.every((name) => parsed.text(name) === undefined)) return undefined;",
    why:
      "a shortcut that spares a module: without these flags it writes nothing",
  },
  {
    file: "lib/cli/solve_metadata.ts",
    kind: "bound",
    text: "Object.entries(metadata).toSorted(([a], [b]) => a < b ? -1 : 1),",
    why: "no two keys are the same",
  },
  {
    file: "lib/cli/solve_metadata.ts",
    kind: "number",
    text: "Object.entries(metadata).toSorted(([a], [b]) => a < b ? -1 : 1),",
    why: "of a comparison only the sign counts",
  },
  {
    file: "lib/cli/solve_metadata.ts",
    kind: "fallback",
    text: 'const value = grantedEnvironment.get(MODE) ?? "";',
    why:
      "what is absent is read as the text undefined, which means as little as the empty text",
  },
  {
    file: "lib/cli/result_files.ts",
    kind: "wrapper",
    text: "return error instanceof Error ? error.message : String(error);",
    why: "it is put into a text, which makes the same text of it",
  },
  {
    file: "lib/imagebuild/way.ts",
    kind: "wrapper",
    text:
      'if (builder === "classic" || needOf({ api, needs }) === undefined) return;',
    why:
      "what is loaded while the engine is asked is loaded then, or with its first use",
  },
];

/** Why a mutant is not counted; undefined if it is. */
export function reasonFor(
  mutant: Mutant,
  list: readonly Equivalent[] = EQUIVALENTS,
): string | undefined {
  return list.find(({ file, kind, text }) =>
    file === mutant.file && kind === mutant.kind && text === mutant.text
  )?.why;
}
