/** Failing Writes of all sizes, as real clients with their own limits on trailers see them (AMB-63). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { google, p4 } from "../../src/wire/gen/proto.js";
import { Agent } from "../support/agent.js";
import { aclEntry, commit, insert, remove } from "../support/lab-program.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected, uint128, type P4Client } from "../support/p4-client.js";
import { requirement } from "../support/requirement.js";
import { goClient, linesOf, MissingCapability, pythonClient, type Command } from "./foreign-client.js";

const sizes = [1, 20, 100, 1000, 10_000];
const notFound = 5;

/** A failed Write as a client saw it: the code of each slot, or undefined if there were no details. */
interface Seen {
  readonly code: number;
  readonly message: string;
  readonly slots: readonly number[] | undefined;
}

/** `count` deletions of entries that do not exist. */
function failing(count: number): p4.v1.WriteRequest.$Properties {
  const updates = Array.from({ length: count }, (_, i) => remove(aclEntry(i)));
  return { deviceId: long(1n), electionId: uint128(1n), updates };
}

/** A push of a hundred match fields that the datapath lacks; `word` begins their names. */
function unrealisable(word: string): p4.v1.SetForwardingPipelineConfigRequest.$Properties {
  const matchFields = Array.from({ length: 100 }, (_, i) => ({
    id: i + 1,
    name: `${word}${i}`,
    bitwidth: 8,
    matchType: p4.config.v1.MatchField.MatchType.EXACT,
  }));
  const table = { preamble: { id: 0x02000001, name: "t", alias: "t" }, matchFields };
  const { VERIFY } = p4.v1.SetForwardingPipelineConfigRequest.Action;
  return {
    deviceId: long(1n),
    electionId: uint128(1n),
    action: VERIFY,
    config: { p4info: { pkgInfo: { arch: "v1model" }, tables: [table] } },
  };
}

/** Each size's outcome must be UNKNOWN, with all details up to `whole` updates and a telling message beyond. */
function check(seen: readonly Seen[], whole: number): void {
  assert.deepEqual(
    seen.map(({ code }) => code),
    sizes.map(() => 2),
  );
  for (const [i, size] of sizes.entries()) {
    const { message, slots } = seen[i] ?? { message: "", slots: undefined };
    assert.match(message, new RegExp(`^${size} of ${size} updates failed; first: #0 NOT_FOUND table 'acl' has no`));
    assert.deepEqual(slots, size <= whole ? Array<number>(size).fill(notFound) : undefined, `${size} updates`);
  }
}

describe("failing Writes of 1 to 10,000 updates", function () {
  this.timeout(200_000); // the first run on a machine fetches and builds the clients
  noLeaks();
  let agent: Agent;
  let client: P4Client;
  let folder: string;
  let python: Command | MissingCapability;
  let go: Command | MissingCapability;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "p4rtd-clients-"));
    for (const size of [...sizes, 1300])
      writeFileSync(request(size), p4.v1.WriteRequest.encode(failing(size)).finish());
    agent = await Agent.start();
    client = agent.client();
    await primary(client);
    await commit(client);
    python = await orMissing(pythonClient());
    go = await orMissing(goClient());
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const request = (size: number) => join(folder, `${size}.bin`);
  const address = () => `127.0.0.1:${agent.port}`;

  /** The command, or what this machine lacks for it, which CI must not. */
  async function orMissing(command: Promise<Command>): Promise<Command | MissingCapability> {
    try {
      return await command;
    } catch (error) {
      if (!(error instanceof MissingCapability) || process.env["CI"] === "true") throw error;
      return error;
    }
  }

  /** Skips the running test for want of what is missing, and says so in its title. */
  function ready(context: Mocha.Context, command: Command | MissingCapability): Command {
    if (!(command instanceof MissingCapability)) return command;
    if (context.test !== undefined) context.test.title += ` (skipped: no ${command.message})`;
    return context.skip();
  }

  async function pythonSees(
    command: Command,
    maxMetadataSize: number,
    requests: readonly string[],
    method = "Write",
  ): Promise<Seen[]> {
    const lines = await linesOf(command, [address(), String(maxMetadataSize), method, ...requests]);
    return (lines as { code: number; message: string; details: string | null }[]).map(({ code, message, details }) => ({
      code,
      message,
      slots: details === null ? undefined : slotsOf(details),
    }));
  }

  requirement(
    ["ERR-04", "ERR-10"],
    "grpc-js with its defaults gets all details up to 48 KiB, then the counts",
    async () => {
      const seen: Seen[] = [];
      for (const size of sizes) {
        const { code, message, slots } = await rejected(client.write(failing(size)));
        seen.push({ code, message, slots: slots?.map((slot) => slot.code) });
      }
      check(seen, 100);
    },
  );

  requirement(
    ["ERR-04", "ERR-10"],
    "grpcio with its defaults gets all details up to 8 KiB, then the counts",
    async function (this: Mocha.Context) {
      check(await pythonSees(ready(this, python), 0, sizes.map(request)), 100);
    },
  );

  requirement(
    "ERR-04",
    "grpcio with a raised grpc.max_metadata_size gets all details",
    async function (this: Mocha.Context) {
      check(await pythonSees(ready(this, python), 4 * 1024 * 1024, sizes.map(request)), 10_000);
    },
  );

  it("grpcio never gets more than the size it was given, above which it refuses at random", async function (this: Mocha.Context) {
    const seen = await pythonSees(ready(this, python), 64 * 1024, Array<string>(20).fill(request(1300)));
    assert.deepEqual(
      seen.map(({ code, slots }) => [code, slots]),
      Array<unknown>(20).fill([2, undefined]),
    );
  });

  it("grpcio with its defaults is told why a push is refused, whatever the script of the names in it", async function (this: Mocha.Context) {
    const command = ready(this, python);
    const pushes = ["field", "a b c d e f g h", "字".repeat(12), "😀".repeat(9)].map((word, i) => {
      const file = join(folder, `push-${i}.bin`);
      writeFileSync(file, p4.v1.SetForwardingPipelineConfigRequest.encode(unrealisable(word)).finish());
      return file;
    });
    for (const { code, message } of await pythonSees(command, 0, pushes, "SetForwardingPipelineConfig")) {
      assert.equal(code, 3, message);
      assert.match(message, /^datapath 'soft' cannot realise this P4Info.*table 't': match field '.*0': no binding/s);
    }
  });

  it("a batch that fails as a whole names the update that was wrong, also without details", async () => {
    const updates = Array.from({ length: 3000 }, (_, i) => insert(aclEntry(i)));
    const wrong = remove(aclEntry(7000));
    const { ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC } = p4.v1.WriteRequest.Atomicity;
    for (const atomicity of [ROLLBACK_ON_ERROR, DATAPLANE_ATOMIC]) {
      const request = { deviceId: long(1n), electionId: uint128(1n), updates: [...updates, wrong, wrong], atomicity };
      const { code, message, slots } = await rejected(client.write(request));
      assert.deepEqual([code, slots], [2, undefined]);
      assert.match(message, /^3002 of 3002 updates failed; first: #3000 NOT_FOUND table 'acl' has no/);
    }
  });

  requirement("ERR-04", "grpc-go with its defaults gets all details", async function (this: Mocha.Context) {
    const lines = await linesOf(ready(this, go), [address(), ...sizes.map(request)]);
    const seen = (lines as { code: number; message: string; slots: number[] | null }[]).map(
      ({ code, message, slots }) => ({
        code,
        message,
        slots: slots ?? undefined,
      }),
    );
    check(seen, 10_000);
  });
});

/** The codes in a google.rpc.Status in base64; its own code and message are those of the RPC. */
function slotsOf(details: string): readonly number[] {
  const status = google.rpc.Status.decode(Buffer.from(details, "base64"));
  assert.equal(status.code, 2);
  return status.details.map(({ value }) => p4.v1.Error.decode(value ?? new Uint8Array(0)).canonicalCode);
}
