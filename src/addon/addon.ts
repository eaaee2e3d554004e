/** What the native addon gives: types and the numbers that go with them. `load.ts` loads it. */

/** Thrown by the addon for a system call that failed. */
export interface SystemError extends Error {
  /** Such as `ENODEV`. */
  readonly code: string;
  /** The number, positive. */
  readonly errno: number;
  /** Such as `bpf(BPF_LINK_CREATE)`. */
  readonly syscall: string;
}

/** Packets per second and how many may come at once. */
export interface PacketRate {
  readonly pps: number;
  readonly burst: number;
}

/** How the BPF object of one device is loaded. */
export interface BpfOptions {
  /** The compiled object, ELF. */
  readonly object: Uint8Array;
  /** Path of the network namespace of all ports, such as `/run/netns/x`; undefined: the process's own. */
  readonly netns: string | undefined;
  /** Folder on a bpffs below which maps and links are pinned; undefined: nothing is pinned and all of it ends with the process. */
  readonly pins: string | undefined;
  /** Most keys (a RANGE rule has several), 1 … 2^20; rules, cells and meters are bounded by it too. */
  readonly capacity: number;
  /** Most distinct masks of all tables, 1 … 4,096. */
  readonly maxTuples: number;
  /** Size of the ring of punted frames, a power of two of pages. */
  readonly ringBytes: number;
  readonly queues: readonly PacketRate[];
  readonly portPolicer: PacketRate | undefined;
  readonly devicePolicer: PacketRate | undefined;
  readonly unparsable: "pass" | "drop";
  readonly excludeLocal: boolean;
  /**
   * Memory for punted frames, made once, all of one size: four columns of `slabFrames` 32-bit words (offset from the
   * slab's first byte, length, ingress port, egress port or 0), then the frames.
   */
  readonly slabs: readonly ArrayBuffer[];
  /** Frames that one slab holds at most. */
  readonly slabFrames: number;
  /** Called on the JavaScript thread when a slab is ready for `take`; at most one call is pending. */
  readonly onPunted: () => void;
}

/** A table, in falling precedence. `meter`: 0 two-rate-three-color, 1 single-rate-three-color, 2 single-rate-two-color. */
export interface BpfTable {
  readonly maxMasks: number;
  readonly meter: { readonly type: number; readonly bytes: boolean } | undefined;
}

/** What `add` answers instead of a rule's number. */
export const tooManyMasks = -1;
export const tooManyKeys = -2;
export const tooManyTuples = -3;

/**
 * The tc program of one device with its maps, and the thread that reads its ring. Methods throw SystemError where the
 * kernel refuses and TypeError for arguments of the wrong shape; after `close` all of them throw.
 *
 * One step is open at a time: `begin`, then changes, then `commit` or `abandon`.
 */
export interface BpfDatapath {
  /**
   * Attaches the program to the ingress of a netdev, first in order; pinned if there are pins. Replaces what an earlier
   * process left there, by either hook. EINVAL, naming the filter in the way, if clsact has another one of priority 1.
   */
  attach(ifindex: number, options: { readonly hook: "tcx" | "clsact"; readonly name: string }): void;
  /** Detaches; ENODEV and a link already defunct are no errors. */
  detach(ifindex: number): void;
  /** Removes pinned links of earlier processes, and marks of their qdiscs, from netdevs to which this one is not attached. */
  detachOthers(): void;
  /** Which port an ifindex is. `slot` 0 … 1,023 names its counters and policer; flags: 1 down, 2 the CPU port. */
  setPort(ifindex: number, port: { readonly portId: number; readonly slot: number; readonly flags: number }): void;
  deletePort(ifindex: number): void;
  /**
   * The two ends of a wire whose netdevs do whole frames only: bundles of segments are sent into `input`, and what comes
   * out of `output`, where the program must be attached too, is punted for the port of the bundle. Undefined: there is none.
   */
  setSegmenter(pair: { readonly input: number; readonly output: number } | undefined): void;
  /** Zeroes the counters of a slot and fills its policer. */
  resetSlot(slot: number): void;
  /** The addresses of the box itself, 4 or 16 bytes each. Costs what changed. */
  setLocalAddresses(addresses: readonly Uint8Array[]): void;

  begin(): void;
  /** Drops every table and rule. Only as the first change of a step. EINVAL beyond 16 tables. */
  reset(tables: readonly BpfTable[]): void;
  /**
   * @param values, masks `count` keys of 16 words, as frame-key.ts lays them out; borrowed for the call
   * @param action as `p4rtd_abi.h` packs it
   * @param meter cir, cburst, pir, pburst, eburst; undefined: none
   * @returns the rule's number, or one of the three codes above; a refused rule leaves no trace
   */
  add(
    table: number,
    priority: number,
    values: Int32Array,
    masks: Int32Array,
    count: number,
    action: number,
    meter: BigUint64Array | undefined,
  ): number;
  /** `keepMeter`: the meter goes on as it is; else it starts afresh with `meter`. */
  replace(rule: number, action: number, meter: BigUint64Array | undefined, keepMeter: "keep" | "renew"): void;
  remove(rule: number): void;
  /**
   * Makes the step visible to frames at one instant, then cleans up.
   * @param keys how many keys one call works on, 1 … 2^32 − 1; undefined: all
   * @returns false if there is more to do: call again, and nothing else that changes the step, until it is true
   */
  commit(keys?: number): boolean;
  abandon(): void;

  /** Packets into `into[2i]`, bytes into `into[2i + 1]`. */
  counters(rules: Uint32Array, into: Float64Array): void;
  /** What was yellow of that into `into[4i]` (packets) and `into[4i + 1]` (bytes), what was red behind it. */
  colours(rules: Uint32Array, into: Float64Array): void;
  /** Into `into`, 3 + `dropReasons.length` numbers: classified, punted, frames the ring has lost, then drops by reason. */
  stats(into: Float64Array): void;
  /** In, punted, dropped of a slot. */
  portCounters(slot: number, into: Float64Array): void;
  /** What the maps hold, for `show rules`: one line per live key. Costs what is installed. */
  dump(): readonly BpfDumpedRule[];

  /** The next slab with frames: its number in the low 16 bits, frames above; -1: none is ready. */
  take(): number;
  /** Gives a slab back. */
  release(slab: number): void;
  /**
   * Runs the program on `frame` as if received by `ifindex` (BPF_PROG_TEST_RUN), `repeat` times, with all effects.
   * @returns the program's answer, and ns per run
   */
  testRun(frame: Uint8Array, ifindex: number, repeat: number): { readonly answer: number; readonly ns: number };

  /** @param links `keep`: pinned links and maps stay; `flush`: nothing of ours stays */
  close(links: "keep" | "flush"): void;
}

/** One key as the kernel holds it. */
export interface BpfDumpedRule {
  readonly rule: number;
  readonly table: number;
  readonly priority: number;
  readonly action: number;
  /** 16 words each. */
  readonly value: Int32Array;
  readonly mask: Int32Array;
}

/** A packet socket that only sends, past the queueing discipline, bound to one netdev. */
export interface PacketSender {
  /**
   * Sends the first `count` frames of `block` without waiting: one behind the other, the first at 0, frame i up to
   * `ends[i]`. `results[i]` becomes 0, or the errno with which frame i was refused; EAGAIN: it and all later ones were
   * not tried. All are borrowed for the call.
   * @returns how many went
   */
  send(block: Uint8Array, ends: Uint32Array, count: number, results: Int32Array): number;
  /** Asks for frames to other stations; counted by the kernel and given back by `close`. */
  promiscuous(on: "on" | "off"): void;
  close(): void;
}

/** A routing netlink socket. @see rtnetlink(7) */
export interface NetlinkSocket {
  /** Sends one message as it is; answers come to `onMessages`. */
  send(message: Uint8Array): void;
  close(): void;
}

export interface NetlinkOptions {
  readonly netns: string | undefined;
  /** Multicast groups to join, by number. */
  readonly groups: readonly number[];
  /** One datagram each; the bytes are the callee's. */
  readonly onMessages: (messages: Uint8Array) => void;
  /** The kernel dropped messages (ENOBUFS): ask for everything again. */
  readonly onOverrun: () => void;
}

/** A name bound for as long as it is open: nobody else can hold it in the same network namespace. */
export interface NameLock {
  close(): void;
}

export interface Addon {
  /** Version of libbpf the addon was built with, such as `1.1`; undefined: built without. */
  readonly libbpf: string | undefined;
  /** Names of the datapath's drop reasons in the order of `BpfDatapath.stats`, as in drop-reason.ts. */
  readonly dropReasons: readonly string[];
  /** @throws SystemError, with the verifier's last lines in `message` if the program is refused */
  readonly openBpf: ((options: BpfOptions) => BpfDatapath) | undefined;
  openPacketSender(options: { readonly netns: string | undefined; readonly ifindex: number }): PacketSender;
  openNetlink(options: NetlinkOptions): NetlinkSocket;
  /** Creates a persistent TAP, or takes the one of that name that is there. @see Linux Documentation/networking/tuntap.rst */
  createTap(options: { readonly netns: string | undefined; readonly name: string }): void;
  /** Removes a persistent TAP; one that is not there is no error. */
  deleteTap(options: { readonly netns: string | undefined; readonly name: string }): void;
  /**
   * Switches off all offloads of a netdev that can be switched off. @see ethtool(8) -K
   * @throws SystemError ENODEV if there is no such netdev
   */
  disableOffloads(options: { readonly netns: string | undefined; readonly name: string }): void;
  /** Frames that a netdev has dropped instead of sending. @throws SystemError ENODEV if there is no such netdev */
  transmitDrops(options: { readonly netns: string | undefined; readonly ifindex: number }): number;
  /**
   * Writes a setting of the network namespace, such as `ipv6/conf/eth0/disable_ipv6` (a path below /proc/sys/net).
   * @throws SystemError ENOENT if there is no such setting
   */
  writeSysctl(options: { readonly netns: string | undefined; readonly name: string; readonly value: string }): void;
  /** Binds an abstract unix socket in the namespace. @throws SystemError EADDRINUSE if somebody holds the name */
  lockName(options: { readonly netns: string | undefined; readonly name: string }): NameLock;
  /** Opens a bpffs at `folder` unless one is mounted there. */
  mountBpffs(folder: string): void;
  /** True if the kernel takes a tcx link; false: the release that brought it is 6.6. @throws SystemError if it could not be told */
  probeTcx(): boolean;
  /** Sends one datagram to the service manager. @see sd_notify(3) */
  notify(socket: string, state: string): void;
}
