/**
 * A number of an IPv4 address. Leading zeros are refused: some programs read
 * such a number as octal.
 */
const V4_REGEXP = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;

/**
 * Networks that are not part of the public internet (RFC 6890 and its
 * registries), as `address/bits`.
 */
const NOT_PUBLIC_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32", // the host of a virtual machine, in one of the clouds
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
].map((network) => {
  const [address, bits] = network.split("/");
  return [v4(address!)!, 32 - Number(bits)] as const;
});

/**
 * Whether an address, in its usual spelling, is anything but public. A spelling
 * that programs read differently, such as `010.0.0.1`, counts as not public.
 */
export function isPrivateAddress(address: string): boolean {
  const number = v4(address);
  if (number !== undefined) {
    return NOT_PUBLIC_V4.some(([network, shift]) =>
      Math.floor(number / 2 ** shift) === Math.floor(network / 2 ** shift)
    );
  }
  const groups = v6(address);
  if (groups === undefined) return true;
  const [a, b] = groups as [number, number];
  const low = `${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}.${
    groups[7]! & 255
  }`;
  // Loopback, unspecified, and IPv4 addresses in IPv6.
  if (groups.slice(0, 5).every((group) => group === 0)) {
    return groups[5] === 0xffff ? isPrivateAddress(low) : true;
  }
  // NAT64 and 6to4 addresses lead to an IPv4 address. 64:ff9b:1::/48 is for
  // local use, and each network decides itself where in it the IPv4 address
  // stands.
  if (a === 0x64 && b === 0xff9b) {
    return groups.slice(2, 6).some((group) => group !== 0) ||
      isPrivateAddress(low);
  }
  if (a === 0x2002) return true;
  // Only 2000::/3 is assigned to the public; the ranges for documentation,
  // Teredo and others lie within it.
  return (a & 0xe000) !== 0x2000 || a === 0x2001 && b < 0x200 ||
    a === 0x2001 && b === 0xdb8 || a === 0x3fff;
}

function v4(address: string): number | undefined {
  if (!V4_REGEXP.test(address)) return undefined;
  const numbers = address.split(".").map(Number);
  if (numbers.some((number) => number > 255)) return undefined;
  return numbers.reduce((sum, number) => sum * 256 + number, 0);
}

/** The eight groups of an IPv6 address; the URL parser reads every spelling. */
function v6(address: string): number[] | undefined {
  const url = URL.parse(`http://[${address.replace(/%.*$/, "")}]/`);
  if (url === null) return undefined;
  const [head = "", tail] = url.hostname.slice(1, -1).split("::");
  const words = (text = "") => text === "" ? [] : text.split(":");
  const [before, after] = [words(head), words(tail)];
  const zeros = new Array(8 - before.length - after.length).fill("0");
  return [...before, ...tail === undefined ? [] : zeros, ...after]
    .map((word) => Number.parseInt(word, 16));
}
