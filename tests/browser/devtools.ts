/**
 * The Chrome DevTools protocol, as far as these tests need it: commands and
 * events as JSON over a WebSocket
 * (https://chromedevtools.github.io/devtools-protocol/).
 */

/** An event of the browser. */
export interface DevToolsEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly sessionId: string | undefined;
}

/** A connection to a browser. */
export interface DevTools extends AsyncDisposable {
  /**
   * Runs a command.
   *
   * @throws {Error} With the browser's words, if it refuses.
   */
  send<T = Record<string, unknown>>(
    method: string,
    params?: Readonly<Record<string, unknown>>,
    sessionId?: string,
  ): Promise<T>;
  /** Calls back for each event, until the connection ends. */
  listen(listener: (event: DevToolsEvent) => void): void;
}

/** Connects to the DevTools of a browser. */
export async function openDevTools(url: string): Promise<DevTools> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners: ((event: DevToolsEvent) => void)[] = [];
  let last = 0;
  const closed = new Promise<void>((resolve) => {
    socket.addEventListener("close", () => {
      for (const { reject } of waiting.values()) {
        reject(new Error("The browser has ended"));
      }
      waiting.clear();
      resolve();
    });
  });
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.id === undefined) {
      for (const listener of listeners) listener(message);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) call?.resolve(message.result);
    else call?.reject(new Error(message.error.message));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener(
      "error",
      () => reject(new Error(`No DevTools at ${url}`)),
    );
  });
  return {
    async send<T>(
      method: string,
      params: Readonly<Record<string, unknown>> = {},
      sessionId?: string,
    ) {
      const id = ++last;
      const call = Promise.withResolvers<unknown>();
      waiting.set(id, call);
      socket.send(JSON.stringify({
        id,
        method,
        params,
        ...(sessionId === undefined ? {} : { sessionId }),
      }));
      return await call.promise as T;
    },
    listen: (listener) => listeners.push(listener),
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}
