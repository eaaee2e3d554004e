/** Network addresses written as text, as the numbers their bytes make. */

export type AddressKind = "ipv4" | "ipv6" | "mac";

/** The form each kind is written in, for messages. */
export const addressForms: Readonly<Record<AddressKind, string>> = {
  ipv4: "four decimal bytes such as '10.0.0.1'",
  ipv6: "RFC 4291 text such as '2001:db8::1'",
  mac: "six hexadecimal bytes such as '00:00:5e:00:53:01'",
};

/** The number of `text`, or undefined if it is no address of that kind. */
export function addressValue(kind: AddressKind, text: string): bigint | undefined {
  switch (kind) {
    case "ipv4":
      return join(text.split("."), { count: 4, bits: 8n, digits: /^[0-9]{1,3}$/, prefix: "" });
    case "mac":
      return join(text.split(":"), { count: 6, bits: 8n, digits: /^[0-9a-f]{1,2}$/i, prefix: "0x" });
    case "ipv6":
      return ipv6Value(text);
  }
}

interface Groups {
  readonly count: number;
  readonly bits: bigint;
  readonly digits: RegExp;
  readonly prefix: "" | "0x";
}

function join(parts: readonly string[], { count, bits, digits, prefix }: Groups): bigint | undefined {
  if (parts.length !== count || !parts.every((part) => digits.test(part))) return undefined;
  const values = parts.map((part) => BigInt(prefix === "" ? Number(part) : prefix + part));
  if (values.some((value) => value >> bits !== 0n)) return undefined;
  return values.reduce((sum, value) => (sum << bits) | value, 0n);
}

/** @see RFC 4291 §2.2 */
function ipv6Value(text: string): bigint | undefined {
  const dotted = /^(.*:)([0-9.]*\.[0-9.]*)$/.exec(text);
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const low = addressValue("ipv4", dotted[2]);
    return low === undefined
      ? undefined
      : ipv6Value(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head, tail] = halves;
  if (head === undefined || halves.length > 2) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail !== undefined && missing < 1) return undefined;
  const zeros = tail === undefined ? [] : Array<string>(missing).fill("0");
  return join([...head, ...zeros, ...(tail ?? [])], { count: 8, bits: 16n, digits: /^[0-9a-f]{1,4}$/i, prefix: "0x" });
}
