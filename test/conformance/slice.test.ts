import assert from "node:assert/strict";
import { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, uint128, type P4Client } from "../support/p4-client.js";

const lldp = Buffer.concat([Buffer.from("0180c200000e02000000000188cc", "hex"), Buffer.alloc(46)]);

function trapLldp(client: P4Client) {
  const match = [{ fieldId: 3, ternary: { value: Buffer.from("88cc", "hex"), mask: Buffer.from("ffff", "hex") } }];
  const tableEntry = { tableId: 33554691, match, priority: 1, action: { action: { actionId: 16777480 } } };
  return client.write({
    deviceId: long(1n),
    electionId: uint128(1n),
    updates: [{ type: p4.v1.Update.Type.INSERT, entity: { tableEntry } }],
  });
}

describe("an agent on the software datapath", () => {
  noLeaks();

  it("punts an injected frame that an entry traps, and sends a PacketOut", async () => {
    await using agent = await Agent.start();
    const client = agent.client();
    const stream = await primary(client);
    await trapLldp(client);
    const { possibleOutcomes } = await client.inject({ dataplaneIngressPort: 2, payload: lldp });
    assert.equal(possibleOutcomes[0]?.packets?.[0]?.dataplaneEgressPort, 0xfffffffd);
    const packet = await stream.packetIn();
    assert.deepEqual(Buffer.from(packet.payload ?? []), lldp);
    assert.deepEqual(
      packet.metadata?.map(({ metadataId, value }) => [metadataId, Buffer.from(value ?? []).toString()]),
      [
        [1, "2"],
        [2, "0"],
      ],
    );
    stream.send({ packet: { payload: lldp, metadata: [{ metadataId: 1, value: Buffer.from("3") }] } });
    await stream.quiet();
    stream.finish();
    assert.equal((await stream.ended()).code, 0);
  });
});
