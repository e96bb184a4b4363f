import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";
import { imagePath } from "./image_name.ts";

/** One step in an image's history, newest first. */
export interface ImageHistoryEntry {
  /** Id of the image after this step, or `<missing>`. */
  Id: string;
  /** When it was made, in seconds since 1970. */
  Created: number;
  /** The instruction of the Dockerfile that made it. */
  CreatedBy: string;
  /** Names of the image after this step. */
  Tags: string[] | null;
  /** Size of its layer in bytes. */
  Size: number;
  /** The builder's comment. */
  Comment: string;
}

const HISTORY: AnswerShape = {
  type: "list",
  fields: {
    Id: "text",
    Created: "number",
    CreatedBy: "text",
    Tags: "texts",
    Size: "number",
    Comment: "text",
  },
};

/** `GET /images/{name}/history`. */
export async function imageHistory(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<ImageHistoryEntry[]> {
  return await engine.json({
    path: `/images/${imagePath(name)}/history`,
    signal,
  }, HISTORY);
}
