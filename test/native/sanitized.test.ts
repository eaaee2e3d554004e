/** The whole addon under AddressSanitizer and UBSan: part of its tests once more, in processes with a sanitized build. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildFolder } from "../support/build-folder.js";
import { describeNeeding } from "../support/needs.js";

const sanitize = "address,undefined";
/** Half a minute each on two cores that nobody else uses. */
const buildMs = 900_000;
const runMs = 900_000;
/** A sanitized addon is slower, two groups run at once, and on a busy machine eight thousand changes of a netdev take a minute. */
const testMs = 240_000;

/** Each is one process; they run side by side. Those with threads and callbacks: punt reader, netlink, workers. */
const groups = [
  ["arguments", "packet-sender", "netlink-socket", "host", "notify", "bpf-datapath", "bpf-program"].map(
    (name) => `dist/test/native/${name}.test.js`,
  ),
  ["dist/test/native/bpf-wire.test.js", "dist/test/netns/kernel-datapath.test.js"],
];

describeNeeding(["root", "libbpf", "g++", "ip", "bpftool", "tcpdump"], "the addon under sanitizers", () => {
  let folder: BuildFolder;
  before(() => {
    folder = new BuildFolder();
    folder.copy("dist/src", "dist/test");
    mkdirSync(join(folder.path, "reports"));
  });
  after(() => folder[Symbol.dispose]());

  /** Every process below reports to files: what a test does with standard error changes nothing. */
  function environment(): NodeJS.ProcessEnv {
    const log = `log_path=${join(folder.path, "reports", "report")}`;
    return {
      ...process.env,
      // The first library of the process, as the runtime demands; Node itself is not built with it.
      LD_PRELOAD: execFileSync("g++", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim(),
      // Node and the programs that tests start free nothing at their end.
      ASAN_OPTIONS: `detect_leaks=0:${log}`,
      // Beside the other runtime it writes nothing but the summary to the file; the process ends with the rest on stderr.
      UBSAN_OPTIONS: `print_stacktrace=1:print_summary=1:${log}`,
      NODE_V8_COVERAGE: undefined,
    };
  }

  /** What sanitizers reported since the last call. */
  function reports(): string {
    const place = join(folder.path, "reports");
    const texts = readdirSync(place).map((name) => readFileSync(join(place, name), "utf8"));
    rmSync(place, { recursive: true });
    mkdirSync(place);
    return texts.join("\n");
  }

  for (const { what, code, want } of [
    { what: "memory", code: "return (new char[8])[argc + 7];", want: /AddressSanitizer: heap-buffer-overflow/ },
    { what: "arithmetic", code: "return 2147483647 + argc;", want: /SUMMARY: UndefinedBehaviorSanitizer: / },
  ])
    it(`would be reported: an error of ${what} in a program built and started the same way`, () => {
      const program = join(folder.path, what);
      writeFileSync(`${program}.cc`, `int main(int argc, char**) { ${code} }`);
      execFileSync("g++", [
        `-fsanitize=${sanitize}`,
        "-fno-sanitize-recover=undefined",
        `${program}.cc`,
        "-o",
        program,
      ]);
      const { status } = spawnSync(program, { env: environment() });
      assert.notEqual(status, 0);
      assert.match(reports(), want);
    });

  it("is built", function () {
    this.timeout(buildMs);
    assert.deepEqual(folder.build({ P4RTD_SANITIZE: sanitize }), { status: 0, said: "" });
    const addon = readFileSync(folder.addon);
    for (const symbol of ["__asan_report_store", "__ubsan_handle"]) assert.ok(addon.includes(symbol), symbol);
  });

  it("passes its tests without a report", async function () {
    this.timeout(runMs);
    const mocha = ["node_modules/mocha/bin/mocha.js", "--no-config", "--node-option", "expose-gc"];
    const runs = groups.map(async (files) => {
      const args = [...mocha, "--timeout", `${testMs}`, "--reporter", "json", ...files];
      const child = spawn(process.execPath, args, {
        cwd: folder.path,
        env: environment(),
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
      const [status] = (await once(child, "close")) as [number | null];
      return { status, output };
    });
    const ended = await Promise.all(runs);
    const outputs = ended.map(({ output }) => output).join("\n");
    assert.equal(reports(), "", outputs);
    for (const { status, output } of ended) {
      assert.equal(status, 0, output);
      assert.match(output, /"passes": [1-9]/);
      assert.match(output, /"pending": 0,/, output);
    }
  });
});
