/** Gives memory back after a burst: V8 collects when it needs room, and an idle daemon never does. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How often to look, and how much more than after the last collection is worth another one. */
const lookMs = 2000;
const worthBytes = 8 * 1024 * 1024;
/** Share of its time that the event loop may be busy to count as idle. */
const idleShare = 0.2;

type Collect = (options: { readonly type: "major"; readonly execution: "async" }) => Promise<void>;

/** Collects whenever resident memory has grown and the event loop is idle. */
export function giveBackMemory(): Disposable {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect; // what the flag exposes
  let least = process.memoryUsage.rss();
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    if (utilization > idleShare || process.memoryUsage.rss() < least + worthBytes) return;
    void collect({ type: "major", execution: "async" }).then(() => (least = process.memoryUsage.rss()));
  }, lookMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
