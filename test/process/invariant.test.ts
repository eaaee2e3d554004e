import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/invariant.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, rejected } from "../support/p4-client.js";

describe("an agent in which an invariant breaks during an RPC", () => {
  noLeaks();

  it("answers INTERNAL, ends its streams with UNAVAILABLE, and fails by that error", async () => {
    const agent = await Agent.start();
    const client = agent.client();
    const stream = client.stream();
    await stream.arbitrate(1n);
    const broken = { value: () => Promise.reject(new InvariantError("two and two are five")) };
    Object.defineProperty(agent.device(), "setPipeline", broken);
    const { code, message } = await rejected(client.setPipeline({ deviceId: long(1n) }));
    const end = await stream.ended();
    await assert.rejects(agent[Symbol.asyncDispose](), new InvariantError("two and two are five"));
    client.close();
    assert.deepEqual([code, end.code], [13, 14]);
    assert.doesNotMatch(message, /five/);
  });
});
