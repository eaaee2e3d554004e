import assert from "node:assert/strict";
import { HealthImplementation } from "grpc-health-check";
import { Health, type After, type HealthService } from "../../../src/telemetry/health.js";

/** A health with time that stands still until `pass`, and what it has published. */
function standing() {
  const published: string[] = [];
  let now = 0;
  let waits: { readonly at: number; readonly run: () => void }[] = [];
  const after: After = (delayMs, run) => {
    const wait = { at: now + delayMs, run };
    waits.push(wait);
    return () => (waits = waits.filter((each) => each !== wait));
  };
  const pass = (ms: number) => {
    now += ms;
    const due = waits.filter((each) => each.at <= now);
    waits = waits.filter((each) => each.at > now);
    for (const { run } of due) run();
  };
  const target: HealthService = { setStatus: (service, status) => published.push(`${service || "server"} ${status}`) };
  const health = new Health({ services: ["", "p4.v1.P4Runtime"], target, holdMs: 1000, after });
  return { health, published, pass, waiting: () => waits.length };
}

const serving = ["server SERVING", "p4.v1.P4Runtime SERVING"];
const notServing = ["server NOT_SERVING", "p4.v1.P4Runtime NOT_SERVING"];

describe("Health", () => {
  it("is not serving before the start", () => assert.deepEqual(standing().published, notServing));

  it("serves from start to stop", () => {
    const { health, published } = standing();
    health.start();
    health.stop();
    assert.deepEqual(published, [...notServing, ...serving, ...notServing]);
  });

  it("shows a condition only after it lasted for its hold time", () => {
    const { health, pass } = standing();
    health.start();
    health.raise("datapath lost");
    pass(999);
    assert.deepEqual([health.status, health.conditions], ["SERVING", []]);
    pass(1);
    assert.deepEqual([health.status, health.conditions], ["NOT_SERVING", ["datapath lost"]]);
  });

  it("does not show a condition that came and went", () => {
    const { health, published, pass } = standing();
    health.start();
    health.raise("datapath lost");
    pass(500);
    health.clear("datapath lost");
    pass(5000);
    assert.deepEqual(published, [...notServing, ...serving]);
  });

  it("does not begin the hold time again when a condition is raised twice", () => {
    const { health, pass } = standing();
    health.start();
    health.raise("a");
    pass(600);
    health.raise("a");
    pass(400);
    assert.equal(health.status, "NOT_SERVING");
  });

  it("serves again at once when the last condition is cleared", () => {
    const { health, pass } = standing();
    health.start();
    health.raise("a");
    health.raise("b");
    pass(1000);
    health.clear("a");
    assert.equal(health.status, "NOT_SERVING");
    health.clear("b");
    assert.equal(health.status, "SERVING");
  });

  it("publishes only changes", () => {
    const { health, published } = standing();
    health.start();
    health.start();
    health.clear("never raised");
    assert.deepEqual(published, [...notServing, ...serving]);
  });

  it("is stopped for good, with no timer left", () => {
    const { health, published, waiting } = standing();
    health.start();
    health.raise("a");
    health[Symbol.dispose]();
    health.raise("b");
    health.start();
    assert.equal(waiting(), 0);
    assert.deepEqual(published, [...notServing, ...serving, ...notServing]);
  });

  it("drives the gRPC health service", () => {
    const target: HealthService = new HealthImplementation();
    const health = new Health({ services: [""], target, holdMs: 1000 });
    health.start();
    health.raise("a");
    health.stop();
    assert.equal(health.status, "NOT_SERVING");
  });
});
