import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { defined } from "../../src/base/invariant.js";
import { Code } from "../../src/base/status.js";
import { Agent } from "../support/agent.js";
import { noLeaks } from "../support/no-leaks.js";
import { P4Client, primary, push, type P4Stream } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { allQuiet, codeOf, next } from "./arbitration.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { etherType, inserting } from "./wbb.js";

const entryCount = 50_000;

const atLeast = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices: [{ device_id: 1, name: one, datapath: { type: soft }, acl: { table_size: at-least } }]
`;

/** Fifty thousand entries that differ in their priority. */
const entries = Array.from({ length: entryCount }, (_, i) => etherType("88cc", undefined, i + 1));

/** A primary with id 10 whose Write of `entries` runs on a connection of its own. */
class Writing implements AsyncDisposable {
  private constructor(
    readonly agent: Agent,
    readonly stream: P4Stream,
    readonly client: P4Client,
    /** Its outcome, as the primary is told. */
    readonly write: Promise<string>,
  ) {}

  static async begin(): Promise<Writing> {
    const agent = await Agent.start({ yaml: atLeast });
    const stream = await primary(agent.client(), 10n);
    const client = agent.client();
    const write = codeOf(client.write(inserting(entries, 10)));
    const writing = new Writing(agent, stream, client, write);
    while (!writing.running) await turn();
    return writing;
  }

  get running(): boolean {
    return this.#role.runningWrites > 0;
  }

  /** The seat as the agent sees it. */
  get seat(): string {
    return this.#role.seat.kind;
  }

  /** How many entries the Write has dealt with. */
  get entries(): number {
    return this.agent.device().entryCount;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.write;
    await this.agent[Symbol.asyncDispose]();
  }

  get #role() {
    return defined(this.agent.device().controllers.arbiter.describe()[0], "the default role is always there");
  }
}

/** What a Write and a pipeline push with `electionId` come to now. */
async function attempts(client: P4Client, electionId: number): Promise<readonly string[]> {
  return [
    await codeOf(client.write(inserting([etherType("6007")], electionId))),
    await codeOf(push(client, BigInt(electionId))),
  ];
}

describe("a hand-over while a Write of 50,000 entries runs", () => {
  noLeaks();

  requirement(
    ["ARB-40", "ARB-41", "ARB-39"],
    "tells the loser at once and the winner when the Write is done; in between nobody writes",
    async () => {
      await using writing = await Writing.begin();
      const { agent, stream, client } = writing;
      const winner = agent.client().stream();
      winner.sendArbitration(11);
      assert.deepEqual(await next(stream), ["ALREADY_EXISTS 11"]);
      assert.deepEqual(await attempts(client, 10), ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
      assert.deepEqual(await attempts(client, 11), ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
      assert.equal(writing.seat, "handing-over");
      assert.ok(writing.entries < entryCount);
      assert.deepEqual(await next(winner), ["OK 11"]);
      assert.equal(writing.entries, entryCount);
      assert.equal(await writing.write, "OK");
      assert.equal(await codeOf(client.write(inserting([etherType("6007")], 11))), "OK");
      await allQuiet(stream, winner);
    },
  );

  requirement("ARB-42", "finishes the Write of a primary that has gone, and answers it", async () => {
    await using writing = await Writing.begin();
    const { agent, stream } = writing;
    const [winner, backup] = [agent.client().stream(), agent.client().stream()];
    await backup.arbitrate(9);
    stream.finish();
    assert.deepEqual(await next(backup), ["NOT_FOUND 10"]);
    winner.sendArbitration(11);
    assert.deepEqual(await next(backup), ["ALREADY_EXISTS 11"]);
    assert.equal(writing.running, true);
    assert.deepEqual(await next(winner), ["OK 11"]);
    assert.equal(writing.entries, entryCount);
    assert.equal(await writing.write, "OK");
    await allQuiet(winner, backup);
  });

  requirement("ARB-42", "finishes the Write of a client whose connection is gone altogether", async () => {
    await using agent = await Agent.start({ yaml: atLeast });
    await using proxy = await TcpProxy.open(agent.port);
    using lost = new P4Client(proxy.address);
    const stream = await primary(lost, 10n);
    const { arbiter } = agent.device().controllers;
    const write = codeOf(lost.write(inserting(entries, 10)));
    while (arbiter.describe()[0]?.runningWrites !== 1) await turn();
    const [backup, winner] = [agent.client().stream(), agent.client().stream()];
    await backup.arbitrate(9);
    proxy.reset();
    assert.deepEqual(await next(backup), ["NOT_FOUND 10"]);
    winner.sendArbitration(11);
    assert.deepEqual(await next(backup, winner), ["ALREADY_EXISTS 11", "OK 11"]);
    assert.equal(agent.device().entryCount, entryCount);
    assert.deepEqual([await write, (await stream.ended()).code], ["UNAVAILABLE", Code.UNAVAILABLE]);
  });

  for (const id of [10, 12])
    requirement("ARB-83", `to the primary itself, which sends ${id}, holds back its Writes too`, async () => {
      await using writing = await Writing.begin();
      const { agent, stream, client } = writing;
      const backup = agent.client().stream();
      await backup.arbitrate(9);
      stream.sendArbitration(id);
      assert.deepEqual(await next(backup), [`ALREADY_EXISTS ${Math.max(10, id)}`]);
      assert.deepEqual(await attempts(client, id), ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
      assert.equal(writing.running, true);
      assert.deepEqual(await next(stream), [`OK ${id}`]);
      assert.equal(await writing.write, "OK");
      assert.equal(await codeOf(client.write(inserting([etherType("6007")], id))), "OK");
      await allQuiet(stream, backup);
    });

  requirement("ARB-84", "ends without a primary if the winner goes meanwhile", async () => {
    await using writing = await Writing.begin();
    const { agent, stream, client } = writing;
    const winner = agent.client().stream();
    winner.sendArbitration(11);
    assert.deepEqual(await next(stream), ["ALREADY_EXISTS 11"]);
    winner.cancel();
    assert.deepEqual(await next(stream), ["NOT_FOUND 11"]);
    assert.equal(writing.entries, entryCount);
    assert.deepEqual(await attempts(client, 10), ["PERMISSION_DENIED", "PERMISSION_DENIED"]);
    await allQuiet(stream);
  });

  requirement("ARB-84", "lets further updates wait and handles them one after the other", async () => {
    await using writing = await Writing.begin();
    const { agent, stream } = writing;
    const [second, third] = [agent.client().stream(), agent.client().stream()];
    second.sendArbitration(11);
    assert.deepEqual(await next(stream), ["ALREADY_EXISTS 11"]);
    third.sendArbitration(12);
    await allQuiet(third);
    assert.equal(writing.running, true);
    assert.deepEqual(await next(second, second), ["OK 11", "ALREADY_EXISTS 12"]);
    assert.deepEqual(await next(third, stream), ["OK 12", "ALREADY_EXISTS 12"]);
    assert.equal(await writing.write, "OK");
    await allQuiet(stream, second, third);
  });
});
