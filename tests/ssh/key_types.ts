/** Arguments of `ssh-keygen` for each kind of key, and each form of file, that can be used. */
export const KEY_TYPES: Readonly<Record<string, readonly string[]>> = {
  ed25519: ["-t", "ed25519"],
  ecdsa256: ["-t", "ecdsa", "-b", "256"],
  ecdsa384: ["-t", "ecdsa", "-b", "384"],
  ecdsa521: ["-t", "ecdsa", "-b", "521"],
  rsa: ["-t", "rsa", "-b", "2048"],
  rsaPkcs1: ["-t", "rsa", "-b", "2048", "-m", "PEM"],
  rsaPkcs8: ["-t", "rsa", "-b", "3072", "-m", "PKCS8"],
  ecdsaSec1: ["-t", "ecdsa", "-b", "384", "-m", "PEM"],
  ecdsaPkcs8: ["-t", "ecdsa", "-b", "521", "-m", "PKCS8"],
};
