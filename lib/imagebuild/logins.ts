import type { CredentialStore } from "../credentials/store.ts";
import type { BuildRecord } from "./record.ts";

/** Has all logins masked before anybody gets them, and says who asks and what is not looked into. */
export function watchLogins(
  logins: CredentialStore,
  record: BuildRecord,
): void {
  logins.onCredential = (registry, secret) =>
    record.protect([[registry, secret]]);
  logins.onUse = (use) => record.tell({ type: "login", ...use });
  logins.onClosed = (why) => record.warn("credentials-closed", why);
}
