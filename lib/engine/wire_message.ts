import { ProtocolError } from "../errors.ts";
import type { JsonMessage } from "./message.ts";
import { checkFields, type FieldKinds } from "./fields.ts";

/**
 * How the ids of davit's own messages begin; no message of an engine may have
 * such an id.
 */
const OWN_PREFIX = "davit.";

/** Put before the id of an engine's message that begins like davit's own. */
const FOREIGN_PREFIX = "engine:";

const MESSAGE_FIELDS: FieldKinds = {
  id: "text",
  stream: "text",
  status: "text",
  progress: "text",
  progressDetail: "object",
  error: "text",
  errorDetail: "object",
};

const PROGRESS_FIELDS: FieldKinds = {
  current: "number",
  total: "number",
  start: "number",
  units: "text",
};

const DETAIL_FIELDS: FieldKinds = { code: "number", message: "text" };

/**
 * Checks one message of an engine's answer. Fields that are `null` are left
 * out; unknown fields are kept.
 *
 * A message from an engine is never taken for davit's own: an id that begins
 * with `davit.` (a pulled tag may have such a name) becomes `engine:davit.…`.
 *
 * @throws {ProtocolError} If it is no object, or a field has another type. The
 * error does not quote the value.
 */
export function wireMessage(value: unknown): JsonMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProtocolError(
      "The engine's answer holds a message that is no object: is something between davit and the engine?",
    );
  }
  const what = "A message in the engine's answer";
  let message: JsonMessage = checkFields(value, MESSAGE_FIELDS, what);
  const { progressDetail, errorDetail, id } = message;
  if (progressDetail !== undefined) {
    const checked = checkFields(progressDetail, PROGRESS_FIELDS, what);
    if (checked !== progressDetail) {
      message = { ...message, progressDetail: checked };
    }
  }
  if (errorDetail !== undefined) {
    const checked = checkFields(errorDetail, DETAIL_FIELDS, what);
    if (checked !== errorDetail) message = { ...message, errorDetail: checked };
  }
  return id?.startsWith(OWN_PREFIX)
    ? { ...message, id: FOREIGN_PREFIX + id }
    : message;
}
