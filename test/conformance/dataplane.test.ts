import assert from "node:assert/strict";
import { aclProgram } from "../support/acl-program.js";
import { Agent } from "../support/agent.js";
import { DataplaneClient, type InjectRequest } from "../support/dataplane-client.js";
import { ethernet, ipv4, lldp, udp } from "../support/frame-builder.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, P4Stream, primary, rejected, uint128, type Update } from "../support/p4-client.js";
import { fourward, p4 } from "../../src/wire/gen/proto.js";

const cpu = 0xfffffffd;
const Code = { INVALID_ARGUMENT: 3, NOT_FOUND: 5, RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9 } as const;
const unimplemented = 12;

/** What leaves by port 2 if no rule takes it. */
const routed = ethernet(ipv4({ dst: "10.0.0.2", ttl: 1 }, udp(1, 2)));
const yaml = `
listeners: [{ address: 127.0.0.1, port: 1, insecure: true }]
devices:
  - { device_id: 1, name: one, datapath: { type: soft, routes: { 10.0.0.0/8: 2 } } }
  - { device_id: 7, name: seven, datapath: { type: soft } }
interfaces:
  a: { port_id: 1, device: 1 }
  b: { port_id: 2, device: 1 }
  c: { port_id: 300, device: 1 }
  z: { port_id: 9, device: 7 }
`;

async function pushed(client: P4Client, p4info: Uint8Array): Promise<P4Stream> {
  const stream = client.stream();
  await stream.arbitrate(1n);
  await client.setPipeline({
    deviceId: long(1n),
    electionId: uint128(1n),
    action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
    config: { p4info: p4.config.v1.P4Info.decode(p4info) },
  });
  return stream;
}

const submit = { metadataId: 2, value: Buffer.from([1]) };
const hex = (text: string) => Buffer.from(text, "hex");
const wbb = { trap: 16777480, copy: 16777479, table: 33554691 };

/** Writes one entry of WBB's table: LLDP is trapped, or IPv4 with TTL 1 copied. */
async function punt(client: P4Client, what: "lldp" | "ttl"): Promise<void> {
  const match =
    what === "lldp"
      ? [{ fieldId: 3, ternary: { value: hex("88cc"), mask: hex("ffff") } }]
      : [
          { fieldId: 1, optional: { value: hex("01") } },
          { fieldId: 4, ternary: { value: hex("01"), mask: hex("ff") } },
        ];
  const actionId = what === "lldp" ? wbb.trap : wbb.copy;
  const update: Update = {
    type: p4.v1.Update.Type.INSERT,
    entity: { tableEntry: { tableId: wbb.table, match, priority: 1, action: { action: { actionId } } } },
  };
  await client.write({ deviceId: long(1n), electionId: uint128(1n), updates: [update] });
}

type Outcomes = fourward.dataplane.PacketSet.$Properties[] | null | undefined;

/** Port, controller's form of the port and frame of every output; one set, since nothing here is chosen at random. */
function outputs(outcomes: Outcomes) {
  assert.equal(outcomes?.length, 1, "one set of outputs");
  return (outcomes[0]?.packets ?? []).map(({ dataplaneEgressPort, p4rtEgressPort, payload }) => ({
    port: dataplaneEgressPort,
    p4rt: Buffer.from(p4rtEgressPort ?? []).toString("latin1"),
    frame: Buffer.from(payload ?? []).toString("hex"),
  }));
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("the injection service", () => {
  noLeaks();

  describe("InjectPacket", () => {
    it("answers with what leaves, by number and in the controller's form of the port", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      const { possibleOutcomes } = await dataplane.inject({ dataplaneIngressPort: 1, payload: routed });
      assert.deepEqual(outputs(possibleOutcomes), [{ port: 2, p4rt: "2", frame: text(routed) }]);
    });

    it("shows a trapped frame on the CPU port and gives it to the primary", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      const client = agent.client();
      const stream = await primary(client);
      await punt(client, "lldp");
      const { possibleOutcomes } = await dataplane.inject({ dataplaneIngressPort: 300, payload: lldp });
      assert.deepEqual(outputs(possibleOutcomes), [{ port: cpu, p4rt: String(cpu), frame: text(lldp) }]);
      const { payload, metadata } = await stream.packetIn();
      assert.equal(text(payload ?? new Uint8Array(0)), text(lldp));
      assert.equal(Buffer.from(metadata?.[0]?.value ?? []).toString(), "300");
    });

    it("keeps a copy to the CPU and the frame that goes on in one set", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      const client = agent.client();
      const stream = await primary(client);
      await punt(client, "ttl");
      const { possibleOutcomes } = await dataplane.inject({ dataplaneIngressPort: 1, payload: routed });
      const ports = outputs(possibleOutcomes).map(({ port }) => port);
      assert.deepEqual(ports, [cpu, 2]);
      assert.equal(text((await stream.packetIn()).payload ?? new Uint8Array(0)), text(routed));
    });

    it("gives one empty set for a frame that goes nowhere", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      for (const payload of [lldp, new Uint8Array(0), lldp.subarray(0, 3), new Uint8Array(65_535)]) {
        const { possibleOutcomes } = await dataplane.inject({ dataplaneIngressPort: 1, payload });
        assert.deepEqual(outputs(possibleOutcomes), []);
      }
    });

    for (const { title, ingress } of [
      { title: "decimal text", ingress: "300" },
      { title: "decimal text of another port", ingress: "1" },
    ])
      it(`takes p4rt_ingress_port as ${title} where ports are sdn_string`, async () => {
        await using agent = await Agent.start({ yaml });
        using dataplane = new DataplaneClient(agent.port);
        const client = agent.client();
        const stream = await primary(client);
        await punt(client, "lldp");
        await dataplane.inject({ p4rtIngressPort: Buffer.from(ingress), payload: lldp });
        assert.equal(Buffer.from((await stream.packetIn()).metadata?.[0]?.value ?? []).toString(), ingress);
      });

    it("takes and gives ports as canonical bytes where they are sdn_bitwidth", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      const stream = await pushed(agent.client(), aclProgram({ ports: "sdn_bitwidth" }));
      const subscription = await dataplane.subscribe().active();
      for (const p4rtIngressPort of [hex("012c"), hex("0000012c")]) {
        const { possibleOutcomes } = await dataplane.inject({ p4rtIngressPort, payload: routed });
        assert.deepEqual(outputs(possibleOutcomes), [{ port: 2, p4rt: "\x02", frame: text(routed) }]);
        const { inputPacket } = await subscription.result();
        assert.equal(inputPacket?.dataplaneIngressPort, 300);
        assert.equal(text(inputPacket.p4rtIngressPort ?? new Uint8Array(0)), "012c");
      }
      subscription.cancel();
      stream.cancel();
    });

    it("leaves the controller's form unset where ports are not translated", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await pushed(agent.client(), aclProgram({ ports: "untranslated" }));
      const { possibleOutcomes } = await dataplane.inject({ dataplaneIngressPort: 1, payload: routed });
      assert.deepEqual(outputs(possibleOutcomes), [{ port: 2, p4rt: "", frame: text(routed) }]);
    });

    for (const row of [
      { title: "no ingress port", request: {}, code: Code.INVALID_ARGUMENT, says: /no ingress port/ },
      { title: "an unknown port", request: port(77), code: Code.INVALID_ARGUMENT, says: /no port 77.*1, 2, 300$/ },
      { title: "port 0, set", request: port(0), code: Code.INVALID_ARGUMENT, says: /no port 0/ },
      { title: "the CPU port", request: port(cpu), code: Code.INVALID_ARGUMENT, says: /no port 4294967293/ },
      { title: "an unknown name", request: named("77"), code: Code.INVALID_ARGUMENT, says: /no port 77/ },
      { title: "a name that is no number", request: named("eth0"), code: Code.INVALID_ARGUMENT, says: /'eth0'/ },
      { title: "an empty name", request: named(""), code: Code.INVALID_ARGUMENT, says: /no port/ },
      {
        title: "a frame longer than any",
        request: { dataplaneIngressPort: 1, payload: new Uint8Array(65_536) },
        code: Code.INVALID_ARGUMENT,
        says: /65536 bytes/,
      },
    ] as const)
      it(`refuses ${row.title}`, async () => {
        await using agent = await Agent.start({ yaml });
        using dataplane = new DataplaneClient(agent.port);
        await primary(agent.client());
        const { code, message } = await rejected(dataplane.inject({ payload: lldp, ...row.request }));
        assert.equal(code, row.code, message);
        assert.match(message, row.says);
      });

    for (const request of [port(1), named("1")])
      it(`refuses ${request.p4rtIngressPort ? "p4rt_" : "dataplane_"}ingress_port while there is no pipeline`, async () => {
        await using agent = await Agent.start({ yaml });
        using dataplane = new DataplaneClient(agent.port);
        const { code, message } = await rejected(dataplane.inject({ ...request, payload: lldp }));
        assert.equal(code, Code.FAILED_PRECONDITION);
        assert.match(message, /no forwarding pipeline/);
      });

    it("refuses p4rt_ingress_port where ports are not translated", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await pushed(agent.client(), aclProgram({ ports: "untranslated" }));
      const { code, message } = await rejected(dataplane.inject({ ...named("1"), payload: lldp }));
      assert.equal(code, Code.FAILED_PRECONDITION);
      assert.match(message, /does not translate ports/);
    });
  });

  describe("a device", () => {
    it("is the first one, or the one that the metadata names", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      const request = { dataplaneIngressPort: 1, payload: routed };
      assert.equal((await dataplane.inject(request)).possibleOutcomes.length, 1);
      assert.equal((await dataplane.inject(request, "1")).possibleOutcomes.length, 1);
      assert.equal((await rejected(dataplane.inject(request, "7"))).code, Code.FAILED_PRECONDITION);
    });

    for (const name of ["2", "0", "one", "99999999999999999999", ""])
      it(`that is not there is NOT_FOUND: '${name}'`, async () => {
        await using agent = await Agent.start({ yaml });
        using dataplane = new DataplaneClient(agent.port);
        assert.equal((await rejected(dataplane.inject(port(1), name))).code, Code.NOT_FOUND);
        assert.equal((await dataplane.subscribe(name).ended()).status.code, Code.NOT_FOUND);
      });

    it("has results of its own", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      const seven = await dataplane.subscribe("7").active();
      const one = await dataplane.subscribe("1").active();
      await dataplane.inject({ dataplaneIngressPort: 1, payload: lldp });
      assert.equal((await one.result()).inputPacket?.dataplaneIngressPort, 1);
      one.cancel();
      seven.cancel();
      assert.equal((await seven.ended()).results, 0);
    });
  });

  describe("SubscribeResults", () => {
    it("begins with active, also without a pipeline", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      (await dataplane.subscribe().active()).cancel();
    });

    it("misses nothing from active on: one result for each frame, to every subscriber", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      const subscriptions = [await dataplane.subscribe().active(), await dataplane.subscribe().active()];
      const frames = Array.from({ length: 200 }, (_, i) => Buffer.concat([lldp, Buffer.from([i])]));
      await Promise.all(frames.map((payload) => dataplane.inject({ dataplaneIngressPort: 1, payload })));
      for (const subscription of subscriptions) {
        const seen = new Set<string>();
        for (const _ of frames) {
          const { inputPacket } = await subscription.result();
          seen.add(text(inputPacket?.payload ?? new Uint8Array(0)));
        }
        assert.equal(seen.size, frames.length);
        subscription.cancel();
        assert.equal((await subscription.ended()).results, 0, "no more results than frames");
      }
    });

    it("tells what came in, by which port, and what went out", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      const subscription = await dataplane.subscribe().active();
      await dataplane.inject({ p4rtIngressPort: Buffer.from("300"), payload: routed });
      const { inputPacket, possibleOutcomes } = await subscription.result();
      assert.equal(inputPacket?.dataplaneIngressPort, 300);
      assert.equal(Buffer.from(inputPacket.p4rtIngressPort ?? []).toString(), "300");
      assert.equal(text(inputPacket.payload ?? new Uint8Array(0)), text(routed));
      assert.deepEqual(outputs(possibleOutcomes), [{ port: 2, p4rt: "2", frame: text(routed) }]);
      subscription.cancel();
    });

    for (const row of [
      { title: "its egress port", metadata: [egress("2")], frame: lldp, ports: [2] },
      { title: "nothing if the port is unknown", metadata: [egress("77")], frame: lldp, ports: [] },
      { title: "nothing if it is too long", metadata: [egress("2")], frame: new Uint8Array(2000), ports: [] },
      { title: "nothing if it is a runt", metadata: [egress("2")], frame: lldp.subarray(0, 13), ports: [] },
      { title: "what the ACL and the routes make of it", metadata: [submit], frame: routed, ports: [cpu, 2] },
    ])
      it(`shows a PacketOut once, with ${row.title}`, async () => {
        await using agent = await Agent.start({ yaml });
        using dataplane = new DataplaneClient(agent.port);
        const client = agent.client();
        const stream = await primary(client);
        await punt(client, "ttl");
        const subscription = await dataplane.subscribe().active();
        stream.send({ packet: { payload: row.frame, metadata: row.metadata } });
        const { inputPacket, possibleOutcomes } = await subscription.result();
        assert.equal(inputPacket?.dataplaneIngressPort, cpu);
        assert.equal(text(inputPacket.payload ?? new Uint8Array(0)), text(row.frame));
        const ports = outputs(possibleOutcomes).map(({ port }) => port);
        assert.deepEqual(ports, row.ports);
        subscription.cancel();
        assert.equal((await subscription.ended()).results, 0);
      });

    it("ends with RESOURCE_EXHAUSTED and the number lost for a subscriber that does not keep up", async function () {
      this.timeout(60_000);
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      const stream = await primary(agent.client());
      const subscription = await dataplane.subscribe().active();
      const sent = 25_000;
      const payload = Buffer.from(lldp);
      for (let i = 0; i < sent; i++) stream.send({ packet: { payload, metadata: [egress("2")] } });
      await stream.quiet();
      const { results, status } = await subscription.ended();
      assert.equal(status.code, Code.RESOURCE_EXHAUSTED);
      const lost = Number(/^\d+/.exec(status.details)?.[0]);
      assert.ok(lost > 0, status.details);
      assert.equal(results + lost, sent, "what came and what was lost make up all");
    });

    it("is not disturbed by a subscriber that goes", async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      await primary(agent.client());
      const goes = await dataplane.subscribe().active();
      const stays = await dataplane.subscribe().active();
      goes.cancel();
      await dataplane.inject({ dataplaneIngressPort: 1, payload: lldp });
      assert.equal((await stays.result()).inputPacket?.dataplaneIngressPort, 1);
      stays.cancel();
    });
  });

  for (const method of ["InjectPackets", "RegisterPrePacketHook"] as const)
    it(`answers ${method} with UNIMPLEMENTED`, async () => {
      await using agent = await Agent.start({ yaml });
      using dataplane = new DataplaneClient(agent.port);
      const { code, details } = await dataplane.streamed(method);
      assert.equal(code, unimplemented);
      assert.match(details, new RegExp(method));
    });
});

function port(dataplaneIngressPort: number): InjectRequest {
  return { dataplaneIngressPort };
}

function named(name: string): InjectRequest {
  return { p4rtIngressPort: Buffer.from(name) };
}

function egress(name: string) {
  return { metadataId: 1, value: Buffer.from(name) };
}
