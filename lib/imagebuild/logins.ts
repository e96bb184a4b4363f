import type { CredentialStore } from "../credentials/store.ts";
import type { BuildRecord } from "./record.ts";

/**
 * Masks each login before anybody gets it. Reports to the record which logins
 * are asked for, and which source of logins can't be read.
 */
export function watchLogins(
  logins: CredentialStore,
  record: BuildRecord,
): void {
  logins.onCredential = (registry, secret) =>
    record.protect([[registry, secret]]);
  logins.onUse = (use) => record.tell({ type: "login", ...use });
  logins.onClosed = (why) => record.warn("credentials-closed", why);
}
