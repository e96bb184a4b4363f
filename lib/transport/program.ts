import { cutToEnd } from "../cut_text.ts";
import { ConnectionError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";

/** How long a program may take to end after SIGTERM, in milliseconds. */
const END_GRACE_MS = 2_000;

/** How much of a program's error output is kept for errors, in characters. */
const MAX_WORDS = 2000;

/** How long the end of a program and of its words is waited for, in milliseconds. */
const WORDS_GRACE_MS = 1_000;

/** A program that connects. */
export interface ConnectingProgram {
  /** Its name, which is looked for in PATH. */
  readonly program: string;
  /** Its arguments, which do not pass through a shell. */
  readonly args: readonly string[];
  /** What it is to reach, for messages. */
  readonly where: string;
  /** What to install where there is no such program. */
  readonly install: string;
}

/**
 * Starts a program of the user's for each connection; its standard input and
 * output are the connection.
 */
export class ProgramDialler {
  readonly #init: ConnectingProgram;
  /** The newest error output of the programs. */
  #words = "";
  readonly #children = new Set<Deno.ChildProcess>();
  /** Ends when the last program has ended, and its words are read. */
  #last: Promise<unknown> = Promise.resolve();

  /** Nothing is started yet. */
  constructor(init: ConnectingProgram) {
    this.#init = init;
  }

  /**
   * Starts the program.
   *
   * @throws {ConnectionError} If there is no such program.
   * @throws {Deno.errors.NotCapable} Without the permission to run it.
   */
  dial(): ByteDuplex {
    const { program, args, where, install } = this.#init;
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: [...args],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) {
        throw new ConnectionError(
          `Cannot reach ${where}: there is no "${program}" program on this machine; install ${install}`,
          { cause },
        );
      }
      throw cause;
    }
    this.#children.add(child);
    child.status.then(() => this.#children.delete(child));
    this.#words = "";
    this.#last = Promise.all([child.status, this.#keepWords(child.stderr)]);
    const stdout = child.stdout.getReader();
    const stdin = child.stdin.getWriter();
    return {
      readable: new ReadableStream({
        async pull(controller) {
          const { done, value } = await stdout.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel(reason) {
          void end(child);
          return stdout.cancel(reason);
        },
      }, { highWaterMark: 0 }),
      writable: new WritableStream({
        write: (chunk) => stdin.write(chunk),
        close: () => stdin.close(),
        async abort(reason) {
          void end(child);
          await stdin.abort(reason);
        },
      }),
    };
  }

  /** The newest error output of the programs; empty if there is none. */
  get words(): string {
    return this.#words.trim();
  }

  /**
   * The newest error output of a program whose connection has failed: it may
   * come shortly after.
   */
  async lastWords(): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WORDS_GRACE_MS);
    });
    await Promise.race([this.#last, late]);
    clearTimeout(timer);
    return this.words;
  }

  /**
   * Ends every program that still runs. One whose other side is gone could
   * otherwise wait for ever.
   */
  async endAll(): Promise<void> {
    await Promise.all([...this.#children].map(end));
  }

  async #keepWords(stderr: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (
        const text of stderr.pipeThrough(
          new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
        )
      ) {
        this.#words = cutToEnd(this.#words + text, MAX_WORDS);
      }
    } catch {
      // Only the error output is lost; the connection reports its own end.
    }
  }
}

/**
 * Ends a program, and waits for its end: one that connects may wait for the other
 * side, and not hear of SIGTERM.
 */
async function end(child: Deno.ChildProcess): Promise<void> {
  const timer = setTimeout(() => kill(child, "SIGKILL"), END_GRACE_MS);
  kill(child, "SIGTERM");
  await child.status;
  clearTimeout(timer);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // The process has already ended.
  }
}
