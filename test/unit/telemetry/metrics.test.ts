import assert from "node:assert/strict";
import { Histogram, metric, openMetrics, writeSecondsHistogram } from "../../../src/telemetry/metrics.js";
import { processMetrics } from "../../../src/telemetry/process-metrics.js";

const help = "A sentence.";

describe("openMetrics", () => {
  it("reads the numbers of the moment at each scrape", async () => {
    let frames = 1;
    const counter = metric({
      name: "p4rtd_packet_in_total",
      help,
      kind: "counter",
      labels: ["device", "port"],
      read: () => [
        [["1", "7"], frames],
        [["1", 'a"\\\n'], 2.5],
      ],
    });
    const metrics = await openMetrics({ sources: [counter], histograms: [] });
    await metrics.text();
    frames = 5;
    assert.equal(
      await metrics.text(),
      `# HELP p4rtd_packet_in_total A sentence.
# TYPE p4rtd_packet_in_total counter
p4rtd_packet_in_total{device="1",port="7"} 5
p4rtd_packet_in_total{device="1",port="a\\"\\\\\\n"} 2.5
`,
    );
  });

  it("forgets what is no longer read", async () => {
    let samples: readonly (readonly [readonly string[], number])[] = [[["x"], 1]];
    const gauge = metric({ name: "p4rtd_primary", help, kind: "gauge", labels: ["role"], read: () => samples });
    const metrics = await openMetrics({ sources: [gauge], histograms: [] });
    assert.match(await metrics.text(), /p4rtd_primary\{role="x"\} 1/);
    samples = [];
    assert.doesNotMatch(await metrics.text(), /role=/);
  });

  it("shows a value without labels", async () => {
    const gauge = metric({ name: "p4rtd_clients", help, kind: "gauge", labels: [], read: () => [[[], -3]] });
    assert.match(await (await openMetrics({ sources: [gauge], histograms: [] })).text(), /^p4rtd_clients -3$/m);
  });

  it("distributes what a histogram observes from then on", async () => {
    const histogram = new Histogram({ name: "p4rtd_write_seconds", help, buckets: [0.1, 1] });
    histogram.observe(50);
    const metrics = await openMetrics({ sources: [], histograms: [histogram] });
    for (const seconds of [0.05, 0.1, 0.5, 3]) histogram.observe(seconds);
    assert.equal(
      await metrics.text(),
      `# HELP p4rtd_write_seconds A sentence.
# TYPE p4rtd_write_seconds histogram
p4rtd_write_seconds_bucket{le="0.1"} 2
p4rtd_write_seconds_bucket{le="1"} 3
p4rtd_write_seconds_bucket{le="+Inf"} 4
p4rtd_write_seconds_sum 3.65
p4rtd_write_seconds_count 4
`,
    );
  });

  it("keeps the metrics of two registries apart", async () => {
    const gauge = (value: number) =>
      metric({ name: "p4rtd_clients", help, kind: "gauge", labels: [], read: () => [[[], value]] });
    const first = await openMetrics({ sources: [gauge(1)], histograms: [] });
    const second = await openMetrics({ sources: [gauge(2)], histograms: [] });
    assert.match(await first.text(), /p4rtd_clients 1\n/);
    assert.match(await second.text(), /p4rtd_clients 2\n/);
  });

  it("refuses two metrics of one name", async () => {
    const source = metric({ name: "p4rtd_clients", help, kind: "gauge", labels: [], read: () => [] });
    await assert.rejects(openMetrics({ sources: [source, source], histograms: [] }), /must be unique: p4rtd_clients/);
  });

  it("fails a scrape whose sample has not one value per label", async () => {
    const source = metric({ name: "p4rtd_x", help, kind: "gauge", labels: ["a", "b"], read: () => [[["1"], 1]] });
    const metrics = await openMetrics({ sources: [source], histograms: [] });
    await assert.rejects(metrics.text(), /p4rtd_x: one value per label/);
  });
});

describe("metric", () => {
  const read = () => [];
  for (const { why, name, kind, labels } of [
    { why: "has no prefix", name: "clients", kind: "gauge", labels: [] },
    { why: "has capital letters", name: "p4rtd_Clients", kind: "gauge", labels: [] },
    { why: "is a counter without _total", name: "p4rtd_frames", kind: "counter", labels: [] },
    { why: "is a gauge with _total", name: "p4rtd_frames_total", kind: "gauge", labels: [] },
    { why: "has a label with a dash", name: "p4rtd_clients", kind: "gauge", labels: ["a-b"] },
  ] as const) {
    it(`refuses one that ${why}`, () => {
      assert.throws(() => metric({ name, help, kind, labels, read }), { name: "InvariantError" });
    });
  }
});

describe("writeSecondsHistogram", () => {
  it("has rising buckets", () => {
    const { buckets } = writeSecondsHistogram();
    assert.deepEqual(buckets, [...buckets].sort((a, b) => a - b)); // prettier-ignore
  });
});

describe("processMetrics", () => {
  it("tells release, start, memory and CPU time", async () => {
    const metrics = await openMetrics({ sources: processMetrics("1.2.3"), histograms: [] });
    const text = await metrics.text();
    assert.match(text, /^p4rtd_build_info\{version="1\.2\.3",node="v\d+\.\d+\.\d+"\} 1$/m);
    for (const name of ["start_time_seconds", "resident_memory_bytes", "cpu_seconds_total"]) {
      assert.match(text, new RegExp(`^p4rtd_${name} \\d`, "m"));
    }
  });
});
