/** The metrics of a daemon as a monitoring system reads them. */
import assert from "node:assert/strict";
import type { Daemon } from "./daemon.js";

/** The samples of one scrape, by name with labels. @precondition the daemon is configured with `telemetry.prometheus` */
export async function scrape(daemon: Daemon): Promise<ReadonlyMap<string, number>> {
  const { address, port } = await daemon.event("telemetry.serving");
  const response = await fetch(`http://${String(address)}:${String(port)}/metrics`, {
    headers: { connection: "close" },
  });
  assert.equal(response.status, 200);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
