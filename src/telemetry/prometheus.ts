/** Serves metrics to Prometheus over HTTP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { invariant } from "../base/invariant.js";
import type { Logger } from "../base/logger.js";
import type { Metrics } from "./metrics.js";

/** Where to listen, and what to show. */
export interface PrometheusOptions {
  /** IPv4 or IPv6 literal, or host name. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A listening server; disposing closes it and every connection. */
export interface PrometheusServer extends AsyncDisposable {
  readonly address: string;
  /** The port it is bound to. */
  readonly port: number;
}

/** Scrapers that connect beyond this number are turned away. */
const maxConnections = 16;

/**
 * Answers `GET /metrics`; 404 for other paths, 405 for other methods.
 * @throws the system's error if it cannot bind
 */
export async function servePrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const { createServer } = await import("node:http");
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.address, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address();
  invariant(typeof bound === "object" && bound !== null, "a TCP server has an address");
  return {
    address: bound.address,
    port: bound.port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: PrometheusOptions): Promise<void> {
  request.resume();
  const [path] = (request.url ?? "").split("?", 1);
  if (path !== "/metrics") end(response, 404, "not found: metrics are at /metrics\n");
  else if (request.method !== "GET") end(response.setHeader("Allow", "GET"), 405, "method not allowed: use GET\n");
  else await answerMetrics(response, options);
}

async function answerMetrics(response: ServerResponse, { metrics, log }: PrometheusOptions): Promise<void> {
  try {
    const body = await metrics.text();
    response.setHeader("Content-Type", metrics.contentType);
    response.writeHead(200).end(body);
  } catch (error) {
    log.error("telemetry.scrape_failed", { error });
    end(response, 500, "metrics could not be read; the log says why\n");
  }
}

function end(response: ServerResponse, status: number, body: string): void {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.writeHead(status).end(body);
}
