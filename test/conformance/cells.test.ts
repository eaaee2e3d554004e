/** Cells of indexed counters and meters as a controller writes and reads them. */
import assert from "node:assert/strict";
import { Code } from "../../src/base/status.js";
import type { p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import * as lab from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, type Entity, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";

const { OK, INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED, RESOURCE_EXHAUSTED, PERMISSION_DENIED } = Code;
const { INSERT, MODIFY, DELETE } = lab.Type;

const counters = { bytes: 0x12000001, other: 0x12000002, ports: 0x12000003, text: 0x12000004, huge: 0x12000005 };
const meters = { rates: 0x14000001, ports: 0x14000003, text: 0x14000004, huge: 0x14000005 };
const size = 4;

const named = (id: number, name: string) => `preamble { id: ${id} name: "ingress.${name}" alias: "${name}" }`;
const arrays = `
counters { ${named(counters.bytes, "bytes")} spec { unit: BYTES } size: ${size} }
counters { ${named(counters.other, "other")} spec { unit: BOTH } size: 2 }
meters { ${named(meters.rates, "rates")} spec { unit: BYTES } size: ${size} }
`;
const translated = `
counters { ${named(counters.ports, "ports")} spec { unit: BOTH } size: 2 index_type_name { name: "num_port_t" } }
counters { ${named(counters.text, "text")} spec { unit: BOTH } size: 2 index_type_name { name: "port_id_t" } }
meters { ${named(meters.ports, "port_rates")} spec { unit: BYTES } size: 2 index_type_name { name: "num_port_t" } }
meters { ${named(meters.text, "text_rates")} spec { unit: BYTES } size: 2 index_type_name { name: "port_id_t" } }
`;
const huge = `
counters { ${named(counters.huge, "huge")} spec { unit: BOTH } size: ${2n ** 40n} }
meters { ${named(meters.huge, "huge_rates")} spec { unit: BYTES } size: ${2n ** 40n} }
`;
const numberPort = `new_types {
  key: "num_port_t" value { translated_type { uri: "p4.org/psa/v1/PortId_t" sdn_bitwidth: 32 } }
}`;
const program = (more: string) => `${lab.editedLab(["type_info { ", `type_info { ${numberPort} `])} ${more}`;

const at = (index: number | bigint) => ({ index: { index: long(BigInt(index)) } });
const counter = (counterId: number, rest: p4.v1.CounterEntry.$Properties = {}): Entity => ({
  counterEntry: { counterId, ...rest },
});
const meter = (meterId: number, rest: p4.v1.MeterEntry.$Properties = {}): Entity => ({
  meterEntry: { meterId, ...rest },
});
const counts = (packets: number, bytes: number) => ({
  data: { packetCount: long(BigInt(packets)), byteCount: long(BigInt(bytes)) },
});
const rate = (cir: number) => ({
  config: { cir: long(BigInt(cir)), cburst: long(1n), pir: long(BigInt(cir)), pburst: long(1n) },
});

describe("cells of indexed counters and meters", () => {
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  beforeEach(async () => {
    agent = await Agent.start();
    client = agent.client();
    await primary(client);
  });
  afterEach(() => agent[Symbol.asyncDispose]());

  const push = (text: string) => lab.commit(client, lab.labP4Info(program(text)));
  const codes = (...entities: readonly Entity[]) =>
    lab.slotCodes(
      lab.write(
        client,
        entities.map((entity) => ({ type: MODIFY, entity })),
      ),
    );
  const readCodes = async (...entities: readonly Entity[]) =>
    (await client.failedRead({ deviceId: long(1n), entities: [...entities] })).failure.slots?.map(({ code }) => code);

  /** Index, packets and bytes of each cell, with the low byte of the array's id before them if `ids` is given. */
  const counted = async (entity: Entity, ids?: "ids") =>
    (await lab.read(client, entity)).map(({ counterEntry: cell }) => {
      assert.ok(cell?.index && cell.data);
      const values = [cell.index.index, cell.data.packetCount, cell.data.byteCount].map(Number);
      return (ids === undefined ? values : [(cell.counterId ?? 0) & 0xff, ...values]).join(" ");
    });
  /** Index and committed rate of each cell, "-" for the default. */
  const rated = async (entity: Entity, ids?: "ids") =>
    (await lab.read(client, entity)).map(({ meterEntry: cell }) => {
      assert.ok(cell?.index);
      const values = [Number(cell.index.index), cell.config ? Number(cell.config.cir) : "-"];
      return (ids === undefined ? values : [(cell.meterId ?? 0) & 0xff, ...values]).join(" ");
    });

  describe("of a counter", () => {
    requirement(["CTR-23", "CTR-20"], "are zero at first, and a Read without index gives each of them", async () => {
      await push(arrays);
      assert.deepEqual(await counted(counter(counters.bytes)), ["0 0 0", "1 0 0", "2 0 0", "3 0 0"]);
    });

    requirement(
      ["CTR-14", "CTR-13", "CTR-15"],
      "are set one by one, whatever the unit, and left alone without data",
      async () => {
        await push(arrays);
        assert.deepEqual(
          await codes(
            counter(counters.bytes, { ...at(2), ...counts(7, 700) }),
            counter(counters.bytes, { ...at(3), ...counts(1, 0) }),
            counter(counters.bytes, at(2)),
            counter(counters.bytes, at(0)),
          ),
          [OK],
        );
        assert.deepEqual(await counted(counter(counters.bytes)), ["0 0 0", "1 0 0", "2 7 700", "3 1 0"]);
        assert.deepEqual(await codes(counter(counters.bytes, { ...at(2), data: {} })), [OK]);
        assert.deepEqual(await counted(counter(counters.bytes, at(2))), ["2 0 0"]);
      },
    );

    requirement(["CTR-16", "CTR-15"], "are all set by a MODIFY without index, and none without data", async () => {
      await push(arrays);
      await codes(
        counter(counters.bytes, { ...at(1), ...counts(5, 5) }),
        counter(counters.bytes, counts(9, 90)),
        counter(counters.bytes),
        counter(counters.bytes, { ...at(3), ...counts(1, 2) }),
      );
      assert.deepEqual(await counted(counter(counters.bytes)), ["0 9 90", "1 9 90", "2 9 90", "3 1 2"]);
      assert.deepEqual(await counted(counter(counters.other)), ["0 0 0", "1 0 0"]);
    });

    requirement("CTR-21", "are one for an empty index: cell 0", async () => {
      await push(arrays);
      await codes(counter(counters.bytes, { index: {}, ...counts(3, 30) }));
      assert.deepEqual(await counted(counter(counters.bytes, { index: {} })), ["0 3 30"]);
      assert.deepEqual(await counted(counter(counters.bytes, at(1))), ["1 0 0"]);
    });

    requirement("CTR-19", "are all of all arrays in a Read of id 0, without those of direct counters", async () => {
      await push(arrays);
      await lab.write(client, [lab.insert(lab.aclEntry(1))]);
      await codes(counter(counters.other, { ...at(1), ...counts(2, 20) }));
      assert.deepEqual(await counted(counter(0), "ids"), [
        "1 0 0 0",
        "1 1 0 0",
        "1 2 0 0",
        "1 3 0 0",
        "2 0 0 0",
        "2 1 2 20",
      ]);
      assert.deepEqual(await readCodes(counter(0), counter(0, at(1))), [OK, INVALID_ARGUMENT]);
    });

    requirement("CTR-25", "are never negative", async () => {
      await push(arrays);
      assert.deepEqual(await codes(counter(counters.bytes, { ...at(0), ...counts(-1, 0) })), [INVALID_ARGUMENT]);
    });
  });

  describe("of a meter", () => {
    requirement(["MTR-16", "MTR-19"], "are configured one by one, and reset without configuration", async () => {
      await push(arrays);
      assert.deepEqual(await rated(meter(meters.rates)), ["0 -", "1 -", "2 -", "3 -"]);
      await codes(meter(meters.rates, { ...at(1), ...rate(5) }), meter(meters.rates, { ...at(2), ...rate(6) }));
      assert.deepEqual(await rated(meter(meters.rates)), ["0 -", "1 5", "2 6", "3 -"]);
      await codes(meter(meters.rates, at(1)));
      assert.deepEqual(await rated(meter(0), "ids"), ["1 0 -", "1 1 -", "1 2 6", "1 3 -"]);
    });

    requirement("MTR-17", "are all configured or reset by a MODIFY without index", async () => {
      await push(arrays);
      await codes(
        meter(meters.rates, { ...at(3), ...rate(5) }),
        meter(meters.rates, rate(8)),
        meter(meters.rates, at(0)),
      );
      assert.deepEqual(await rated(meter(meters.rates)), ["0 -", "1 8", "2 8", "3 8"]);
      await codes(meter(meters.rates));
      assert.deepEqual(await rated(meter(meters.rates)), ["0 -", "1 -", "2 -", "3 -"]);
    });

    requirement(["MTR-02", "MTR-06"], "are held to the type of their meter", async () => {
      await push(arrays);
      assert.deepEqual(
        await codes(
          meter(meters.rates, { ...at(0), config: { eburst: long(1n) } }),
          meter(meters.rates, { config: { cir: long(-1n) } }),
        ),
        [INVALID_ARGUMENT, INVALID_ARGUMENT],
      );
    });
  });

  for (const { ids, what, of, id } of [
    { ids: ["CTR-17", "CTR-18", "AMB-49"], what: "counter", of: counter, id: counters.bytes },
    { ids: ["MTR-18", "AMB-49"], what: "meter", of: meter, id: meters.rates },
  ])
    requirement(ids, `of a ${what} begin with 0 and end before its size`, async () => {
      await push(arrays);
      const cells = [-1n, -(2n ** 63n), BigInt(size), 2n ** 63n - 1n].map((index) => of(id, at(index)));
      const want = [INVALID_ARGUMENT, INVALID_ARGUMENT, OUT_OF_RANGE, OUT_OF_RANGE];
      assert.deepEqual(await codes(...cells), want);
      assert.deepEqual(await readCodes(...cells), want);
      assert.deepEqual(await codes(of(id, at(size - 1))), [OK]);
    });

  for (const { ids, what, entity } of [
    { ids: ["CTR-01"], what: "counter", entity: counter(counters.bytes, { ...at(0), ...counts(1, 1) }) },
    { ids: ["MTR-01"], what: "meter", entity: meter(meters.rates, { ...at(0), ...rate(1) }) },
  ])
    requirement(ids, `of a ${what} are there from the start: no INSERT, no DELETE`, async () => {
      await push(arrays);
      const updates = [INSERT, DELETE].map((type) => ({ type, entity }));
      assert.deepEqual(await lab.slotCodes(lab.write(client, updates)), [INVALID_ARGUMENT, INVALID_ARGUMENT]);
    });

  describe("whose index is translated", () => {
    requirement(["CTR-24", "TRN-12"], "are named by the controller's port, one for each port", async () => {
      await push(translated);
      const ports = [1, 2, 3, 4, lab.cpu];
      assert.deepEqual(await codes(counter(counters.ports, { ...at(4), ...counts(4, 40) })), [OK]);
      assert.deepEqual(
        await counted(counter(counters.ports)),
        ports.map((port) => `${port} ${port === 4 ? "4 40" : "0 0"}`),
      );
      const strangers = [0, 5, 2 ** 40].map((port) => counter(counters.ports, at(port)));
      assert.deepEqual(await codes(...strangers), Array(3).fill(OUT_OF_RANGE));
      assert.deepEqual(await readCodes(...strangers), Array(3).fill(OUT_OF_RANGE));
      assert.deepEqual(await readCodes(counter(counters.ports, at(-1))), [INVALID_ARGUMENT]);
    });

    requirement(["MTR-26", "TRN-12"], "are named by the controller's port in meters too", async () => {
      await push(translated);
      await codes(meter(meters.ports, rate(3)), meter(meters.ports, { ...at(lab.cpu), ...rate(9) }));
      assert.deepEqual(await rated(meter(meters.ports)), ["1 3", "2 3", "3 3", "4 3", `${lab.cpu} 9`]);
      assert.deepEqual(await codes(meter(meters.ports, { ...at(7), ...rate(1) })), [OUT_OF_RANGE]);
    });

    requirement(
      ["CTR-24", "MTR-26"],
      "to text cannot be named by a number, and a wildcard leaves them out",
      async () => {
        await push(translated);
        const cells = [
          counter(counters.text, at(1)),
          counter(counters.text),
          meter(meters.text, at(1)),
          meter(meters.text),
        ];
        assert.deepEqual(await codes(...cells), Array(4).fill(UNIMPLEMENTED));
        assert.deepEqual(await readCodes(...cells), Array(4).fill(UNIMPLEMENTED));
        assert.equal((await counted(counter(0), "ids")).filter((cell) => cell.startsWith("4 ")).length, 0);
      },
    );
  });

  requirement(["ARB-73", "RED-04"], "of an array that a role has for itself are not for others", async () => {
    const staff = `preamble { id: ${counters.bytes} name: "ingress.bytes" alias: "bytes" annotations: "@p4runtime_role(\\"staff\\")" }`;
    await push(
      `counters { ${staff} spec { unit: BYTES } size: 1 } counters { ${named(counters.other, "other")} spec { unit: BOTH } size: 1 }`,
    );
    const other = agent.client();
    const stream = other.stream();
    await stream.arbitrate(1, { role: { name: "guests" } });
    const entities = [counter(counters.bytes, { ...at(0), ...counts(1, 1) }), counter(counters.other, at(0))];
    const updates = entities.map((entity) => ({ type: MODIFY, entity }));
    const as = { role: "guests" };
    assert.deepEqual(await lab.slotCodes(lab.write(other, updates, as)), [PERMISSION_DENIED, OK]);
    const seen = await other.read({ deviceId: long(1n), entities: [counter(0), entities[0] ?? {}], ...as });
    assert.deepEqual(
      seen.map(({ counterEntry }) => counterEntry?.counterId),
      [counters.other],
    );
    assert.deepEqual(await codes(...entities), [OK]);
  });

  requirement(["CTR-16", "MTR-17"], "of a huge array are set at once and read by index", async () => {
    await push(huge);
    const last = 2n ** 40n - 1n;
    assert.deepEqual(
      await codes(
        counter(counters.huge, counts(6, 60)),
        counter(counters.huge, { ...at(last), ...counts(1, 1) }),
        meter(meters.huge, rate(6)),
      ),
      [OK],
    );
    assert.deepEqual(await counted(counter(counters.huge, at(last - 1n))), [`${last - 1n} 6 60`]);
    assert.deepEqual(await counted(counter(counters.huge, at(last))), [`${last} 1 1`]);
    assert.deepEqual(await rated(meter(meters.huge, at(5))), ["5 6"]);
    assert.deepEqual(
      await readCodes(counter(counters.huge), counter(0), meter(meters.huge), counter(counters.huge, at(0))),
      [RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED, OK],
    );
  });

  requirement(["CTR-20", "RED-11"], "of a large array come as a stream of many responses, in order", async () => {
    const cells = 100_000;
    await push(`counters { ${named(counters.bytes, "bytes")} spec { unit: BYTES } size: ${cells} }`);
    await codes(counter(counters.bytes, counts(1, 1)), counter(counters.bytes, { ...at(cells - 2), ...counts(8, 9) }));
    const read = await counted(counter(counters.bytes));
    assert.equal(read.length, cells);
    assert.deepEqual(read.slice(-3), [`${cells - 3} 1 1`, `${cells - 2} 8 9`, `${cells - 1} 1 1`]);
    assert.ok(read.every((cell, i) => cell.startsWith(`${i} `)));
  });
});
