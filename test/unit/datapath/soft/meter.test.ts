import assert from "node:assert/strict";
import fc from "fast-check";
import type { MeterConfig, MeterSpec } from "../../../../src/datapath/rule.js";
import { Meter } from "../../../../src/datapath/soft/meter.js";
import { requirement } from "../../../support/requirement.js";
import { fuzzRuns } from "../../../support/fuzz-runs.js";

const ms = 1_000_000;
const largest = 2n ** 63n - 1n;
const config = (values: Partial<MeterConfig>): MeterConfig => ({
  cir: 0n,
  cburst: 0n,
  pir: 0n,
  pburst: 0n,
  eburst: 0n,
  ...values,
});
const types = ["two-rate-three-color", "single-rate-three-color", "single-rate-two-color"] as const;

/** Frames as `[milliseconds since the start, bytes]`; colours by their first letters. */
function marks(spec: MeterSpec, values: MeterConfig, frames: readonly (readonly [number, number])[]): string {
  const meter = new Meter(spec, values, { nowNs: 0 });
  return frames.map(([at, bytes]) => meter.mark(bytes, at * ms)[0]).join("");
}

/** `count` frames of 100 bytes at one instant. */
const burst = (at: number, count: number): [number, number][] => Array.from({ length: count }, () => [at, 100]);

const trtcm = config({ cir: 1000n, cburst: 300n, pir: 2000n, pburst: 500n });
const srtcm = config({ cir: 1000n, cburst: 300n, pir: 1000n, pburst: 300n, eburst: 200n });
const sr2c = config({ cir: 1000n, cburst: 300n, pir: 1000n, pburst: 300n });

/** Worked out by hand from the algorithms of RFC 2698 §3 and RFC 2697 §3. */
const rows: readonly {
  title: string;
  type: MeterSpec["type"];
  config: MeterConfig;
  frames: [number, number][];
  want: string;
}[] = [
  { title: "a burst takes both full buckets", type: types[0], config: trtcm, frames: burst(0, 7), want: "gggyyrr" },
  {
    title: "after 100 ms 100 committed and 200 peak bytes are back",
    type: types[0],
    config: trtcm,
    frames: [...burst(0, 7), ...burst(100, 4)],
    want: "gggyyrr" + "gyrr",
  },
  {
    title: "buckets fill no further than their bursts",
    type: types[0],
    config: trtcm,
    frames: [...burst(0, 7), ...burst(100_000, 7)],
    want: "gggyyrr" + "gggyyrr",
  },
  {
    title: "a frame above the peak burst is red and takes nothing",
    type: types[0],
    config: trtcm,
    frames: [
      [0, 501],
      [0, 300],
      [0, 200],
    ],
    want: "rgy",
  },
  {
    title: "a burst takes committed, then excess",
    type: types[1],
    config: srtcm,
    frames: burst(0, 7),
    want: "gggyyrr",
  },
  {
    title: "what comes back goes to the committed bucket first",
    type: types[1],
    config: srtcm,
    frames: [...burst(0, 7), ...burst(100, 2), ...burst(500, 6)],
    want: "gggyyrr" + "gr" + "gggyrr",
  },
  {
    title: "two colours know no yellow",
    type: types[2],
    config: sr2c,
    frames: [...burst(0, 5), ...burst(200, 3)],
    want: "gggrr" + "ggr",
  },
  {
    title: "a frame that just fits is green",
    type: types[2],
    config: sr2c,
    frames: [
      [0, 300],
      [300, 300],
      [599, 300],
    ],
    want: "ggr",
  },
  {
    title: "bursts of zero let nothing pass",
    type: types[0],
    config: config({ cir: largest, pir: largest }),
    frames: burst(9, 2),
    want: "rr",
  },
  {
    title: "a committed burst of zero is never green",
    type: types[0],
    config: config({ pburst: 200n }),
    frames: burst(0, 3),
    want: "yyr",
  },
  {
    title: "an excess burst alone is yellow",
    type: types[1],
    config: config({ eburst: 200n }),
    frames: burst(0, 3),
    want: "yyr",
  },
  {
    title: "the largest values are always green",
    type: types[0],
    config: config({ cir: largest, cburst: largest, pir: largest, pburst: largest }),
    frames: [...burst(0, 3), ...burst(1e9, 3)],
    want: "gggggg",
  },
];

describe("Meter", () => {
  requirement("MTR-29", "marks by RFC 2698 and RFC 2697, and without yellow for two colours", () => {
    for (const { title, type, config: values, frames, want } of rows) {
      assert.equal(marks({ type, unit: "bytes" }, values, frames), want, `${type}: ${title}`);
    }
  });

  requirement("MTR-07", "counts frames instead of bytes when its unit is packets", () => {
    const values = config({ cir: 2n, cburst: 2n, pir: 4n, pburst: 3n });
    const frames: [number, number][] = [
      [0, 9000],
      [0, 60],
      [0, 60],
      [0, 60],
      [500, 1],
      [500, 1],
      [500, 1],
    ];
    assert.equal(marks({ type: types[0], unit: "packets" }, values, frames), "ggyr" + "gyr");
  });

  requirement("MTR-28", "marks alike by all types if peak and committed agree and there is no excess", () => {
    const frames = fc.array(fc.tuple(fc.nat(1_000_000_000), fc.nat(9000)), { maxLength: 50 });
    const number = fc.oneof(fc.bigInt(0n, 20_000n), fc.bigInt(0n, largest));
    fc.assert(
      fc.property(number, number, fc.constantFrom("bytes", "packets"), frames, (rate, size, unit, gaps) => {
        const values = { cir: rate, cburst: size, pir: rate, pburst: size, eburst: 0n };
        const meters = types.map((type) => new Meter({ type, unit }, values, { nowNs: 0 }));
        let nowNs = 0;
        for (const [gapNs, bytes] of gaps) {
          nowNs += gapNs;
          const [first, ...others] = meters.map((meter) => meter.mark(bytes, nowNs));
          assert.deepEqual(others, [first, first]);
        }
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  it("gives each second exactly the committed rate over a long time", () => {
    const meter = new Meter({ type: types[2], unit: "packets" }, config({ cir: 3n, cburst: 1n }), { nowNs: 0 });
    let green = 0;
    for (let at = 1; at <= 30_000; at++) if (meter.mark(60, at * ms) === "green") green++;
    assert.equal(green, 90);
  });
});
