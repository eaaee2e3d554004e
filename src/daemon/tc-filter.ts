/** Filters of a netdev, and the qdisc clsact that has them, by rtnetlink. @see tc-bpf(8), linux/rtnetlink.h */
import {
  attribute,
  decodeAttributes,
  joined,
  littleEndian,
  text,
  textOf,
  u32,
  viewOf,
  type NetlinkMessage,
} from "../datapath/kernel/netlink.js";

/** Types of messages about filters. */
export const FilterMessage = { delete: 45, get: 46 } as const;

/** Type of the message that deletes a qdisc. */
export const deleteQdiscMessage = 37;

/** Where the qdisc clsact has filters: TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), and the same of TC_H_MIN_EGRESS. */
export const FilterPlace = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
const { ingress } = FilterPlace;
/** Handle and parent of the qdisc itself. */
const clsact = { handle: 0xffff0000, parent: 0xfffffff1 };
const Attribute = { kind: 1, options: 2 } as const;
const bpfName = 7;
const headBytes = 20;

/** A filter of kind `bpf`. */
export interface BpfFilter {
  readonly ifindex: number;
  readonly handle: number;
  /** Priority in the high half, EtherType in the low one, as the kernel says it. */
  readonly info: number;
  /** Name of its program, which may have a suffix. */
  readonly name: string;
}

/** Asks for every filter at a place of a netdev. */
export function filterDump(ifindex: number, place: number): Uint8Array {
  return head({ ifindex, handle: 0, info: 0 }, place);
}

/** Names the qdisc clsact of a netdev, to delete it with all filters. */
export function deleteClsact(ifindex: number): Uint8Array {
  const named = head({ ifindex, handle: clsact.handle, info: 0 }, clsact.parent);
  return joined([named, attribute(Attribute.kind, text("clsact"))]);
}

/** The filter that an answer is about. Undefined: it is of another kind, or broken. */
export function decodeBpfFilter({ body }: NetlinkMessage): BpfFilter | undefined {
  if (body.length < headBytes) return undefined;
  const attributes = decodeAttributes(body, headBytes);
  const options = attributes?.get(Attribute.options);
  if (textOf(attributes?.get(Attribute.kind)) !== "bpf" || options === undefined) return undefined;
  const name = textOf(decodeAttributes(options)?.get(bpfName));
  const view = viewOf(body);
  if (name === undefined || view.getUint32(12, littleEndian) !== ingress) return undefined;
  return {
    ifindex: view.getInt32(4, littleEndian),
    handle: view.getUint32(8, littleEndian),
    info: view.getUint32(16, littleEndian),
    name,
  };
}

/** Names the filter to delete, by all that tells it from others. */
export function deleteFilter(filter: BpfFilter): Uint8Array {
  return joined([head(filter, ingress), attribute(Attribute.kind, text("bpf"))]);
}

function head({ ifindex, handle, info }: Pick<BpfFilter, "ifindex" | "handle" | "info">, parent: number): Uint8Array {
  return joined([u32(0), u32(ifindex), u32(handle), u32(parent), u32(info)]);
}
