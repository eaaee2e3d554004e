// Builds the native addon, build/Release/p4rtd.node, unless it is newer than what it is made from. npm runs this as
// `install`. It uses the node-gyp that npm brings and the headers that Node.js brings, and downloads nothing.
// usage: node scripts/build-native.mjs [--clean]
// P4RTD_SANITIZE=address,undefined in the environment builds with sanitizers.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, "build/Release/p4rtd.node");
const howBuilt = join(root, "build/how-built.json");
const env = process.env;

/** Ends with a sentence that says what to do. */
function fail(sentence) {
  console.error(`p4rtd: the native addon is not built: ${sentence}`);
  process.exit(1);
}

/** True if `command` can be started. */
const starts = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;

/** The newest change at or below `path`, in ms since the epoch. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** "yes" if there are libbpf and its headers: a small program that needs both is compiled and linked. */
function withLibbpf() {
  const program = "#include <bpf/libbpf.h>\nint main() { return bpf_object__open_file(nullptr, nullptr) == nullptr; }";
  const args = ["-x", "c++", "-", "-lbpf", "-o", "/dev/null"];
  return spawnSync(env.CXX ?? "g++", args, { input: program, stdio: ["pipe", "ignore", "ignore"] }).status === 0
    ? "yes"
    : "no";
}

/** The node-gyp of the npm on the path, whichever Node.js that belongs to; undefined: there is none. */
function nodeGypOfNpm() {
  const { status, stdout } = spawnSync("npm", ["root", "-g"], { encoding: "utf8" });
  const path = status === 0 ? join(stdout.trim(), "npm/node_modules/node-gyp/bin/node-gyp.js") : "";
  return existsSync(path) ? path : undefined;
}

/** The path of node-gyp: the one npm names, else the one beside the npm of this Node.js, else of the npm on the path. */
function nodeGyp() {
  const prefix = dirname(dirname(process.execPath));
  const places = [
    env.npm_config_node_gyp,
    env.npm_execpath && join(dirname(env.npm_execpath), "../node_modules/node-gyp/bin/node-gyp.js"),
    join(prefix, "lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js"),
    "/usr/share/nodejs/node-gyp/bin/node-gyp.js",
  ];
  return (
    places.find((path) => path && existsSync(path)) ??
    nodeGypOfNpm() ??
    fail("there is no node-gyp. npm brings it: run `npm rebuild`, or install the package npm")
  );
}

/** The folder whose include/node/ has the headers. */
function nodeDir() {
  const has = (dir) => dir && existsSync(join(dir, "include/node/node_api.h"));
  return (
    [dirname(dirname(process.execPath)), env.npm_config_nodedir, "/usr"].find(has) ??
    fail(
      "the headers of Node.js (include/node/node_api.h) are missing. The tarballs of nodejs.org and NodeSource's " +
        "package nodejs have them, on Debian the package libnode-dev; or name their folder: npm config set nodedir",
    )
  );
}

/** Runs node-gyp; its output is shown only if it fails or warns. */
function gyp(command, ...args) {
  const all = [nodeGyp(), command, `--nodedir=${nodeDir()}`, ...args];
  const run = spawnSync(process.execPath, all, {
    cwd: root,
    encoding: "utf8",
    env: { ...env, npm_config_loglevel: "" },
  });
  if (run.status === 0) return process.stderr.write(/warning:/.test(run.stderr) ? run.stderr : "");
  process.stderr.write(`${run.stdout}${run.stderr}`);
  fail(`node-gyp ${command} ended with ${run.status ?? run.signal}, see above`);
}

// The tools are looked for only when they are needed, and before libbpf: the probe wants the compiler.
const sources = ["native", "binding.gyp", "scripts/build-native.mjs", "node_modules/node-addon-api/package.json"];
const addonApi = sources.map((path) => join(root, path)).filter(existsSync);
if (process.argv.includes("--clean")) rmSync(join(root, "build"), { recursive: true, force: true });

const tools = {
  python3: env.PYTHON ?? env.npm_config_python ?? "python3",
  make: env.MAKE ?? "make",
  "g++": env.CXX ?? "g++",
};
const missing = Object.keys(tools).filter((name) => !starts(tools[name]));
const current = existsSync(addon) && statSync(addon).mtimeMs >= Math.max(...addonApi.map(newest));
if (missing.length > 0) {
  if (current) process.exit(0);
  fail(`${missing.join(", ")} cannot be started. On Debian: apt-get install python3 make g++`);
}
const wanted = JSON.stringify({ libbpf: withLibbpf(), sanitize: env.P4RTD_SANITIZE ?? "", arch: process.arch });
const before = existsSync(howBuilt) ? readFileSync(howBuilt, "utf8") : "";
if (!current || before !== wanted) {
  const { libbpf, sanitize } = JSON.parse(wanted);
  if (before !== wanted) rmSync(join(root, "build"), { recursive: true, force: true });
  gyp("configure", "--", `-Dwith_libbpf=${libbpf}`, `-Dsanitize=${sanitize}`);
  gyp("build", "--jobs=max");
  mkdirSync(dirname(howBuilt), { recursive: true });
  writeFileSync(howBuilt, wanted);
  if (libbpf === "no") console.error("p4rtd: built without libbpf (libbpf-dev): the kernel datapath is not in it");
}
