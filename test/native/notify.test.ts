/** Datagrams to a service manager. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAddon } from "../../src/addon/load.js";
import { noLeaks } from "../support/no-leaks.js";

const addon = loadAddon();

/** Binds a datagram socket that takes credentials, and prints sender's pid and text of `count` datagrams. */
const manager = `
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1].replace("@", "\\0"))
print("bound", flush=True)
for _ in range(int(sys.argv[2])):
    data, aux, _, _ = s.recvmsg(4096, 1024)
    print(struct.unpack("3i", aux[0][2])[0], data.decode(), flush=True)
if sys.argv[2] == "0":
    sys.stdin.read()
`;

describe("notify", () => {
  noLeaks();
  let folder: string;
  before(() => void (folder = mkdtempSync(join(tmpdir(), "p4rtd-test-notify-"))));
  after(() => rmSync(folder, { recursive: true }));

  async function start(address: string, count: number) {
    const child = spawn("python3", ["-c", manager, address, String(count)], { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    await once(child.stdout, "data");
    return async () => {
      child.stdin.end();
      await once(child, "close");
      return output.split("\n").slice(1, -1);
    };
  }

  for (const { kind, address } of [
    { kind: "a path", address: () => join(folder, "notify") },
    { kind: "an abstract name", address: () => `@p4rtd-test/notify/${process.pid}` },
  ])
    it(`sends one datagram each from our own process to ${kind}`, async () => {
      const end = await start(address(), 3);
      for (const state of ["READY=1", "STATUS=größer", "WATCHDOG=1"]) addon.notify(address(), state);
      assert.deepEqual(await end(), [
        `${process.pid} READY=1`,
        `${process.pid} STATUS=größer`,
        `${process.pid} WATCHDOG=1`,
      ]);
    });

  it("gives up with EAGAIN after a second if nobody reads", async () => {
    const address = `@p4rtd-test/full/${process.pid}`;
    const end = await start(address, 0);
    const fill = () => {
      for (let i = 0; i < 100_000; i++) addon.notify(address, "WATCHDOG=1");
    };
    assert.throws(fill, { code: "EAGAIN" });
    await end();
  });

  for (const { what, address, code } of [
    { what: "a socket that is not there", address: "/absent/notify", code: "ENOENT" },
    { what: "an abstract name that nobody holds", address: "@p4rtd-test/absent", code: "ECONNREFUSED" },
    { what: "an address of another kind", address: "vsock:2:1234", code: "EAFNOSUPPORT" },
    { what: "a path that does not fit", address: `/${"x".repeat(108)}`, code: "ENAMETOOLONG" },
  ])
    it(`is refused by ${code} for ${what}`, () => {
      assert.throws(() => addon.notify(address, "READY=1"), { code });
    });
});
