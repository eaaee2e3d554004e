/** scripts/build-native.mjs, which `npm ci` runs: what it needs, what it says, and when it builds. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildFolder } from "../support/build-folder.js";

const buildMs = 240_000;

describe("the build of the addon", () => {
  let folder: BuildFolder;
  beforeEach(() => {
    folder = new BuildFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  const build = (environment?: Readonly<Record<string, string>>) => folder.build(environment);

  /** A folder for PATH in which nothing can be started but what is named. */
  function pathWith(...tools: readonly string[]): string {
    const bin = join(folder.path, "bin");
    mkdirSync(bin);
    for (const tool of tools) {
      const from = (process.env["PATH"] ?? "").split(delimiter).find((place) => existsSync(join(place, tool)));
      assert.ok(from !== undefined, `${tool} is there`);
      symlinkSync(join(from, tool), join(bin, tool));
    }
    return bin;
  }

  for (const { tools, want } of [
    { tools: [], want: "python3, make, g++" },
    { tools: ["make"], want: "python3, g++" },
    { tools: ["make", "g++"], want: "python3" },
  ])
    it(`fails with the package's name if ${want} is missing`, () => {
      assert.deepEqual(build({ PATH: pathWith(...tools) }), {
        status: 1,
        said: `p4rtd: the native addon is not built: ${want} cannot be started. On Debian: apt-get install python3 make g++\n`,
      });
    });

  it("builds without libbpf where a program that needs it cannot be linked, and says so", function () {
    this.timeout(buildMs);
    // A compiler that finds no libbpf: the last word on the line of the probe, and of nothing else.
    const compiler = join(folder.path, "compiler");
    const script = '#!/bin/sh\nfor word; do [ "$word" = -lbpf ] && exit 1; done\nexec g++ "$@" -O0\n';
    writeFileSync(compiler, script, { mode: 0o755 });
    assert.deepEqual(build({ CXX: compiler }), {
      status: 0,
      said: "p4rtd: built without libbpf (libbpf-dev): the kernel datapath is not in it\n",
    });
    const load = `const a = require(${JSON.stringify(folder.addon)}); console.log(a.libbpf, a.openBpf, a.dropReasons.length);`;
    const { stdout } = spawnSync(process.execPath, ["-e", load], { encoding: "utf8" });
    assert.match(stdout, /^undefined undefined \d+\n$/);

    // Built again only when a source is newer.
    const before = statSync(folder.addon).mtimeMs;
    assert.deepEqual(build({ CXX: compiler }), { status: 0, said: "" });
    assert.equal(statSync(folder.addon).mtimeMs, before);
    // What is built and current stays usable on a machine without a compiler.
    assert.deepEqual(build({ PATH: pathWith() }), { status: 0, said: "" });
    writeFileSync(join(folder.path, "native/core/status.h"), "#error broken\n");
    const { status, said } = build({ CXX: compiler });
    assert.equal(status, 1);
    assert.match(said, /#error broken/);
    assert.match(said, /p4rtd: the native addon is not built: node-gyp build ended with 1, see above\n$/);
  });
});
