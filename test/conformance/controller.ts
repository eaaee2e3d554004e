/** Controllers of two devices with WBB, which do what the public test-suite for traceroute and discovery does. */
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { p4, fourward } from "../../src/wire/gen/proto.js";
import type { Agent } from "../support/agent.js";
import { ethernet, hex, ipv4, ipv6, tag, udp } from "../support/frame-builder.js";
import { loadP4Info } from "../support/p4info.js";
import { long, uint128, type Entity, type P4Client, type P4Stream, type TableEntry } from "../support/p4-client.js";

/** Two integrated circuits, their ports, and where the first one would forward to. */
export const twoDevices = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices:
  - { device_id: 111, name: ic0, datapath: { type: soft, routes: { 10.0.0.0/8: 11, "2001:db8::/32": 12 } } }
  - { device_id: 222, name: ic1, datapath: { type: soft } }
interfaces:
  ethernet-1/1: { port_id: 10, device: 111 }
  ethernet-1/2: { port_id: 11, device: 111 }
  ethernet-1/3: { port_id: 12, device: 111 }
  ethernet-2/1: { port_id: 10, device: 222 }
`;

const { INSERT, MODIFY, DELETE } = p4.v1.Update.Type;
const types = { insert: INSERT, modify: MODIFY, delete: DELETE } as const;

export const frames = {
  discovery: Buffer.from(ethernet(hex("6007"), Array<number>(50).fill(1))),
  taggedDiscovery: Buffer.from(ethernet(tag(4000), hex("6007"), Array<number>(50).fill(2))),
  lldp: Buffer.from(ethernet(hex("88cc"), Array<number>(50).fill(3))),
  traceroute4: Buffer.from(ethernet(ipv4({ dst: "10.1.1.1", ttl: 1 }, udp(33434, 33434)))),
  traceroute6: Buffer.from(ethernet(ipv6({ hopLimit: 1 }, udp(33434, 33434)))),
  /** Forwarded, not trapped. */
  data: Buffer.from(ethernet(ipv4({ dst: "10.1.1.1", ttl: 64 }, udp(1, 2)))),
};

/** The port that a PacketIn leaves by. */
export const cpu = 0xfffffffd;

/** A controller of one device as the suite's library drives it: a connection, a stream, an election id. */
export class Controller {
  readonly client: P4Client;
  readonly stream: P4Stream;
  readonly deviceId: bigint;

  constructor(agent: Agent, deviceId = 111n) {
    this.client = agent.client();
    this.stream = this.client.stream();
    this.deviceId = deviceId;
  }

  /** One that has become primary and pushed WBB. */
  static async primary(agent: Agent, electionId: number, deviceId = 111n): Promise<Controller> {
    const controller = new Controller(agent, deviceId);
    assert.equal(await controller.arbitrate(electionId), 0);
    await controller.push(electionId);
    return controller;
  }

  /** @returns the code of the answer */
  async arbitrate(electionId: number | undefined): Promise<number> {
    const answer = await this.stream.arbitrate(electionId, { deviceId: long(this.deviceId) });
    return answer.status?.code ?? 0;
  }

  /** Waits for what the others' arbitration has to say here. @returns its code */
  async told(): Promise<number> {
    return (await this.stream.arbitration()).status?.code ?? 0;
  }

  push(electionId: number): Promise<unknown> {
    return this.client.setPipeline({
      deviceId: long(this.deviceId),
      electionId: uint128(BigInt(electionId)),
      action: p4.v1.SetForwardingPipelineConfigRequest.Action.VERIFY_AND_COMMIT,
      config: { p4info: p4.config.v1.P4Info.decode(loadP4Info("wbb")), cookie: { cookie: long(159n) } },
    });
  }

  pipeline(): Promise<p4.v1.GetForwardingPipelineConfigResponse> {
    const { P4INFO_AND_COOKIE } = p4.v1.GetForwardingPipelineConfigRequest.ResponseType;
    return this.client.getPipeline({ deviceId: long(this.deviceId), responseType: P4INFO_AND_COOKIE });
  }

  write(electionId: number, type: keyof typeof types, ...entries: readonly TableEntry[]): Promise<unknown> {
    const updates = entries.map((tableEntry) => ({ type: types[type], entity: { tableEntry } }));
    return this.client.write({ deviceId: long(this.deviceId), electionId: uint128(BigInt(electionId)), updates });
  }

  read(tableEntry: TableEntry = {}): Promise<Entity[]> {
    return this.client.read({ deviceId: long(this.deviceId), entities: [{ tableEntry }] });
  }

  /** Lets `frame` come in by `port` of the device. @returns the ports it left by */
  async inject(port: number, frame: Uint8Array): Promise<readonly number[]> {
    const metadata = new grpc.Metadata();
    metadata.set("p4rtd-device-id", this.deviceId.toString());
    const { InjectPacketRequest, InjectPacketResponse } = fourward.dataplane;
    const request = InjectPacketRequest.encode({ dataplaneIngressPort: port, payload: frame }).finish();
    const path = "/fourward.dataplane.Dataplane/InjectPacket";
    const { possibleOutcomes } = await this.client.unary(path, request, InjectPacketResponse, metadata);
    return possibleOutcomes.flatMap(({ packets }) => packets?.map((packet) => packet.dataplaneEgressPort ?? 0) ?? []);
  }

  /** The next PacketIn: its frame, and its metadata as text. */
  async packetIn(): Promise<readonly [frame: Buffer, ingress: string, egress: string]> {
    const { payload, metadata } = await this.stream.packetIn();
    const [ingress, egress] = (metadata ?? []).map(({ value }) => Buffer.from(value ?? []).toString());
    return [Buffer.from(payload ?? []), ingress ?? "", egress ?? ""];
  }
}
