/** Every reason for which a frame goes no further, once for all folders and backends. */

/** One sentence per reason; `docs/drop-reasons.md` is made from it. */
export const dropReasons = {
  rule: "A rule dropped or denied the frame.",
  "no-route": "No rule took the frame and the software switch has no route for it.",
  "no-multicast-group": "A rule sent the frame to a multicast group that does not exist or has no replicas.",
  "no-clone-session": "A rule asked for clones of a session that does not exist; the frame itself went its way.",
  "egress-port-down": "The port that a rule or a replica named was not up, nor any of the replica's backups.",
  "egress-mtu": "The frame, or a copy of it, was larger than the MTU of the port that a rule or a replica named.",
  unparsable: "The frame was too broken to parse; it passes or is dropped as punt.unparsable says.",
  "local-address": "A table's only matching rules name no EtherType, and the frame is addressed to the box itself.",
  "rule-meter": "A rule's meter was not green, so no copy to the CPU was made.",
  "queue-policer": "The policer of the rule's queue had no token left.",
  "port-policer": "The policer of the ingress port had no token left.",
  "device-policer": "The policer of the device had no token left.",
  "punt-backlog":
    "The datapath's own backlog of punted frames was full, or the kernel's of segments on their way to it.",
  "ingress-port-down": "The frame arrived on a port that is down or unknown.",
  unsegmented:
    "The frame was a bundle of segments (GSO, GRO) that could not be undone; counted once, none of it is punted.",
  unsettled: "The rules changed each of the four times the frame was looked at; it passed as if none matched.",
  oversized: "The frame is larger than a punted frame may be (9,216 bytes).",
  "no-pipeline": "No forwarding pipeline is committed, so metadata cannot be built.",
  "no-primary": "No primary controller that may have packets is connected.",
  "role-scope": "No primary's role.config lets it have the frame.",
  "unmapped-port": "The ingress port has no P4Runtime port id, or one that the program's port fields cannot hold.",
  "controller-backlog": "The backlog of a controller that reads too slowly was full.",
  "controller-demoted": "The controller was no longer primary before the frame was sent.",
  "controller-gone": "The controller's stream ended before the frame was sent.",
  "out-not-primary": "A PacketOut came from a stream that is not primary.",
  "out-not-permitted": "The role.config of the primary does not let it send the PacketOut.",
  "out-no-pipeline": "A PacketOut came before a forwarding pipeline was committed.",
  "out-bad-metadata": "The metadata of a PacketOut was wrong.",
  "out-unknown-port": "A PacketOut named no port, or one that does not exist.",
  "out-port-down": "A PacketOut named a port that is down.",
  "out-no-carrier": "A PacketOut named a port without carrier.",
  "out-queue-full": "The transmit queue of the port was full.",
  "out-mtu-exceeded": "A PacketOut was larger than the port's MTU allows.",
  "out-runt": "A PacketOut was shorter than an Ethernet header (14 bytes).",
  "out-rate-limited": "A controller sent PacketOuts faster than packet_out.rate allows.",
} as const;

export type DropReason = keyof typeof dropReasons;

/** The reasons as Markdown. */
export function dropReasonsDocument(): string {
  const head =
    "# Drop reasons\n\n" +
    "<!-- Made by `node scripts/drop-reasons-doc.mjs` from src/datapath/drop-reason.ts; do not edit. -->\n\n" +
    "Why a frame, or its copy to the CPU, went no further: the label `reason` of the metric `p4rtd_dropped_total`.\n\n" +
    "| reason | meaning |\n|---|---|\n";
  return (
    head +
    Object.entries(dropReasons)
      .map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |\n`)
      .join("")
  );
}

/** Why `transmit` refused a frame. */
export type TransmitRefusal =
  "mtu-exceeded" | "runt" | "port-down" | "port-missing" | "no-carrier" | "queue-full" | "unknown-port";

/** Frames dropped, by reason. Plain numbers: count on the packet path, read them in `collect()`. */
export class DropCounts {
  readonly #counts = new Map<DropReason, number>();

  add(reason: DropReason, frames = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + frames);
  }

  get(reason: DropReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** Every reason that ever occurred, with its count. */
  entries(): Iterable<[DropReason, number]> {
    return this.#counts.entries();
  }
}
