/** How long frames may be, and what of them the MTU does not count. */

/** Bytes of an Ethernet header without tags: no frame is shorter. */
export const ethernetBytes = 14;
export const minFrameBytes = ethernetBytes;

/** Largest frame that is punted or transmitted, in bytes without FCS. */
export const maxFrameBytes = 9216;

/** Stacked VLAN tags that are followed. */
export const maxTags = 8;

/** True for the EtherType of a VLAN tag: 802.1Q, 802.1ad, and what came before 802.1ad. */
export function isTag(type: number): boolean {
  return type === 0x8100 || type === 0x88a8 || type === 0x9100;
}

/** Length of the Ethernet header of `frame` with the tags that are followed, whole or cut off: what the MTU does not count. */
export function linkBytes(frame: Uint8Array): number {
  let tags = 0;
  while (tags < maxTags && isTag(etherTypeAt(frame, ethernetBytes - 2 + 4 * tags))) tags++;
  return ethernetBytes + 4 * tags;
}

function etherTypeAt(frame: Uint8Array, at: number): number {
  return ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
}
