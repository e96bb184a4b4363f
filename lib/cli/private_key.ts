const KEY_REGEXP = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * Whether a file of a builder holds a private key, such as that of a registry's
 * client: nobody who asks what a builder is wants it in a log.
 */
export function isPrivateKey(bytes: Uint8Array): boolean {
  return KEY_REGEXP.test(new TextDecoder("latin1").decode(bytes));
}
