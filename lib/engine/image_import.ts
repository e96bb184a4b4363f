import { checkOptionNames } from "../option_names.ts";
import { ProtocolError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { messageStream } from "./message_stream.ts";

/** How a root file system is turned into an image. */
export interface ImageImportOptions {
  /** Name of the image. */
  readonly repo?: string | undefined;
  /** Its tag; the default is `latest`. */
  readonly tag?: string | undefined;
  /** A comment for its history. */
  readonly message?: string | undefined;
  /** Dockerfile instructions for its configuration, such as `ENV A=1`. */
  readonly changes?: readonly string[] | undefined;
  /** Platform, as `os/arch`. */
  readonly platform?: string | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  repo: true,
  tag: true,
  message: true,
  changes: true,
  platform: true,
  signal: true,
} satisfies Record<keyof ImageImportOptions, true>;

/**
 * `POST /images/create` with a tar of a root file system as its body.
 *
 * @returns The id of the new image, `sha256:…`.
 */
export async function imageImport(
  engine: Engine,
  tar: ReadableStream<Uint8Array>,
  options: ImageImportOptions = {},
): Promise<string> {
  checkOptionNames("import", options, OPTIONS);
  const messages = messageStream(engine, {
    method: "POST",
    path: "/images/create",
    query: {
      fromSrc: "-",
      repo: options.repo,
      tag: options.repo === undefined ? undefined : options.tag ?? "latest",
      message: options.message,
      changes: options.changes,
      platform: options.platform,
    },
    headers: { "content-type": "application/x-tar" },
    body: tar,
    signal: options.signal,
  });
  let id: string | undefined;
  for await (const message of messages) {
    id = /sha256:[0-9a-f]{64}/.exec(message.status ?? "")?.[0] ?? id;
  }
  if (id === undefined) {
    throw new ProtocolError("The engine imported an image and named no id");
  }
  return id;
}
