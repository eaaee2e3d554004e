/** What the kernel lets this process do. */
import { readFileSync } from "node:fs";

/** Numbers of capabilities. @see Linux include/uapi/linux/capability.h */
const numbers = {
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

/** The name of a capability that p4rtd may need. */
export type Capability = keyof typeof numbers;

/** What every kernel datapath needs: netlink and tc, packet sockets, programs and maps, pointers in programs. */
const always: readonly Capability[] = ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF", "CAP_PERFMON"];

/**
 * The capabilities a kernel datapath needs.
 * @param netns its network namespace; undefined: the process's own. Entering another one needs CAP_SYS_ADMIN, see setns(2)
 */
export function neededCapabilities(netns: string | undefined): readonly Capability[] {
  return netns === undefined ? always : [...always, "CAP_SYS_ADMIN"];
}

/**
 * Those of `needed` that a process does not have.
 * @param status text of its `/proc/PID/status`
 * @throws RangeError if the text has no line `CapEff`
 */
export function missingCapabilities(needed: readonly Capability[], status: string): readonly Capability[] {
  const digits = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1];
  if (digits === undefined) throw new RangeError("no line CapEff in /proc/self/status");
  const effective = BigInt(`0x${digits}`);
  return needed.filter((name) => ((effective >> BigInt(numbers[name])) & 1n) === 0n);
}

/** As `missingCapabilities`, of this process. */
export function lackedCapabilities(needed: readonly Capability[]): readonly Capability[] {
  return missingCapabilities(needed, readFileSync("/proc/self/status", "latin1"));
}
