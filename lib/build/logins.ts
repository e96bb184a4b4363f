import {
  CredentialStore,
  type CredentialStoreOptions,
} from "../credentials/store.ts";
import { warning } from "./message.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildRecord } from "./record.ts";

/**
 * The logins of one build: those of its options, then those of the client.
 * Nothing is read before the engine asks.
 *
 * @throws {TypeError} If a login has the wrong form.
 */
export function openLogins(
  { credentials }: ImageBuildOptions,
  client: CredentialStoreOptions,
  over: AbortSignal,
): CredentialStore {
  const first = typeof credentials === "function" ? credentials : undefined;
  const given = typeof credentials === "function" ? undefined : credentials;
  const second = client.callback;
  return new CredentialStore({
    ...client,
    credentials: { ...client.credentials, ...given },
    callback: first === undefined || second === undefined
      ? first ?? second
      : async (...asked) => await first(...asked) ?? await second(...asked),
    signal: over,
  });
}

/** Has all logins masked before anybody gets them, and says who asks and what is not looked into. */
export function watchLogins(
  logins: CredentialStore,
  record: BuildRecord,
): void {
  logins.onCredential = (registry, secret) =>
    record.protect([[registry, secret]]);
  logins.onUse = (use) =>
    void record.publish({ id: "davit.login", aux: { ...use } });
  logins.onClosed = (why) =>
    void record.publish(warning("credentials-closed", why));
}
