import assert from "node:assert/strict";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { silentLogger, type LogFields, type Logger } from "../../../src/base/logger.js";
import type { Metrics } from "../../../src/telemetry/metrics.js";
import { servePrometheus } from "../../../src/telemetry/prometheus.js";
import { noLeaks } from "../../support/no-leaks.js";

const metrics: Metrics = { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("p4rtd_clients 1\n") };
const local = { address: "127.0.0.1", port: 0, metrics, log: silentLogger };

/** Status, headers and body of one request. */
async function ask(port: number, method: string, path: string) {
  const asked = request({ host: "127.0.0.1", port, method, path, agent: false });
  asked.end();
  const response = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    asked.once("response", resolve).once("error", reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk as Uint8Array));
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

describe("servePrometheus", () => {
  noLeaks();

  it("answers GET /metrics, with or without a query", async () => {
    await using server = await servePrometheus(local);
    for (const path of ["/metrics", "/metrics?name=x"]) {
      const { status, headers, body } = await ask(server.port, "GET", path);
      assert.deepEqual([status, headers["content-type"], body], [200, metrics.contentType, "p4rtd_clients 1\n"]);
    }
  });

  for (const { method, path, status, allow } of [
    { method: "GET", path: "/", status: 404, allow: undefined },
    { method: "GET", path: "/metrics/", status: 404, allow: undefined },
    { method: "POST", path: "/other", status: 404, allow: undefined },
    { method: "POST", path: "/metrics", status: 405, allow: "GET" },
    { method: "HEAD", path: "/metrics", status: 405, allow: "GET" },
  ]) {
    it(`answers ${method} ${path} with ${status}`, async () => {
      await using server = await servePrometheus(local);
      const answer = await ask(server.port, method, path);
      assert.deepEqual([answer.status, answer.headers.allow], [status, allow]);
    });
  }

  it("answers 500 and logs when the metrics cannot be read", async () => {
    const logged: [string, LogFields | undefined][] = [];
    const log: Logger = { ...silentLogger, error: (event, fields) => logged.push([event, fields]) };
    const error = new Error("lost");
    const failing = { contentType: "text/plain", text: () => Promise.reject(error) };
    await using server = await servePrometheus({ ...local, metrics: failing, log });
    const { status, body } = await ask(server.port, "GET", "/metrics");
    assert.deepEqual([status, body], [500, "metrics could not be read; the log says why\n"]);
    assert.deepEqual(logged, [["telemetry.scrape_failed", { error }]]);
  });

  it("closes connections that are still open when it is disposed", async () => {
    const server = await servePrometheus(local);
    const idle = connect(server.port, "127.0.0.1");
    await once(idle, "connect");
    await server[Symbol.asyncDispose]();
    idle.resume();
    if (!idle.closed) await once(idle, "close");
    await assert.rejects(ask(server.port, "GET", "/metrics"), { code: "ECONNREFUSED" });
  });

  it("listens on IPv6 too", async () => {
    await using server = await servePrometheus({ ...local, address: "::1" });
    assert.equal(server.address, "::1");
  });

  it("fails with the system's error when the port is taken", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const bound = holder.address();
    assert.ok(typeof bound === "object" && bound !== null);
    try {
      await assert.rejects(servePrometheus({ ...local, port: bound.port }), { code: "EADDRINUSE" });
    } finally {
      holder.close();
      await once(holder, "close");
    }
  });
});
