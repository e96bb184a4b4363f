/** A client's connection to a {@linkcode MemoryListener}. */
export class MemoryClient {
  /** All that it was sent. */
  text = "";
  /** Whether the other side has closed it. */
  closed = false;
  /** Whether it takes what is sent to it. */
  takes = true;
  readonly #waiting: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;

  /** Sends text. */
  send(text: string): void {
    this.#waiting.push(new TextEncoder().encode(text));
    this.#wake?.();
  }

  /** Closes the connection from this side. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** The statuses of its answers. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) =>
      Number(status)
    );
  }

  /** The other end, as it is accepted. */
  get conn(): Deno.Conn {
    const conn = {
      read: async (buffer: Uint8Array) => {
        while (this.#waiting.length === 0 && !this.#isOver) {
          if (this.closed) throw new Deno.errors.BadResource("closed");
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
        const next = this.#waiting.shift();
        if (next === undefined) return null;
        buffer.set(next);
        return next.length;
      },
      write: async (bytes: Uint8Array) => {
        if (!this.takes) await new Promise(() => {});
        if (this.closed) throw new Deno.errors.BadResource("closed");
        this.text += new TextDecoder().decode(bytes);
        return bytes.length;
      },
      closeWrite: () => Promise.resolve(),
      close: () => {
        this.closed = true;
        this.#wake?.();
      },
    };
    return conn as unknown as Deno.Conn;
  }
}

/** In the place of TCP: whoever listens gets connections in memory. */
export class MemoryListener implements Disposable {
  /** Whether it was closed. */
  closed = false;
  readonly #listen = Deno.listen;
  readonly #coming: MemoryClient[] = [];
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor() {
    const listener = {
      addr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
      accept: async () => {
        while (this.#coming.length === 0) {
          if (this.#failure !== undefined) throw this.#failure;
          if (this.closed) throw new Deno.errors.BadResource("closed");
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
        return this.#coming.shift()!.conn;
      },
      close: () => {
        this.closed = true;
        this.#wake?.();
      },
    };
    Deno.listen = (() => listener) as unknown as typeof Deno.listen;
  }

  /** A client that connects. */
  connect(): MemoryClient {
    const client = new MemoryClient();
    this.#coming.push(client);
    this.#wake?.();
    return client;
  }

  /** It fails, and goes on no more. */
  break(failure: unknown): void {
    this.#failure = failure;
    this.#wake?.();
  }

  /** Programs listen at sockets again. */
  [Symbol.dispose](): void {
    Deno.listen = this.#listen;
  }
}
