/** Fails a suite that leaves descriptors or active resources behind. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** How long closing may go on after the last hook of the suite, in milliseconds. */
const graceMs = 2000;
const pollMs = 20;
const hookMs = 2 * graceMs;

/** How often each thing is there, by its name. */
type Inventory = ReadonlyMap<string, number>;

/**
 * Call it in a `describe`: what is open after the suite's last hook but was not before its first one fails the
 * suite, by name. Seen: descriptors (sockets, pipes, files, epoll and BPF objects) and what keeps Node's event loop
 * alive. Not seen: timers and handles that were unreferenced, memory.
 */
export function noLeaks(): void {
  let atStart: Inventory = new Map();
  before("nothing is counted yet", async function () {
    this.timeout(hookMs);
    await openOnce();
    await delay(pollMs); // what closes now is gone, and the hook's own timer is counted as it is at the end
    atStart = inventory();
    // Registered only now, so that it comes after every other hook of the suite.
    this.test?.parent?.afterAll("nothing is left open", async function () {
      this.timeout(hookMs);
      const deadline = performance.now() + graceMs;
      let left: readonly string[];
      do {
        await delay(pollMs);
        left = survivors(atStart, inventory());
      } while (left.length > 0 && performance.now() < deadline);
      assert.deepEqual(left, [], `left open: ${left.join(", ")}`);
    });
  });
}

/** The first stream of an event loop opens a spare descriptor on /dev/null, which stays. */
async function openOnce(): Promise<void> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

/** What `now` has more of than `before`, each as `n × name`. */
export function survivors(before: Inventory, now: Inventory): readonly string[] {
  return [...now]
    .map(([name, count]) => ({ name, more: count - (before.get(name) ?? 0) }))
    .filter(({ more }) => more > 0)
    .map(({ name, more }) => `${more} × ${name}`);
}

/** What this process holds open now. */
export function inventory(): Inventory {
  const counts = new Map<string, number>();
  const resources = process.getActiveResourcesInfo().map((name) => `resource ${name}`);
  for (const name of [...descriptors(), ...resources]) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The targets of open descriptors: `socket:[inode]`, `pipe:[inode]`, a path, `anon_inode:kind`. */
function descriptors(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [`descriptor ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch (error) {
      // The descriptor that listed the folder is closed by now.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
  });
}
