import assert from "node:assert/strict";
import { Daemon } from "../support/daemon.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { noLeaks } from "../support/no-leaks.js";
import { scrape } from "../support/scrape.js";
import { long, primary, rejected, uint128, type P4Client } from "../support/p4-client.js";

const lldp = Buffer.concat([Buffer.from("0180c200000e02000000000188cc", "hex"), Buffer.alloc(46)]);

/** Traps LLDP by the ACL table of the program that `primary` pushes. */
function trapLldp(client: P4Client) {
  const match = [{ fieldId: 3, ternary: { value: Buffer.from("88cc", "hex"), mask: Buffer.from("ffff", "hex") } }];
  const tableEntry = { tableId: 33554691, match, priority: 1, action: { action: { actionId: 16777480 } } };
  return client.write({
    deviceId: long(1n),
    electionId: uint128(1n),
    updates: [{ type: p4.v1.Update.Type.INSERT, entity: { tableEntry } }],
  });
}

describe("the metrics of a process", () => {
  noLeaks();

  it("count what happened, and the same again when nothing did", async () => {
    await using daemon = await Daemon.start({ yaml: 'telemetry: { prometheus: { listen: "127.0.0.1:0" } }' });
    const client = await daemon.client();
    const stream = await primary(client);
    await trapLldp(client);
    await rejected(trapLldp(client));
    await client.inject({ dataplaneIngressPort: 2, payload: lldp });
    await stream.packetIn();
    stream.send({ packet: { payload: lldp, metadata: [{ metadataId: 1, value: Buffer.from("3") }] } });
    await stream.quiet();
    await client.inject({ dataplaneIngressPort: 2, payload: Buffer.concat([Buffer.alloc(12, 2), Buffer.alloc(48)]) });

    const [first, second] = [await scrape(daemon), await scrape(daemon)];
    const expected: Readonly<Record<string, number>> = {
      'p4rtd_packet_in_total{device="1"}': 1,
      'p4rtd_packet_out_total{device="1"}': 1,
      'p4rtd_streams{device="1"}': 1,
      'p4rtd_controllers{device="1"}': 1,
      'p4rtd_primaries{device="1"}': 1,
      'p4rtd_entries{device="1"}': 1,
      'p4rtd_frames_classified_total{device="1"}': 2,
      'p4rtd_frames_punted_total{device="1"}': 1,
      'p4rtd_dropped_total{device="1",reason="no-route"}': 1,
      'p4rtd_rpcs_total{method="Write",code="OK"}': 1,
      'p4rtd_rpcs_total{method="Write",code="UNKNOWN"}': 1,
      'p4rtd_rpcs_total{method="SetForwardingPipelineConfig",code="OK"}': 1,
      'p4rtd_rpcs_total{method="InjectPacket",code="OK"}': 2,
      p4rtd_write_seconds_count: 2,
    };
    const pick = (samples: ReadonlyMap<string, number>) =>
      Object.fromEntries(Object.keys(expected).map((name) => [name, samples.get(name)]));
    assert.deepEqual(pick(first), expected);
    assert.deepEqual(pick(second), expected);
    const ports = [...first].filter(([name]) => name.startsWith("p4rtd_port_frames_"));
    const total = (kind: string) =>
      ports.filter(([name]) => name.startsWith(`p4rtd_port_frames_${kind}_total`)).reduce((sum, [, n]) => sum + n, 0);
    assert.deepEqual(["in", "out", "punted"].map(total), [2, 1, 1]);
  });
});
