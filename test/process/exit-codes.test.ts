import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server } from "node:net";
import { once } from "node:events";
import { Daemon, Folder } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";

const twoDevices = `
devices: [{ device_id: 1 }, { device_id: 2 }]
interfaces: { a: { device: 1, port_id: 1 }, b: { device: 2, port_id: 1 } }
`;
const unixOnly = "listeners: [{ unix: /nowhere/p4rtd.sock, insecure: true }]";

describe("p4rtd ends", () => {
  noLeaks();

  for (const { what, args = [], yaml, code, stderr } of [
    { what: "an unknown flag", args: ["--colour"], code: 64, stderr: /unknown option '--colour'/ },
    { what: "an argument", args: ["start"], code: 64, stderr: /too many arguments/ },
    { what: "a port that is no number", args: ["--port", "http"], code: 64, stderr: /must be a TCP port/ },
    { what: "a port beyond 65535", args: ["--port", "65536"], code: 64, stderr: /--port: 65536/ },
    { what: "a device id of 0", args: ["--device-id", "0"], code: 64, stderr: /--device-id: 0/ },
    { what: "an unknown log level", args: ["--log-level", "loud"], code: 64, stderr: /debug, info, warn/ },
    { what: "a flag without its value", args: ["--config"], code: 64, stderr: /argument missing/ },
    {
      what: "--device-id where there are several devices",
      args: ["--device-id", "3"],
      yaml: twoDevices,
      code: 64,
      stderr: /the configuration has 2 devices/,
    },
    { what: "--port without TCP listener", args: ["--port", "0"], yaml: unixOnly, code: 64, stderr: /no TCP listener/ },
    {
      what: "--port-file without TCP listener",
      args: ["--port-file", "/nowhere/port"],
      yaml: unixOnly,
      code: 64,
      stderr: /^p4rtd: --port-file: .*no TCP listener/,
    },
    {
      what: "every fault of a configuration",
      yaml: "limits:\n  max_recv: 1\nlisteners: []\npnut: {}\n",
      code: 78,
      stderr:
        /p4rtd\.yaml:2:3: limits\.max_recv: .*\n.*p4rtd\.yaml:3:12: listeners: .*\n.*p4rtd\.yaml:4:1: pnut: .*\n$/,
    },
    {
      what: "rules of a software datapath that are to be kept",
      yaml: "restart:\n  rules_on_exit: keep\n",
      args: ["--check"],
      code: 78,
      stderr: /p4rtd\.yaml:2:18: restart\.rules_on_exit: .*end with the process \(allowed: flush\)/,
    },
    { what: "a configuration that is not there", args: ["--config", "/nowhere"], code: 78, stderr: /^\/nowhere: / },
    {
      what: "a socket in a folder that is missing",
      yaml: unixOnly,
      code: 71,
      stderr: /"daemon.cannot_listen".*unix:\/nowhere\/p4rtd.sock/,
    },
    {
      what: "a group that does not exist",
      yaml: "listeners: [{ unix: /nowhere/p4rtd.sock, group: no-such-group, insecure: true }]",
      code: 71,
      stderr: /no group 'no-such-group'/,
    },
    {
      what: "an address that is not this host's",
      yaml: "listeners: [{ address: 192.0.2.1, port: 9559, insecure: true }]",
      code: 71,
      stderr: /cannot listen on 192.0.2.1:9559/,
    },
    {
      what: "a port file in a folder that is missing",
      args: ["--port", "0", "--port-file", "/nowhere/port"],
      code: 73,
      stderr: /"daemon.no_port_file".*cannot write \/nowhere\/port/,
    },
  ])
    it(`with ${code} for ${what}, and says so`, async () => {
      const ended = await Daemon.outcome({ args, ...(yaml !== undefined && { yaml }) });
      assert.match(ended.stderr, stderr);
      assert.equal(ended.code, code);
      assert.equal(ended.stdout, "");
    });

  describe("when an address is in use", () => {
    let server: Server;
    let port: number;
    before(async () => {
      server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      ({ port } = server.address() as AddressInfo);
    });
    after(() => server.close());

    it("with 71 if it is a listener's", async () => {
      const ended = await Daemon.outcome({ args: ["--port", String(port)] });
      assert.match(ended.stderr, /"daemon.cannot_listen".*EADDRINUSE/);
      assert.equal(ended.code, 71);
    });

    it("with 71 if it is the metrics'", async () => {
      const yaml = `telemetry: { prometheus: { listen: "127.0.0.1:${port}" } }`;
      const ended = await Daemon.outcome({ yaml, args: ["--port", "0"] });
      assert.match(ended.stderr, /"daemon.cannot_listen".*EADDRINUSE/);
      assert.equal(ended.code, 71);
    });
  });

  for (const { args, stdout } of [
    { args: ["--version"], stdout: /^\d+\.\d+\.\d+\n$/ },
    {
      args: ["--help"],
      stdout:
        /^Usage: p4rtd [\s\S]*--port-file[\s\S]*--cleanup[\s\S]*69 a datapath[\s\S]*71 a listener cannot bind[\s\S]*77 a privilege[\s\S]*P4RTD_RUN_DIR/,
    },
    { args: ["--check"], stdout: /^default configuration: OK\n$/ },
  ])
    it(`with 0 after ${args.join(" ")}`, async () => {
      const ended = await Daemon.outcome({ args });
      assert.match(ended.stdout, stdout);
      assert.deepEqual([ended.code, ended.stderr], [0, ""]);
    });

  it("with 0 after it found a configuration to be good", async () => {
    using folder = new Folder();
    const file = folder.write("good.yaml", twoDevices);
    const ended = await Daemon.outcome({ args: ["--check", "--config", file] });
    assert.deepEqual(ended, { code: 0, stdout: `${file}: OK\n`, stderr: "" });
  });
});
