import { BuildState } from "../progress/state.ts";
import type { Secret } from "../secrets/secret.ts";
import type { SecretUse } from "../secrets/store.ts";
import { decodeMessage } from "./decode_message.ts";
import type { BuildMask } from "./mask.ts";
import { type BuildMessage, warning } from "./message.ts";
import { EventTranslator } from "./translate.ts";

/** Takes a message to the readers; a promise asks to be waited for. */
export type Publish = (message: BuildMessage) => Promise<void> | undefined;

/** A Dockerfile as it was sent. */
export interface Dockerfile {
  /** Path in the context. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
}

/**
 * Everything that is said of a build goes through here once: it is masked,
 * decoded, remembered as the build's state, and handed to the readers.
 */
export class BuildRecord {
  /** What is known of the build so far. */
  readonly state: BuildState = new BuildState();
  /** The Dockerfile, if it was seen on its way to the engine. */
  dockerfile: () => Dockerfile | undefined = () => undefined;
  readonly #write: Publish;
  /** Loaded with the first value to mask: many builds have none. */
  #mask: BuildMask | undefined;
  readonly #translator: EventTranslator;

  /** @param names The image's names. */
  constructor(write: Publish, names: readonly string[]) {
    this.#write = write;
    this.#translator = new EventTranslator(names);
  }

  /** Masks these values in all that is said from now on, but those that may be seen. */
  async protect(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): Promise<void> {
    const hidden = secrets.filter(([, { visible }]) => !visible);
    if (hidden.length === 0) return;
    const { BuildMask } = await import("./mask.ts");
    this.#mask ??= new BuildMask();
    const { short, partial } = this.#mask.add(hidden);
    for (const id of short) {
      await this.publish(warning(
        "secret-short",
        `secret "${id}" is not masked in the log: it has fewer than 4 bytes, and would mask everything`,
        id,
      ));
    }
    for (const id of partial) {
      await this.publish(warning(
        "secret-short",
        `secret "${id}" has lines of 4 to 7 letters or digits, which are not masked in the log where they stand alone: they would mask ordinary words`,
        id,
      ));
    }
  }

  /** Hands a message on; wait for the promise, if there is one, before the next. */
  publish(message: BuildMessage): Promise<void> | undefined {
    return this.#hand(
      this.#mask?.messages(message) ?? [decodeMessage(message)],
    );
  }

  /** Tells what happened to a secret. */
  use({ id, state }: SecretUse): void {
    this.publish({ id: "davit.secret", aux: { id, state } });
  }

  /** Hands on what was held back: no message comes any more. */
  async end(): Promise<void> {
    await this.#hand(this.#mask?.end() ?? []);
  }

  /** Masks a text that does not come as a message. */
  text(text: string): string {
    return this.#mask?.text(text) ?? text;
  }

  #hand(messages: Iterable<BuildMessage>): Promise<void> | undefined {
    let waiting: Promise<void> | undefined;
    for (const message of messages) {
      for (const event of this.#translator.translate(message)) {
        this.state.apply(event);
      }
      waiting = this.#write(message) ?? waiting;
    }
    return waiting;
  }
}
