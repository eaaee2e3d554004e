/** Metrics on prom-client, which is loaded only by `openMetrics`. Numbers are plain and read when somebody asks. */
import { invariant } from "../base/invariant.js";

/** One value: the label values, in the order of the metric's labels, and the number. */
export type Sample = readonly [labelValues: readonly string[], value: number];

/** A counter or gauge whose numbers live in a component. */
export interface MetricSource {
  /** `p4rtd_…`; a counter ends in `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly labels: readonly string[];
  /** The numbers of this moment; called once per scrape, and must not wait. */
  readonly read: () => Iterable<Sample>;
}

/** `source`, checked. @throws InvariantError if its name or a label is not well formed */
export function metric(source: MetricSource): MetricSource {
  checkName(source.name);
  invariant(source.kind !== "counter" || source.name.endsWith("_total"), `counter ${source.name} must end in _total`);
  invariant(source.kind !== "gauge" || !source.name.endsWith("_total"), `gauge ${source.name} must not end in _total`);
  for (const label of source.labels) invariant(/^[a-z][a-z0-9_]*$/.test(label), `label ${label} of ${source.name}`);
  return source;
}

/** A distribution of observed values, such as durations in seconds. Counts from the moment somebody can read it. */
export class Histogram {
  readonly name: string;
  readonly help: string;
  /** Upper ends of the buckets, rising; one without end is added. */
  readonly buckets: readonly number[];
  #record: ((value: number) => void) | undefined;

  constructor(options: Pick<Histogram, "name" | "help" | "buckets">) {
    checkName(options.name);
    this.name = options.name;
    this.help = options.help;
    this.buckets = options.buckets;
  }

  observe(value: number): void {
    this.#record?.(value);
  }

  /** Sends each observation from now on to `record`. */
  attach(record: (value: number) => void): void {
    this.#record = record;
  }
}

/** Seconds a Write takes from request to answer: 100 µs to 10 s. */
export function writeSecondsHistogram(): Histogram {
  return new Histogram({
    name: "p4rtd_write_seconds",
    help: "Time from the arrival of a Write to its answer, in seconds.",
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
}

/** What a scrape needs. */
export interface Metrics {
  /** The value of the answer's Content-Type. */
  readonly contentType: string;
  /** All metrics as they are now, in the text exposition format. Rejects if a source fails. */
  text(): Promise<string>;
}

/** What `openMetrics` shows. */
export interface MetricsOptions {
  readonly sources: readonly MetricSource[];
  readonly histograms: readonly Histogram[];
}

/** Loads prom-client and connects it. Names must be unique. */
export async function openMetrics({ sources, histograms }: MetricsOptions): Promise<Metrics> {
  const { default: prom } = await import("prom-client");
  const registry = new prom.Registry();
  const names = [...sources, ...histograms].map((source) => source.name);
  invariant(new Set(names).size === names.length, `metric names must be unique: ${names.join(", ")}`);
  const common = ({ name, help }: MetricSource | Histogram) => ({ name, help, registers: [registry] });
  for (const source of sources) {
    const labelNames = [...source.labels];
    if (source.kind === "counter") {
      new prom.Counter({
        ...common(source),
        labelNames,
        collect() {
          this.reset();
          for (const [labels, value] of readSamples(source)) this.labels(...labels).inc(value);
        },
      });
    } else {
      new prom.Gauge({
        ...common(source),
        labelNames,
        collect() {
          this.reset();
          for (const [labels, value] of readSamples(source)) this.labels(...labels).set(value);
        },
      });
    }
  }
  for (const histogram of histograms) {
    const counts = new prom.Histogram({ ...common(histogram), buckets: [...histogram.buckets] });
    histogram.attach((value) => counts.observe(value));
  }
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function* readSamples(source: MetricSource): Iterable<Sample> {
  for (const sample of source.read()) {
    const [labelValues] = sample;
    invariant(labelValues.length === source.labels.length, `${source.name}: one value per label`);
    yield sample;
  }
}

function checkName(name: string): void {
  invariant(/^p4rtd_[a-z][a-z0-9_]*$/.test(name), `metric name ${name} must be p4rtd_ and lower-case words`);
}
