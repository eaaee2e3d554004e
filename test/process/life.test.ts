import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { Daemon, Folder } from "../support/daemon.js";
import { noLeaks } from "../support/no-leaks.js";
import { long, primary, rejected } from "../support/p4-client.js";
import { root } from "../support/repository.js";

const unavailable = 14;
/** Messages as they are. */
const bytes = {
  encode: () => ({ finish: () => new Uint8Array(0) }),
  decode: (message: Uint8Array) => message,
};
const breaking = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("broken")})';

/** A call that its client does not end. */
const watchHealth = ["/grpc.health.v1.Health/Watch", new Uint8Array(0), bytes] as const;

const watchResults = ["/fourward.dataplane.Dataplane/SubscribeResults", new Uint8Array(0), bytes] as const;

describe("p4rtd as a process", () => {
  before("the descriptor that watches folders is opened once and stays", () => watch(tmpdir()).close());
  noLeaks();

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`ends with 0 on ${signal}, its streams with UNAVAILABLE, within 2 s`, async function () {
      this.retries(2); // a machine that others load may take longer once

      await using daemon = await Daemon.start();
      const client = await daemon.client();
      const unfinished = [watchHealth, watchResults].map(([path, request, codec]) =>
        rejected(client.serverStream(path, request, codec)),
      );
      await client.capabilities(); // those before it have arrived
      const streams = [await primary(client), client.stream()];
      const began = performance.now();
      daemon.signal(signal);
      const ends = await Promise.all(streams.map((stream) => stream.ended()));
      assert.deepEqual(
        ends.map(({ code }) => code),
        [unavailable, unavailable],
      );
      assert.equal((await daemon.ended).code, 0);
      assert.ok(performance.now() - began < 2000);
      assert.deepEqual(
        (await Promise.all(unfinished)).map(({ code }) => code),
        [unavailable, unavailable],
      );
    });

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`writes the port file whole, and removes it on ${signal}`, async () => {
      using folder = new Folder();
      const file = folder.at("port");
      await using daemon = await Daemon.start({ args: ["--port-file", file] });
      assert.equal(`127.0.0.1:${readFileSync(file, "utf8")}`, `${await daemon.address()}\n`);
      daemon.signal(signal);
      assert.equal((await daemon.ended).code, 0);
      assert.equal(existsSync(file), false);
    });

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`ends when npm, which started it, gets ${signal}`, async () => {
      using folder = new Folder();
      const file = folder.at("port");
      const npm = spawn("npm", ["start", "--", "--port", "0", "--port-file", file], {
        cwd: root,
        env: { ...process.env, npm_config_update_notifier: "false" },
        stdio: ["ignore", "ignore", "pipe"],
        detached: true, // a group of its own
      });
      const log = text(npm.stderr); // open as long as the daemon is
      const ended = once(npm, "close");
      try {
        await folder.appearing("port", () => {});
        npm.kill(signal);
        await Promise.race([ended, delay(5000, undefined, { ref: false })]);
        assert.equal(existsSync(file), false, "the daemon goes on");
      } finally {
        try {
          process.kill(-(npm.pid ?? 0), "SIGKILL");
        } catch {
          // the whole group is gone, as it should be
        }
      }
      assert.match(await log, /"event":"daemon\.stopping"/);
    });

  it("goes on when nobody reads its log any more", async () => {
    await using daemon = await Daemon.start();
    const client = await daemon.client();
    const stream = await primary(client);
    daemon.closeLog();
    for (let i = 0; i < 5; i++) assert.equal((await rejected(client.write({ deviceId: long(9n) }))).code, 5);
    await client.capabilities();
    await stream.quiet();
    daemon.signal("SIGTERM");
    assert.equal((await daemon.ended).code, 0);
  });

  it("puts the port file in place only when it is complete", async () => {
    using folder = new Folder();
    let starting: Promise<Daemon> | undefined;
    const names = await folder.appearing("port", () => {
      starting = Daemon.start({ args: ["--port-file", folder.at("port")] });
    });
    const port = readFileSync(folder.at("port"), "utf8");
    await using daemon = await starting;
    assert.match(names[0] ?? "", /^port\.\d+$/);
    assert.ok((await daemon?.address())?.endsWith(`:${port.trimEnd()}`));
  });

  it("says on a start without a file that it runs by defaults", async () => {
    await using daemon = await Daemon.start();
    const { hint } = await daemon.event("daemon.default_configuration");
    assert.equal(hint, "--config FILE replaces it");
    const levels = daemon.events.filter(({ event }) => event.startsWith("datapath."));
    assert.deepEqual(levels, []);
  });

  it("ends with 70, a fatal event and UNAVAILABLE streams when an error reaches nobody", async () => {
    await using daemon = await Daemon.start({ nodeArguments: ["--import", breaking] });
    const stream = await primary(await daemon.client());
    daemon.signal("SIGUSR2");
    const { level, error } = await daemon.event("daemon.failed");
    assert.deepEqual([level, (error as { message: string }).message], ["fatal", "broken"]);
    assert.equal((await stream.ended()).code, unavailable);
    assert.equal((await daemon.ended).code, 70);
  });

  it("ends at once on a second signal while a stop takes its time", async () => {
    using folder = new Folder();
    const file = folder.at("port");
    await using daemon = await Daemon.start({ args: ["--port-file", file] });
    const client = await daemon.client();
    const unfinished = rejected(client.serverStream(...watchHealth));
    await client.capabilities();
    daemon.signal("SIGTERM");
    await daemon.event("daemon.stopping");
    daemon.signal("SIGTERM");
    assert.equal((await daemon.ended).code, 143);
    assert.equal(existsSync(file), false);
    await unfinished;
  });

  it("logs one line with peer and reason for each RPC it refuses", async () => {
    await using daemon = await Daemon.start();
    const client = await daemon.client();
    await rejected(client.write({}));
    await client.capabilities();
    await rejected(client.read({}));
    await daemon.stop();
    const lines = daemon.events.filter(({ event }) => event === "rpc.refused");
    assert.deepEqual(
      lines.map(({ method, code }) => [method, code]),
      [
        ["Write", "NOT_FOUND"],
        ["Read", "NOT_FOUND"],
      ],
    );
    for (const { peer, reason } of lines) {
      assert.match(String(peer), /^127\.0\.0\.1:\d+$/);
      assert.match(String(reason), /device/);
    }
  });
});
