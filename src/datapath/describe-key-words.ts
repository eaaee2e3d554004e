/** Key words in words: which fields they constrain, and to what. */
import { keyFields, keyWords, Presence, type KeyFieldName } from "./frame-key.js";

/** A field and what it must be. */
export interface FieldText {
  readonly name: string;
  readonly value: string;
}

type Form = "number" | "hex" | "mac" | "ipv4" | "ipv6";

/** How people write each field. The upper halves of IPv6 addresses are the addresses with a shorter mask. */
const forms: Record<Exclude<KeyFieldName, "src_ipv6_upper" | "dst_ipv6_upper">, Form> = {
  ingress_port: "number",
  dst_mac: "mac",
  src_mac: "mac",
  ether_type: "hex",
  vlan_pcp: "number",
  vlan_id: "number",
  is_ipv4: "number",
  is_ipv6: "number",
  is_arp: "number",
  is_ip: "number",
  ttl: "number",
  ip_protocol: "number",
  dscp: "number",
  ecn: "number",
  tcp_flags: "hex",
  l4_src_port: "number",
  l4_dst_port: "number",
  icmp_type: "number",
  icmp_code: "number",
  icmpv6_type: "number",
  icmpv6_code: "number",
  src_ipv4: "ipv4",
  dst_ipv4: "ipv4",
  arp_target: "ipv4",
  src_ipv6: "ipv6",
  dst_ipv6: "ipv6",
};

const names = Object.keys(forms) as (keyof typeof forms)[]; // it has no others
const ipKinds: ReadonlySet<KeyFieldName> = new Set(["is_ipv4", "is_ipv6", "is_arp", "is_ip"]);

/**
 * The fields that a key constrains; none: it takes every frame. Equal texts mean equal words: presence bits go without
 * saying where a field that needs them is named, and bits that are no field's, or whose header the key does not
 * require, are shown as words.
 * @param values, masks hold the key's words from `offset` on
 */
export function describeKeyWords(values: Int32Array, masks: Int32Array, offset = 0): readonly FieldText[] {
  const rest = masks.slice(offset, offset + keyWords);
  const present = (values[offset] ?? 0) & (masks[offset] ?? 0);
  const shown: FieldText[] = [];
  let implied = 0;
  for (const name of names) {
    const { word, shift, width, presence } = keyFields[name];
    if (ipKinds.has(name) || (present & presence) !== presence || !touches(rest, word, shift + width)) continue;
    const mask = bitsAt(rest, word, shift, width);
    if (mask === 0n) continue;
    const value = bitsAt(values, offset + word, shift, width) & mask;
    shown.push({ name, value: showMatch(value, mask, width, forms[name]) });
    implied |= presence;
    clear(rest, word, shift, width);
  }
  rest[0] = (rest[0] ?? 0) & ~implied;
  return [...describePresence(values[offset] ?? 0, rest), ...shown, ...describeRest(values, offset, rest)];
}

/** What is asked of headers beyond what named fields say; cleared in `rest`. */
function* describePresence(value: number, rest: Int32Array): Iterable<FieldText> {
  for (const [name, bit] of Object.entries(Presence)) {
    if (((rest[0] ?? 0) & bit) === 0) continue;
    const kind = `is_${name}`;
    yield { name: kind in keyFields ? kind : `has_${name}`, value: (value & bit) === 0 ? "0" : "1" };
    rest[0] = (rest[0] ?? 0) & ~bit;
  }
}

function* describeRest(values: Int32Array, offset: number, rest: Int32Array): Iterable<FieldText> {
  for (const [i, mask] of rest.entries()) {
    if (mask === 0) continue;
    const value = ((values[offset + i] ?? 0) & mask) >>> 0;
    yield { name: `word_${i}`, value: `${hex(value, 32)}/${hex(mask >>> 0, 32)}` };
  }
}

/** False: the words that hold a field up to bit `end` of `words[word]` are zero. */
function touches(words: Int32Array, word: number, end: number): boolean {
  for (let i = 0; 32 * i < end; i++) if ((words[word - i] ?? 0) !== 0) return true;
  return false;
}

/** `width` bits whose least significant is bit `shift` of `words[word]`. */
function bitsAt(words: Int32Array, word: number, shift: number, width: number): bigint {
  let bits = 0n;
  for (let i = Math.ceil((shift + width) / 32) - 1; i >= 0; i--)
    bits = (bits << 32n) | BigInt((words[word - i] ?? 0) >>> 0);
  return BigInt.asUintN(width, bits >> BigInt(shift));
}

function clear(words: Int32Array, word: number, shift: number, width: number): void {
  const bits = ((1n << BigInt(width)) - 1n) << BigInt(shift);
  for (let i = 0; i * 32 < shift + width; i++)
    words[word - i] = (words[word - i] ?? 0) & ~Number(BigInt.asIntN(32, bits >> BigInt(32 * i)));
}

function showMatch(value: bigint, mask: bigint, width: number, form: Form): string {
  const all = (1n << BigInt(width)) - 1n;
  if (mask === all) return show(value, width, form);
  const open = all ^ mask;
  const isPrefix = (form === "ipv4" || form === "ipv6") && (open & (open + 1n)) === 0n;
  if (isPrefix) return `${show(value, width, form)}/${width - open.toString(2).length}`;
  const masked = form === "number" ? "hex" : form;
  return `${show(value, width, masked)}/${show(mask, width, masked)}`;
}

function show(value: bigint, width: number, form: Form): string {
  switch (form) {
    case "number":
      return value.toString();
    case "hex":
      return hex(value, width);
    case "mac":
      return digits(value, width).replace(/(?<=.)(?=(..)+$)/g, ":");
    case "ipv4":
      return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join(".");
    case "ipv6":
      return ipv6(digits(value, width));
  }
}

const digits = (value: bigint | number, width: number) => value.toString(16).padStart(Math.ceil(width / 4), "0");
const hex = (value: bigint | number, width: number) => `0x${digits(value, width)}`;

/** @see RFC 5952 */
function ipv6(text: string): string {
  const groups = (text.match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, ""));
  const runs = [...groups.join(":").matchAll(/\b0(?::0)+\b/g)].map(([run]) => run);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return groups.join(":");
  return `:${groups.join(":")}:`.replace(`:${longest}:`, "::").replace(/^:(?!:)|(?<!:):$/g, "");
}
