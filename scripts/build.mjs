// Builds what is not committed: the generated protobuf module, then dist/ by tsc.
// usage: node scripts/build.mjs [--clean]
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const gen = join(root, "src/wire/gen");
const bin = (name) => join(root, "node_modules/.bin", name);
const run = (name, args) => execFileSync(bin(name), args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });

if (!existsSync(bin("tsc"))) {
  // `npm ci --omit=dev`: nothing to build with; dist/ must have come with the package.
  if (existsSync(join(root, "dist/src/main.js"))) process.exit(0);
  console.error("p4rtd: no compiler and no dist/: run `npm ci` without --omit=dev once to build");
  process.exit(0);
}
if (process.argv.includes("--clean"))
  for (const dir of ["dist", "src/wire/gen"]) rmSync(join(root, dir), { recursive: true, force: true });

/** The newest change below `path`, in ms since the epoch. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const protos = ["p4/v1/p4runtime.proto", "fourward/dataplane.proto"];
const out = join(gen, "proto.js");
if (!existsSync(out) || !existsSync(join(gen, "proto.d.ts")) || newest(join(root, "proto")) > statSync(out).mtimeMs) {
  mkdirSync(gen, { recursive: true });
  const shape = ["--no-service", "--no-delimited", "--no-verify", "--no-typeurl", "--force-long"];
  run("pbjs", ["-t", "static-module", "-w", "esm", ...shape, "-p", "proto", "-o", out, ...protos]);
  run("pbts", ["-o", join(gen, "proto.d.ts"), out]);
}
run("tsc", ["-p", "tsconfig.json"]);
mkdirSync(join(root, "dist/src/wire/gen"), { recursive: true });
cpSync(out, join(root, "dist/src/wire/gen/proto.js"));
