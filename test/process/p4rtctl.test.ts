import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { silentLogger } from "../../src/base/logger.js";
import { openAdminServer } from "../../src/daemon/admin-server.js";
import type { RpcContext } from "../../src/rpc/context.js";
import { p4 } from "../../src/wire/gen/proto.js";
import { p4rtctl } from "../support/ctl.js";
import { Daemon, Folder, type DaemonOptions } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, P4Client, primary, rejected, uint128 } from "../support/p4-client.js";
import { configOf, published } from "../support/program-options.js";
import { ScriptedDatapath } from "../support/scripted-datapath.js";
import { Scene, type EntryUpdate } from "../unit/switch/scene.js";

const listener = "listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]";
const lldp = Buffer.concat([Buffer.from("0180c200000e02000000000188cc", "hex"), Buffer.alloc(46)]);
const unimplemented = 12;
const bytes = { encode: () => ({ finish: () => new Uint8Array(0) }), decode: (message: Uint8Array) => message };

/** An entry of WBB that traps an EtherType. */
function trapping(etherType: string) {
  const match = [{ fieldId: 3, ternary: { value: Buffer.from(etherType, "hex"), mask: Buffer.from("ffff", "hex") } }];
  const tableEntry = { tableId: 33554691, match, priority: 1, action: { action: { actionId: 16777480 } } };
  return { type: p4.v1.Update.Type.INSERT, entity: { tableEntry } };
}

/** A daemon whose admin socket is in `folder`. */
function start(folder: Folder, more: DaemonOptions = {}): Promise<Daemon> {
  return Daemon.start({ yaml: `${listener}\nadmin: { unix: ${folder.at("admin.sock")}, mode: "0600" }`, ...more });
}

describe("p4rtctl", () => {
  noLeaks();
  let folder: Folder;
  let socket: string;
  beforeEach(() => {
    folder = new Folder();
    socket = folder.at("admin.sock");
  });
  afterEach(() => folder[Symbol.dispose]());

  it("shows what a controller wrote and what became of frames", async () => {
    await using daemon = await start(folder);
    const client = await daemon.client();
    const stream = await primary(client);
    const updates = ["88cc", "6007"].map(trapping);
    await client.write({ deviceId: long(1n), electionId: uint128(1n), updates });
    await client.inject({ dataplaneIngressPort: 2, payload: lldp });
    await stream.packetIn();
    await client.inject({ dataplaneIngressPort: 3, payload: Buffer.concat([Buffer.alloc(12, 2), Buffer.alloc(48)]) });

    const interfaces = await p4rtctl(["show", "interfaces"], { socket });
    assert.deepEqual([interfaces.code, interfaces.stderr], [0, ""]);
    const lines = interfaces.stdout.split("\n").map((line) => line.split(/ +/));
    assert.deepEqual(lines[0], ["NAME", "NETDEV", "PORT", "DEVICE", "STATE", "MTU", "IN", "OUT", "PUNTED", "DROPPED"]);
    assert.deepEqual(lines[2], ["ethernet-1/2", "-", "2", "1", "up", "1500", "1", "0", "1", "0"]);
    assert.deepEqual(lines[5], ["cpu", "-", "4294967293", "1", "up", "1500", "0", "0", "0", "0"]);

    const rules = await p4rtctl(["--socket", socket, "show", "rules"]);
    assert.equal(
      rules.stdout,
      `   DEVICE  TABLE                  PRIORITY  MATCH                     KEY                ACTION                             PACKETS  BYTES
        1  acl_wbb_ingress_table         1  ether_type 0x88cc/0xffff  ether_type 0x88cc  green trap, yellow trap, red drop        1     60
        1  acl_wbb_ingress_table         1  ether_type 0x6007/0xffff  ether_type 0x6007  green trap, yellow trap, red drop        0      0
device 1 (soft): 2 entries, 2 keys held, no difference
`,
    );
    assert.deepEqual([rules.code, rules.stderr], [0, ""]);

    const drops = await p4rtctl(["show", "drops", "--json", "--socket", socket]);
    const parsed = JSON.parse(drops.stdout) as { drops: readonly { reason: string; count: number }[] };
    assert.deepEqual(
      parsed.drops.map(({ reason, count }) => [reason, count]),
      [["no-route", 1]],
    );
    const all = await p4rtctl(["show", "drops", "--all", "--socket", socket]);
    assert.match(all.stdout, /^ +1 {2}controller-gone +0 {2}The controller's stream ended/m);
    await daemon.stop();
    assert.equal(existsSync(socket), false);
  });

  it("is answered on the admin socket only, and controllers are not answered there", async () => {
    await using daemon = await start(folder);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    const { admin, listening } = await daemon.event("daemon.serving");
    assert.deepEqual([admin, Array.isArray(listening) && listening.length], [socket, 1]);
    const controllers = await daemon.client();
    const asked = await rejected(controllers.unary("/p4rtd.v1.Admin/ShowDrops", new Uint8Array(0), bytes));
    assert.equal(asked.code, unimplemented);
    using operators = new P4Client(`unix:${socket}`);
    assert.equal((await rejected(operators.capabilities())).code, unimplemented);
    assert.equal((await rejected(operators.serverStream("/grpc.health.v1.Health/Watch", new Uint8Array(0), bytes))).code, unimplemented); // prettier-ignore
  });

  for (const { args, stderr } of [
    {
      args: ["show", "rules", "--table", "no_such"],
      stderr: /^p4rtctl: there is no table 'no_such' \(there are: acl_wbb/,
    },
    { args: ["show", "rules", "--device", "7"], stderr: /^p4rtctl: device_id 7 is not a device here/ },
    { args: ["show", "interfaces", "--device", "0"], stderr: /^p4rtctl: device_id is not set; 0 is never a device/ },
  ])
    it(`ends with 64 after ${args.join(" ")}`, async () => {
      await using daemon = await start(folder);
      await primary(await daemon.client());
      const ended = await p4rtctl(args, { socket });
      assert.match(ended.stderr, stderr);
      assert.deepEqual([ended.code, ended.stdout], [64, ""]);
    });

  it("shows a device without a pipeline", async () => {
    await using _daemon = await start(folder);
    const { code, stdout } = await p4rtctl(["show", "rules"], { socket });
    assert.deepEqual([code, stdout], [0, "device 1 (soft): 0 entries, 0 keys held, no difference\n"]);
  });

  it("says that the socket it was given is where controllers connect", async () => {
    await using _daemon = await Daemon.start({
      yaml: `listeners: [{ address: 127.0.0.1, port: 0, insecure: true }, { unix: ${socket}, insecure: true }]`,
    });
    const ended = await p4rtctl(["show", "drops"], { socket });
    assert.match(
      ended.stderr,
      /is not the admin socket of a p4rtd that knows this command; do controllers connect there\?/,
    );
    assert.equal(ended.code, 70);
  });

  describe("without p4rtd ends with 69 and says what to do", () => {
    it("where there is no socket", async () => {
      const ended = await p4rtctl(["show", "interfaces"], { socket });
      assert.equal(
        ended.stderr,
        `p4rtctl: there is no socket ${socket}
Is p4rtd running, with \`admin: { unix: ${socket} }\` in its configuration? --socket or P4RTD_ADMIN_SOCKET names another one.
`,
      );
      assert.deepEqual([ended.code, ended.stdout], [69, ""]);
    });

    it("where a killed daemon left its socket", async () => {
      const killed = await start(folder);
      killed.signal("SIGKILL");
      await killed[Symbol.asyncDispose]();
      const { code, stderr } = await p4rtctl(["show", "rules"], { socket });
      assert.match(stderr, /nobody listens on .*admin.sock\np4rtd is not running; .* Start it again\.\n$/);
      assert.equal(code, 69);
    });

    it("where something else is in the socket's place", async () => {
      const { code, stderr } = await p4rtctl(["show", "rules"], { socket: folder.write("file", "") });
      assert.match(stderr, /file is not a socket\n--socket or P4RTD_ADMIN_SOCKET names another one\.\n$/);
      assert.equal(code, 69);
    });

    it("where the path is too long for a socket", async () => {
      const { code, stderr } = await p4rtctl(["show", "rules"], { socket: `/${"x".repeat(200)}` });
      assert.match(stderr, /^p4rtctl: cannot connect to \/x+: |^p4rtctl: there is no socket \/x+/);
      assert.equal(code, 69);
    });

    it("where what answers is no gRPC server", async () => {
      const other = createServer((connection) => {
        connection.on("error", () => undefined).resume(); // the one that only knocks is gone already
        connection.end("hello\n");
      }).listen(socket);
      await once(other, "listening");
      const { code, stderr } = await p4rtctl(["show", "rules"], { socket });
      other.close();
      assert.match(stderr, /the connection was lost; is p4rtd still running\?/);
      assert.equal(code, 69);
    });
  });

  for (const { args, code, stdout, stderr } of [
    { args: ["--version"], code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: /^$/ },
    { args: ["--help"], code: 0, stdout: /Exit codes: 0 done; 1 the datapath does not hold/, stderr: /^$/ },
    { args: ["show", "rules", "--help"], code: 0, stdout: /--table <name>[\s\S]*--socket <path>/, stderr: /^$/ },
    { args: [], code: 64, stdout: /^$/, stderr: /^Usage: p4rtctl/ },
    { args: ["show"], code: 64, stdout: /^$/, stderr: /^Usage: p4rtctl show/ },
    { args: ["shwo"], code: 64, stdout: /^$/, stderr: /unknown command 'shwo'/ },
    { args: ["show", "rules", "now"], code: 64, stdout: /^$/, stderr: /too many arguments/ },
    { args: ["show", "rules", "--device", "one"], code: 64, stdout: /^$/, stderr: /It must be a number/ },
    { args: ["show", "drops", "--device", "18446744073709551616"], code: 64, stdout: /^$/, stderr: /must be a number/ },
  ])
    it(`ends with ${code} after ${["p4rtctl", ...args].join(" ")}`, async () => {
      const ended = await p4rtctl(args, { socket });
      assert.match(ended.stdout, stdout);
      assert.match(ended.stderr, stderr);
      assert.equal(ended.code, code);
    });
});

describe("p4rtctl show rules, where the datapath does not hold what it should,", () => {
  noLeaks();

  const trap = (etherType: number): EntryUpdate => ({
    type: "insert",
    table: "acl_wbb_ingress_table",
    match: { ether_type: [BigInt(etherType), 0xffffn] },
    action: "acl_wbb_ingress_trap",
  });

  it("marks the lines that differ and ends with 1", async () => {
    using folder = new Folder();
    const socket = folder.at("admin.sock");
    await using datapath = new ScriptedDatapath();
    await using scene = new Scene({ datapath: datapath.soft, wrapped: datapath });
    scene.arbitrated(1);
    assert.equal(await scene.set("verify-and-commit", configOf(published("wbb"), "wbb")), "OK");
    assert.equal(await scene.write([trap(0x88cc), trap(0x6007)]), "OK OK");
    datapath.script.drift = function* (held) {
      for (const rule of held)
        yield rule.mask[5] !== 0 && rule.value[5] === 0x60070000
          ? { ...rule, action: { ...rule.action, red: "trap" } }
          : rule;
    };
    const context: RpcContext = {
      devices: new Map([[1n, scene.sw]]),
      log: silentLogger,
      backlog: { frames: 1, bytes: 1 },
      streamErrors: undefined,
      streams: new Set(),
      build: { version: "0", platform: "test", runtime: "test" },
      maxMessageBytes: 0,
      fatal: (error) => assert.fail(String(error)),
      finished: () => undefined,
    };
    await using _server = await openAdminServer({ path: socket, mode: 0o600, group: undefined }, context);
    const { code, stdout, stderr } = await p4rtctl(["show", "rules"], { socket });
    assert.equal(
      stdout,
      `   DEVICE  TABLE                  PRIORITY  MATCH                     KEY                ACTION                             PACKETS  BYTES
        1  acl_wbb_ingress_table         1  ether_type 0x88cc/0xffff  ether_type 0x88cc  green trap, yellow trap, red drop        0      0
-       1  acl_wbb_ingress_table         1  ether_type 0x6007/0xffff  ether_type 0x6007  green trap, yellow trap, red drop        0      0
+       1  acl_wbb_ingress_table         1  ether_type 0x6007/0xffff  ether_type 0x6007  trap                                     -      -
device 1 (soft): 2 entries, 2 keys held, 2 differences: - is missing, + should not be there
`,
    );
    assert.deepEqual([code, stderr], [1, ""]);
    const json = await p4rtctl(["show", "rules", "--json"], { socket });
    const { rules } = JSON.parse(json.stdout) as { rules: readonly { state: string }[] };
    assert.deepEqual([rules.map(({ state }) => state), json.code], [["held", "missing", "unexpected"], 1]);
  });
});
