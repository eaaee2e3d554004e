/** Waiting for what comes about by itself. */
import { setTimeout as delay } from "node:timers/promises";

/** Waits until `holds`, looking every few milliseconds. @throws Error that names `what` if it takes longer than `ms` */
export async function until(what: string, holds: () => boolean, ms = 5000): Promise<void> {
  for (const deadline = performance.now() + ms; !holds();) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about within ${ms} ms`);
    await delay(2);
  }
}
