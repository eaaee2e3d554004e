import assert from "node:assert/strict";
import { maxTotalReplicas } from "../../../src/entity/replication.js";
import { checkPlatform } from "../../../src/switch/platform.js";
import { ReplicaCount } from "../../../src/switch/replica-count.js";
import { StatusError } from "../../../src/base/status.js";
import { outcome } from "../../support/entities.js";

const soft = { backend: "soft", replicates: true } as const;
const kernel = { backend: "kernel", replicates: false } as const;
const fits = { multicastGroups: 4096, multicastReplicas: 65_536, replicasPerGroup: 1024 };
const nothing = { multicastGroups: 0, multicastReplicas: 0, replicasPerGroup: 0 };

describe("platform_properties", () => {
  for (const { title, wanted, capabilities = soft, unboundTables = "refuse", want } of [
    { title: "absent", wanted: undefined, capabilities: kernel, want: "" },
    { title: "that ask for nothing", wanted: nothing, capabilities: kernel, want: "" },
    { title: "that just fit", wanted: fits, want: "" },
    {
      title: "that are too much in every way",
      wanted: { multicastGroups: 4097, multicastReplicas: 65_537, replicasPerGroup: 1025 },
      want:
        "platform_properties: multicast_group_table_size is 4097, the device has room for 4096; " +
        "multicast_group_table_total_replicas is 65537, the device has room for 65536; " +
        "multicast_group_table_max_replicas_per_entry is 1025, the device has room for 1024",
    },
    {
      title: "on a backend without copies",
      wanted: { ...nothing, multicastGroups: 1 },
      capabilities: kernel,
      want: "platform_properties: multicast_group_table_size is 1, and backend kernel makes no copies of frames",
    },
    {
      title: "on a backend without copies, where what nothing realises is kept as state",
      wanted: fits,
      capabilities: kernel,
      unboundTables: "store",
      want: "",
    },
  ] as const)
    it(`${title} are ${want === "" ? "taken" : "refused, with the reasons"}`, () => {
      let message = "";
      try {
        checkPlatform(wanted, { capabilities, unboundTables });
      } catch (error) {
        assert.ok(error instanceof StatusError);
        ({ message } = error);
      }
      assert.equal(message, want);
    });
});

describe("a count of replicas", () => {
  const of = (primaries: number, backups = 0) => ({
    replicas: Array.from({ length: primaries }, () => ({
      port: { id: 1, sdn: Uint8Array.of(1), legacy: false },
      instance: 0,
      backups: Array.from({ length: backups }, () => ({
        port: { id: 2, sdn: Uint8Array.of(2), legacy: false },
        instance: 0,
      })),
    })),
  });

  it("is bounded, backups included, and forgets what a batch gave up", () => {
    const count = new ReplicaCount();
    const half = of(maxTotalReplicas / 4, 1);
    const add = (after: ReturnType<typeof of> | undefined, before?: ReturnType<typeof of>) =>
      outcome(() => count.replace(before, after));
    assert.deepEqual([add(half), add(half), add(of(1))], ["OK", "OK", "RESOURCE_EXHAUSTED"]);
    count.keep();
    assert.deepEqual([add(undefined, half), add(of(1))], ["OK", "OK"]);
    count.abandon();
    assert.deepEqual([add(of(1)), add(of(1), of(1)), add(of(1), of(2))], ["RESOURCE_EXHAUSTED", "OK", "OK"]);
    assert.deepEqual([add(of(1)), add(of(1))], ["OK", "RESOURCE_EXHAUSTED"]);
  });
});
