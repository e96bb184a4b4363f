import type { Flag } from "./flag.ts";

const FLAGS: readonly Flag[] = [
  { name: "host", short: "H", value: "URI", help: "the engine behind it" },
  { name: "debug", short: "D", help: "causes of errors" },
  {
    name: "listen",
    value: "ADDRESS",
    help: "unix:///path (mode 0600), or tcp://host:port with TLS",
  },
  {
    name: "tls-cert",
    value: "FILE",
    help: "its certificate",
    complete: "file",
  },
  { name: "tls-key", value: "FILE", help: "and key", complete: "file" },
  {
    name: "tls-client-ca",
    value: "FILE",
    help: "who signs clients' certificates",
    complete: "file",
  },
  {
    name: "token-file",
    value: "FILE",
    help: "with the bearer token",
    complete: "file",
  },
  {
    name: "plain-loopback",
    help: "TCP without TLS: open to every user of this machine",
  },
  {
    name: "allow",
    value: "GROUPS",
    many: true,
    help: "images,push,pull,save,load,prune,registry",
    complete: ["images", "push", "pull", "save", "load", "prune", "registry"],
  },
  { name: "allow-host-network", help: "builds with networkmode=host" },
  { name: "allow-private-remotes", help: "remote contexts of private hosts" },
  { name: "allow-cgroup-parent", help: "builds with cgroupparent" },
  { name: "allow-entitlements", help: "builds with entitlements" },
  { name: "max-builds", value: "N", help: "builds at a time" },
  { name: "max-body", value: "BYTES", help: "of a context, as 2g" },
  { name: "grace", value: "SECONDS", help: "for what runs when it stops" },
];

/**
 * The flags of `davit gateway`. None may be empty: a variable that is not set
 * must not open a door.
 */
export const GATEWAY_FLAGS: readonly Flag[] = FLAGS.map((flag) => ({
  ...flag,
  notEmpty: true,
}));
