/** Idle timeouts as a controller sees them, on a running agent. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { p4 } from "../../src/wire/gen/proto.js";
import { p4rtd } from "../../src/wire/gen/p4rtd.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, type P4Client, type P4Stream, type TableEntry } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const ms = 1_000_000n;
const program = lab.editedLab(
  ["size: 16384", "idle_timeout_behavior: NOTIFY_CONTROL size: 16384"],
  ["size: 16\n", "idle_timeout_behavior: NOTIFY_CONTROL size: 16\n"],
);
const staffEntry = (etherType: number, more: TableEntry = {}): TableEntry =>
  lab.noteEntry(etherType, { tableId: lab.lab.staff, ...more });
const idle = (ns: bigint): TableEntry => ({ idleTimeoutNs: long(ns) });

async function notification(stream: P4Stream): Promise<p4.v1.IdleTimeoutNotification.$Properties> {
  const { idleTimeoutNotification } = await stream.next();
  assert.ok(idleTimeoutNotification, "the next message is an idle notification");
  return idleTimeoutNotification;
}

const etherTypesOf = ({ tableEntry }: p4.v1.IdleTimeoutNotification.$Properties) =>
  (tableEntry ?? []).map(lab.etherTypeOf).sort((a, b) => a - b);

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, "within ten seconds");
    await delay(20);
  }
}

async function elapsedMs(client: P4Client): Promise<number> {
  const [found] = await lab.read(client, { tableEntry: { tableId: lab.lab.acl, timeSinceLastHit: {} } });
  const since = found?.tableEntry?.timeSinceLastHit;
  assert.ok(since, "the time since the last hit was asked for");
  return Number(since.elapsedNs ?? 0) / 1e6;
}

describe("idle timeouts", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  let stream: P4Stream;
  beforeEach(async () => {
    agent = await Agent.start();
    client = agent.client();
    stream = client.stream();
    await stream.arbitrate(1);
    await lab.commit(client, lab.labP4Info(program));
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  requirement(
    ["IDL-04", "IDL-07", "IDL-09", "IDL-13"],
    "are put off by frames, then told of again and again",
    async () => {
      await lab.write(client, [
        lab.insert(lab.aclEntry(0x1111, { action: { action: { actionId: lab.lab.drop } }, ...idle(1500n * ms) })),
      ]);
      const began = performance.now();
      let lastHit = began;
      for (let i = 0; i < 6; i++) {
        lastHit = performance.now();
        await lab.egressOf(client, 0x1111);
        assert.ok((await elapsedMs(client)) <= performance.now() - lastHit);
        await delay(300);
      }
      const first = await notification(stream);
      const [told] = first.tableEntry ?? [];
      assert.deepEqual([etherTypesOf(first), BigInt(String(told?.idleTimeoutNs))], [[0x1111], 1500n * ms]);
      assert.equal(told?.action ?? undefined, undefined);
      assert.ok(performance.now() - lastHit >= 1500, "a timeout after the last hit at the earliest");
      assert.ok(performance.now() - began >= 3000, "the frames put it off");
      assert.ok(Math.abs(Number(first.timestamp) / 1e6 - Date.now()) < 5000, "told by the wall clock");
      assert.ok((await elapsedMs(client)) >= 1500);
      const second = await notification(stream);
      assert.ok(Number(second.timestamp) - Number(first.timestamp) >= 1.5e9);
      assert.deepEqual(etherTypesOf(second), [0x1111]);
    },
  );

  requirement(["IDL-05", "IDL-08", "IDL-10"], "of many entries are told together", async () => {
    const metadata = Buffer.from("note");
    await lab.write(
      client,
      [1, 2, 3].map((type) => lab.insert(lab.aclEntry(type, { metadata, ...idle(1n) }))),
    );
    const told = await notification(stream);
    assert.deepEqual(etherTypesOf(told), [1, 2, 3]);
    for (const { tableId, priority, metadata: back } of told.tableEntry ?? [])
      assert.deepEqual([tableId, priority, Buffer.from(back ?? [])], [lab.lab.acl, 1, metadata]);
  });

  requirement("IDL-03", "of zero never expire", async () => {
    await lab.write(client, [lab.insert(lab.aclEntry(1, idle(0n))), lab.insert(lab.aclEntry(2, idle(300n * ms)))]);
    for (let i = 0; i < 3; i++) assert.deepEqual(etherTypesOf(await notification(stream)), [2]);
  });

  requirement(["IDL-07", "AMB-61"], "are told to the primaries whose roles may touch the table", async () => {
    const roles = ["staff", "guests"].map((name) => ({ name, stream: client.stream() }));
    for (const { name, stream: theirs } of roles) await theirs.arbitrate(1, { role: { name } });
    await lab.write(client, [lab.insert(staffEntry(7, idle(1n)))]);
    assert.deepEqual(etherTypesOf(await notification(stream)), [7]);
    const [staff, guests] = roles;
    assert.ok(staff && guests);
    assert.deepEqual(etherTypesOf(await notification(staff.stream)), [7]);
    await lab.write(client, [lab.remove(staffEntry(7)), lab.insert(lab.aclEntry(8, idle(1n)))]);
    assert.deepEqual(etherTypesOf(await notification(guests.stream)), [8]);
  });

  requirement("ARB-76", "are kept from a role whose config leaves the table out", async () => {
    const config = p4rtd.v1.RoleConfig.encode({ writable: { objects: ["notes"] } }).finish();
    const narrow = client.stream();
    const any = { type_url: "type.googleapis.com/p4rtd.v1.RoleConfig", value: config };
    await narrow.arbitrate(1, { role: { name: "r", config: any } });
    await lab.write(client, [lab.insert(lab.aclEntry(8, idle(1n)))]);
    for (let i = 0; i < 2; i++) await notification(stream);
    await narrow.quiet();
  });

  it("are dropped and counted for a controller that does not read, which keeps its stream", async () => {
    const { idleTimeouts } = agent.device();
    const metadata = Buffer.alloc(4096);
    stream.pause();
    const entries = Array.from({ length: 500 }, (_, i) => lab.aclEntry(i, { metadata, ...idle(1n) }));
    await lab.write(client, entries.map(lab.insert));
    const { signal } = new AbortController();
    for (let scans = 0; idleTimeouts.dropped === 0; scans++) {
      assert.ok(scans < 100, "what waits for the controller is bounded");
      await idleTimeouts.scan(signal);
    }
    const { notified } = idleTimeouts;
    stream.resume();
    await until(() => idleTimeouts.notified > notified);
    assert.ok((await notification(stream)).tableEntry?.length);
  });

  it("are counted where nobody is there to be told", async () => {
    const { idleTimeouts } = agent.device();
    await lab.write(client, [lab.insert(lab.aclEntry(1, idle(1n)))]);
    await notification(stream);
    assert.ok(idleTimeouts.notified >= 1);
    stream.finish();
    await stream.ended();
    const { dropped } = idleTimeouts;
    await until(() => idleTimeouts.dropped > dropped);
  });
});
