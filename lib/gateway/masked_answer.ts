import { ERROR_FIELDS } from "../masks/answer_fields.ts";
import type { FieldNode } from "../masks/field_kind.ts";
import { maskFields, type TextMask } from "../masks/mask_fields.ts";
import { jsonLines } from "../streams/json_lines.ts";
import { readText } from "../streams/read_whole.ts";
import { inFairSlices } from "../streams/slices.ts";
import { Refusal } from "./refusal.ts";

/**
 * The longest error of an engine that is masked, in bytes; a longer one is
 * not sent on.
 */
const MAX_ERROR_BYTES = 1024 * 1024;

/**
 * The longest other answer, in bytes; a list of ten thousand images has a
 * third of it.
 */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;

const encoder = new TextEncoder();

/** An answer whose texts have fewer characters in all is masked in one go. */
const SMALL_LENGTH = 64 * 1024;

/** Which parts of an answer are text, and how it is read. */
export interface AnswerText {
  /** See `masks/answer_fields.ts`. */
  readonly fields: FieldNode;
  /** Whether it comes as lines with one JSON value each. */
  readonly lines?: true;
}

/** Masks an engine's error, in JSON or any other form. */
export async function maskedError(
  body: ReadableStream<Uint8Array>,
  mask: TextMask,
): Promise<ReadableStream<Uint8Array>> {
  const text = await answerText(body, MAX_ERROR_BYTES);
  let error: unknown;
  try {
    error = JSON.parse(text);
  } catch {
    // It is no JSON: something in front of the engine, or its HTTP server,
    // wrote it.
    return streamOf(mask.text(text));
  }
  return masked(error, ERROR_FIELDS, mask, text);
}

/**
 * Masks an engine's answer.
 *
 * @param signal Ends the reading of lines, and the masking of a long answer.
 * @throws {Refusal} If it is not what the route answers.
 */
export async function maskedAnswer(
  body: ReadableStream<Uint8Array>,
  { fields, lines }: AnswerText,
  mask: TextMask,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  if (lines) {
    return ReadableStream.from(maskedLines(body, fields, mask, signal));
  }
  const text = await answerText(body, MAX_DOCUMENT_BYTES);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Refusal(502, "davit gateway: the engine's answer is not JSON");
  }
  return masked(
    answer,
    fields,
    text.length > SMALL_LENGTH ? await readyMask(answer, mask, signal) : mask,
    text,
  );
}

/**
 * A mask in which each text of an answer was looked up before: the texts are
 * masked one after the other, with pauses, so that a client whose image has
 * many MB of labels delays no other.
 */
async function readyMask(
  answer: unknown,
  mask: TextMask,
  signal: AbortSignal,
): Promise<TextMask> {
  const ready = new Map<string, string>();
  await inFairSlices(maskTexts(answer, mask, ready), signal);
  return {
    text: (text) => ready.get(text) ?? mask.text(text),
    bytes: (bytes) => mask.bytes(bytes),
  };
}

function* maskTexts(
  answer: unknown,
  mask: TextMask,
  into: Map<string, string>,
): Generator<void, void> {
  const open = [answer];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string") {
      if (into.has(one)) continue;
      into.set(one, mask.text(one));
      yield;
    } else if (typeof one === "object" && one !== null) {
      for (const [key, inner] of Object.entries(one)) {
        if (!Array.isArray(one)) open.push(key);
        open.push(inner);
      }
    }
  }
}

/** Writes a value as a line of JSON, with the line end that engines use. */
export function jsonLine(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\r\n`);
}

async function* maskedLines(
  body: ReadableStream<Uint8Array>,
  fields: FieldNode,
  mask: TextMask,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const message of jsonLines<unknown>(body, { signal })) {
    const line = maskFields(message, fields, mask);
    if (line !== undefined) yield jsonLine(line);
  }
}

/**
 * @param text The answer as it came; it is sent on unchanged where nothing was
 * masked.
 */
function masked(
  answer: unknown,
  fields: FieldNode,
  mask: TextMask,
  text: string,
): ReadableStream<Uint8Array> {
  const given = maskFields(answer, fields, mask);
  // A field that is not known, and that holds a value, is dropped.
  return streamOf(given === answer ? text : JSON.stringify(given ?? null));
}

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

/** @throws {Refusal} If it is longer. */
function answerText(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  return readText(
    body,
    maxBytes,
    () => new Refusal(502, "davit gateway: the engine's answer has no end"),
  );
}
