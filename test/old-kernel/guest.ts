/**
 * What runs as root on the other kernel: the kernel datapath between two ends of a veth pair. Prints a line for each
 * thing that holds; ends with 1 at the first that does not.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { loadAddon } from "../../src/addon/load.js";
import type { PuntedBatch } from "../../src/datapath/datapath.js";
import { KernelDatapath } from "../../src/datapath/kernel/kernel-datapath.js";
import type { PortId } from "../../src/datapath/port.js";
import type { PuntRule } from "../../src/datapath/rule.js";
import { ethernet, ipv4, lldp, tag, udp } from "../support/frame-builder.js";
import { BulkProcess, digestOf, pattern, runAsProgram } from "../netns/bulk.js";
import { checkedPacket, streamOf } from "../netns/segment.js";
import { rule } from "../support/key-rules.js";
import { sendFrames } from "../support/send-frames.js";

const port = 1 as PortId;
const patienceMs = 20_000;
const wireBytes = 60;

function ip(line: string): void {
  execFileSync("ip", line.split(" "), { stdio: "inherit" });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `${what} within ${patienceMs} ms`);
    await sleep(5);
  }
}

async function install(datapath: KernelDatapath, rules: readonly PuntRule[]): Promise<void> {
  const plan = datapath.plan();
  plan.reset([{ name: "acl", maxMasks: 64 }]);
  for (const each of rules) assert.ok(plan.add(each).ok);
  assert.ok((await plan.commit()).ok);
}

function copies(batch: PuntedBatch): readonly string[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const at = batch.offsets[i] ?? 0;
    return Buffer.from(batch.slab.subarray(at, at + (batch.lengths[i] ?? 0))).toString("hex");
  });
}

/** As a wire carries it at least. */
function padded(frame: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.max(wireBytes, frame.length));
  whole.set(frame);
  return whole;
}

if (await runAsProgram(process.argv.slice(2))) process.exit();
console.log(`Linux ${release()}, Node ${process.version}`);
ip("link add name v0 type veth peer name v1");
ip("link set v0 up");
ip("link set v1 up");
const addon = loadAddon();
console.log(`libbpf ${addon.libbpf ?? "none"}, tcx links: ${addon.probeTcx() ? "yes" : "no"}`);
const object = readFileSync("native/bpf/p4rtd.bpf.o");
const datapath = await KernelDatapath.open({ addon, object });
assert.ok(datapath.addPort({ id: port, name: "v0" }).ok);
await until("the port is up", () => datapath.port(port)?.state === "up");
console.log("ok: the program is loaded and attached");

const [neighbour, passing, expiring, tagged] = [
  lldp,
  ethernet(ipv4({ ttl: 64 }, udp(1, 2))),
  ethernet(ipv4({ ttl: 1 }, udp(1, 2))),
  ethernet(tag(5, 3), ipv4({ ttl: 1 }, udp(1, 2))),
].map(padded) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]; // four in, four out
await install(datapath, [
  rule({ match: { ether_type: 0x88cc } }),
  rule({ match: { is_ipv4: 1, ttl: 1 }, priority: 2 }),
  rule({ match: { is_ipv4: 1, ttl: 64 }, action: "drop" }),
]);
const punted: string[] = [];
const stop = new AbortController();
const reading = (async () => {
  for await (const batch of datapath.punted(stop.signal)) {
    punted.push(...copies(batch));
    batch.release();
  }
})();
const ifindex = Number(readFileSync("/sys/class/net/v1/ifindex", "utf8"));
const far = addon.openPacketSender({ netns: undefined, ifindex });
assert.deepEqual([...sendFrames(far, [neighbour, passing, expiring, tagged])], [0, 0, 0, 0]);
const wanted = [neighbour, expiring, tagged].map((frame) => Buffer.from(frame).toString("hex"));
await until("three frames are punted", () => wanted.every((frame) => punted.includes(frame)));
console.log("ok: frames are trapped as they were on the wire, tag included");
assert.equal(new Map(datapath.stats().drops).get("rule"), 1);
console.log("ok: a rule drops");

await install(
  datapath,
  Array.from({ length: 2000 }, (_, i) =>
    rule({ priority: i % 50, match: { src_ipv4: [i << 8, 0xffffff00], ttl: [i & 7, 7 << (i % 4)] } }),
  ),
);
await install(datapath, []);
console.log("ok: 2,000 rules come and go");
assert.deepEqual(datapath.transmit([{ port, frame: lldp, token: {} }]), ["accepted"]);
await until("the frame has left", () => datapath.port(port)?.framesOut === 1);
console.log("ok: a frame is sent");

/** A neighbour in a namespace of its own sends in bundles, as TCP does; frames of it are copied. */
async function copyTransfer(): Promise<void> {
  const bytes = 300_000;
  ip("netns add neighbour");
  ip("link set v1 netns neighbour");
  ip("-n neighbour link set v1 up");
  ip("-n neighbour addr add 192.0.2.2/24 dev v1");
  ip("addr add 192.0.2.1/24 dev v0");
  await install(datapath, [rule({ match: { ether_type: 0x0800, l4_dst_port: 5001 }, action: "copy" })]);
  await until("the port is up", () => datapath.port(port)?.state === "up");
  punted.length = 0;
  const before = datapath.port(port)?.framesIn ?? 0;
  const program = process.argv[1];
  const receiver = new BulkProcess(undefined, ["receive", "192.0.2.1", "5001"], program);
  await receiver.said();
  await new BulkProcess("neighbour", ["send", "192.0.2.1", "5001", String(bytes)], program).end(patienceMs);
  assert.equal(await receiver.end(patienceMs), `listening\n${digestOf(pattern(bytes))}\n`);
  const stream = () => streamOf(punted.map((frame) => checkedPacket(Buffer.from(frame, "hex"))));
  await until("all is punted", () => stream().length === bytes);
  assert.equal(digestOf(stream()), digestOf(pattern(bytes)));
  const bundles = (datapath.port(port)?.framesIn ?? 0) - before;
  assert.ok(bundles < punted.length / 2, `${bundles} in, ${punted.length} punted`);
}

await copyTransfer();
console.log("ok: bundles of segments are copied as frames");
stop.abort();
await reading;
far.close();
await datapath[Symbol.asyncDispose]();
console.log("ok: closed");
