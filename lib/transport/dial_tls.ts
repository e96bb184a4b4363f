// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";

/** Where TLS is spoken, and with which certificates. */
export type TlsTarget =
  & Deno.ConnectTlsOptions
  & Partial<Deno.TlsCertifiedKeyPem>;

/**
 * Connects, and waits for the handshake.
 *
 * @param signal Ends the waiting; what comes of it later is closed.
 */
export async function dialTls(
  target: TlsTarget,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  // It takes no signal.
  const connecting = Deno.connectTls(target);
  const conn = await abortable(connecting, signal).catch((error) => {
    connecting.then((late) => late.close(), () => {});
    throw error;
  });
  try {
    await abortable(conn.handshake(), signal);
  } catch (error) {
    // A handshake that is not closed goes on, and keeps the program from its end.
    conn.close();
    throw error;
  }
  return conn;
}
