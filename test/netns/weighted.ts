/** Next hops with weights: where a punted frame is said to go, and where it goes. */
import assert from "node:assert/strict";
import type { PuntRule } from "../../src/datapath/rule.js";
import { be, hex, ipv4, ipv6, udp } from "../support/frame-builder.js";
import { rule } from "../support/key-rules.js";
import { addressed, type Box, macOf, packetTo } from "./box.js";
import type { Capture } from "../support/capture.js";
import type { Namespace } from "../support/namespace.js";
import { until } from "../support/until.js";
import { ping } from "./program.js";

/** Punts what `kinds` are made of and lets it go on. */
export const copyRule: PuntRule = rule({ match: { l4_dst_port: 9 }, action: "copy" });

/** Frames on their way at once: fewer than tcpdump has room for. */
const burst = 16;
const moreFragments = 0x2000;
const source = "10.0.1.2";
const source6 = "fd000001000000000000000000000002";
const destination = (flow: number) => `10.7.0.${flow}`;
const destination6 = (flow: number) => `fd0000070000000000000000${flow.toString(16).padStart(8, "0")}`;

/** Packets of flow 0 … 255, which end with `mark`. */
export interface Kind {
  readonly name: string;
  readonly packet: (flow: number, mark: readonly number[]) => readonly number[];
}

/** What the kernel tells apart by addresses and flow labels: `fib_multipath_hash_policy` 0. */
export const byAddress: readonly Kind[] = [
  {
    name: "IPv4 destinations",
    packet: (flow, mark) => ipv4({ src: source, dst: destination(flow) }, [...udp(1, 9), ...mark]),
  },
  {
    name: "IPv6 destinations",
    packet: (flow, mark) => ipv6({ src: source6, dst: destination6(flow) }, [...udp(1, 9), ...mark]),
  },
  {
    name: "IPv6 flow labels",
    packet: (flow, mark) => {
      const packet = ipv6({ src: source6, dst: destination6(1) }, [...udp(1, 9), ...mark]);
      packet.splice(3, 3, ...be(flow * 977, 3)); // behind the EtherType, version and half the traffic class
      return packet;
    },
  },
];

/** What it tells apart by ports too, policy 1; those of a fragment it does not look at. */
export const byPort: readonly Kind[] = [
  {
    name: "ports of IPv4",
    packet: (flow, mark) => ipv4({ src: source, dst: destination(1) }, [...udp(1000 + flow, 9), ...mark]),
  },
  {
    name: "ports of IPv6",
    packet: (flow, mark) => ipv6({ src: source6, dst: destination6(1) }, [...udp(1000 + flow, 9), ...mark]),
  },
  {
    name: "first fragments",
    packet: (flow, mark) =>
      ipv4({ src: source, dst: destination(flow), fragment: moreFragments }, [...udp(1000 + flow, 9), ...mark]),
  },
];

/** Routes to what `kinds` send to, by the hosts at two ports: of the first three times as much. @param where such as ` vrf red` */
export async function addWeightedRoutes(
  box: Box,
  ports: readonly [number, number],
  hosts: readonly Namespace[],
  where = "",
): Promise<void> {
  const hops = (via: (port: number) => string) =>
    ports.map((port, i) => `nexthop via ${via(port)} dev swp${port} weight ${i === 0 ? 3 : 1}`).join(" ");
  box.ip(`route add 10.7.0.0/16${where} ${hops((port) => addressed(port).host4)}`);
  box.ip(`-6 route add fd00:7::/64${where} ${hops((port) => addressed(port).host6)}`);
  // So that the box knows their MACs, and queues nothing.
  for (const [i, host] of hosts.entries())
    for (const to of [addressed(ports[i] ?? 0).box4, addressed(ports[i] ?? 0).box6]) await ping(host, to, 1);
}

/**
 * Sends flows of each kind from the host at port 1, and holds the egress port of each against where it arrived.
 * @param ways the hosts by egress port, as `addWeightedRoutes` has them
 * @param flows how many, 256 at most
 */
export async function followsWeights(
  box: Box,
  from: Namespace,
  ways: ReadonlyMap<number, Namespace>,
  { kinds, flows }: { readonly kinds: readonly Kind[]; readonly flows: number },
): Promise<void> {
  const wire = box.wire(from);
  const mac = macOf(box.namespace, "swp1");
  const all: (readonly [number, Capture])[] = [];
  for (const [port, host] of ways) all.push([port, await box.capture(host)] as const);
  const captures = new Map(all);
  for (const [number, { name, packet }] of kinds.entries()) {
    const marks = Array.from({ length: flows }, (_, flow) => [...hex("70347264"), number, flow]);
    const frames = marks.map((mark, flow) => packetTo(mac, packet(flow, mark)));
    const arrived = new Map<number, number>();
    for (const [flow, frame] of frames.entries()) {
      if (flow % burst === 0) await wire.send(frames.slice(flow, flow + burst));
      const isFlow = (each: Uint8Array) => Buffer.from(each).includes(Buffer.from(marks[flow] ?? []));
      const { egress } = await box.packetIn((each) => each.equals(frame));
      const port = await arrivalOf(`${name}, flow ${flow}`, captures, isFlow);
      assert.equal(egress, port, `${name}, flow ${flow}`);
      arrived.set(port, (arrived.get(port) ?? 0) + 1);
    }
    const [heavy = 0, light = 0] = [...ways.keys()].map((port) => arrived.get(port) ?? 0);
    assert.ok(heavy > 1.3 * light && 16 * light > flows, `${name}: ${heavy} and ${light} frames, of weights 3 and 1`);
  }
}

/** The port at whose host a frame arrived. */
async function arrivalOf(
  what: string,
  captures: ReadonlyMap<number, Capture>,
  isIt: (frame: Uint8Array) => boolean,
): Promise<number> {
  let found: number | undefined;
  await until(`${what} arrives`, () => {
    for (const [port, capture] of captures) if (capture.count(isIt) > 0) found = port;
    return found !== undefined;
  });
  assert.ok(found !== undefined);
  return found;
}
