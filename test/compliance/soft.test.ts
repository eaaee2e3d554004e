import assert from "node:assert/strict";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import type { Bench, BenchOptions } from "./bench.js";
import { port1, port2 } from "./bench.js";
import { datapathCompliance } from "./datapath.js";
import type { OutputFrame } from "../../src/datapath/injector.js";

function open(options: BenchOptions): Promise<Bench> {
  const datapath = new SoftDatapath({
    ...options,
    ports: [
      { id: port1, name: "ethernet-1/1" },
      { id: port2, name: "ethernet-1/2" },
    ],
    routes: [{ prefix: Uint8Array.of(10, 0, 0, 2), length: 32, port: port2 }],
  });
  const outputs: OutputFrame[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const result of datapath.results(stop.signal, { results: 10_000, bytes: Infinity }))
      outputs.push(...result.outputs);
  })();
  return Promise.resolve({
    datapath,
    tagsBesideMtu: 8,
    bring(port, state) {
      assert.ok(datapath.setPortState(port, state).ok);
      return Promise.resolve();
    },
    receive(port, frames) {
      for (const frame of frames) assert.notEqual(datapath.inject(port, frame), "unknown-port");
      return Promise.resolve();
    },
    async left(port) {
      await new Promise((resolve) => setImmediate(resolve));
      const all = outputs.splice(0);
      outputs.push(...all.filter((output) => output.port !== port));
      return all.filter((output) => output.port === port).map((output) => output.frame);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading;
      await datapath[Symbol.asyncDispose]();
    },
  });
}

datapathCompliance("soft", open);
