/** A daemon, a controller that behaves, and the limits that nobody else may make it exceed. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { acl } from "../support/acl-program.js";
import { DataplaneClient } from "../support/dataplane-client.js";
import { lldp } from "../support/frame-builder.js";
import { long, P4Client } from "../support/p4-client.js";
import { Daemon } from "./daemon.js";
import { p99, Prober } from "./prober.js";

/** What 99 of 100 Writes of the second controller take at most, in milliseconds. */
const limitMs = 50;
/** The machine has other things to do: one of so many tries must hold the limit. */
const tries = 4;
/** An attack that is over sooner comes once in this time, in milliseconds. */
const windowMs = 1000;
const cpu = 0xfffffffd;

const yaml = `
listeners: [{ address: 127.0.0.1, port: 1, insecure: true }]
devices: [{ device_id: 1, datapath: { type: soft } }, { device_id: 2, datapath: { type: soft } }]
interfaces: { one: { device: 1, port_id: 1 }, two: { device: 1, port_id: 2 } }
`;

export class Scene implements AsyncDisposable {
  readonly daemon: Daemon;
  readonly #prober: Prober;

  private constructor(daemon: Daemon, prober: Prober) {
    this.daemon = daemon;
    this.#prober = prober;
  }

  static async start(): Promise<Scene> {
    const daemon = await Daemon.start(yaml);
    const scene = new Scene(daemon, await Prober.start({ port: daemon.port, pid: daemon.pid }));
    await scene.#prober.during(() => delay(300)); // code is compiled, buffers have their size
    return scene;
  }

  get port(): number {
    return this.daemon.port;
  }

  /**
   * Runs `attack` while the second controller writes. Its Writes keep their limit, the agent serves everybody
   * afterwards, and it holds what was acknowledged and nothing else.
   * @param entries that are there beside the second controller's own
   */
  async withstands(attack: () => Promise<void>, entries = 0): Promise<void> {
    const seen: number[] = [];
    for (let i = 0; i < tries && !seen.some((value) => value < limitMs); i++) {
      const { latencies } = await this.#prober.during(async () => {
        await Promise.all([attack(), delay(windowMs)]);
      });
      this.daemon.alive();
      seen.push(p99(latencies));
      await this.#serves(entries);
    }
    if (process.env["P4RTD_HOSTILE_REPORT"] !== undefined)
      console.log(`      p99 ${seen.map((ms) => ms.toFixed(1)).join(", ")} ms`);
    assert.ok(
      seen.some((value) => value < limitMs),
      `p99 of the second controller's Writes: ${seen.join(", ")} ms`,
    );
    assert.equal(this.daemon.log, "", "nothing is logged as an error");
  }

  async #serves(entries: number): Promise<void> {
    const { latencies, present } = await this.#prober.during(() => delay(50));
    assert.ok(latencies.length > 0, "the second controller still writes");
    const client = new P4Client(`127.0.0.1:${this.port}`);
    using dataplane = new DataplaneClient(this.port);
    try {
      assert.equal((await client.capabilities()).p4runtimeApiVersion, "1.5.0");
      const query = { tableEntry: { tableId: acl.table } };
      const read = await client.read({ deviceId: long(1n), entities: [query] });
      assert.equal(read.length, entries + (present ? 1 : 0), "the store holds what was acknowledged");
      const { possibleOutcomes } = await dataplane.inject({ dataplaneIngressPort: 1, payload: lldp });
      const ports = possibleOutcomes[0]?.packets?.map(({ dataplaneEgressPort }) => dataplaneEgressPort);
      assert.deepEqual(ports, present ? [cpu] : [], "the datapath does what was acknowledged");
    } finally {
      client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#prober[Symbol.asyncDispose]();
    await this.daemon[Symbol.asyncDispose]();
  }
}
