// Builds what is not committed: the generated protobuf modules, dist/ by tsc, and from it dist/p4rtd.js and dist/p4rtctl.js, the bundles.
// usage: node scripts/build.mjs [--clean]
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const gen = join(root, "src/wire/gen");
const dist = join(root, "dist");
const bin = (name) => join(root, "node_modules/.bin", name);
const run = (name, args) => execFileSync(bin(name), args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });

// npm runs this as `prepare` after `npm ci --omit=dev` too, where there is no compiler. That must not fail: whoever
// installs so has dist/ from a package or from an earlier build, or wants nothing but the dependencies.
if (!existsSync(bin("tsc"))) {
  if (!existsSync(join(dist, "p4rtd.js")))
    console.error("p4rtd: not built, as there is no compiler here: run `npm ci` without --omit=dev once to build");
  process.exit(0);
}
if (process.argv.includes("--clean")) for (const dir of [dist, gen]) rmSync(dir, { recursive: true, force: true });

/** The newest change below `path`, in ms since the epoch. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Makes `src/wire/gen/<name>.js` and its types from `protos`, unless they are newer than `proto/`. */
function generate(name, protos, without) {
  const code = join(gen, `${name}.js`);
  const types = join(gen, `${name}.d.ts`);
  const changed = Math.max(newest(join(root, "proto")), newest(fileURLToPath(import.meta.url)));
  if ([code, types].some((file) => !existsSync(file) || statSync(file).mtimeMs < changed)) {
    mkdirSync(gen, { recursive: true });
    const shape = ["--no-service", "--no-delimited", "--no-verify", "--no-typeurl", "--force-long", ...without];
    run("pbjs", ["-t", "static-module", "-w", "esm", "-r", name, ...shape, "-p", "proto", "-o", code, ...protos]);
    run("pbts", ["-o", types, code]);
  }
  mkdirSync(join(dist, "src/wire/gen"), { recursive: true });
  cpSync(code, join(dist, `src/wire/gen/${name}.js`));
}

/** One file for what a start needs, and one more for each part that is loaded when first needed; p4rtctl is one file. */
async function bundle() {
  const { build } = await import("esbuild");
  for (const stale of ["chunks", "compile-cache"]) rmSync(join(dist, stale), { recursive: true, force: true });
  const daemon = { entryPoints: { p4rtd: "dist/src/main.js" }, chunkNames: "chunks/[name]-[hash]", splitting: true };
  const ctl = { entryPoints: { p4rtctl: "dist/src/p4rtctl.js" } };
  const shared = {
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "linked",
    legalComments: "linked",
    // These read files beside their own code.
    external: ["@grpc/proto-loader", "@grpc/reflection", "grpc-health-check", "protobufjs/ext/descriptor.js"],
    // CommonJS packages within ask for Node's modules by `require`.
    banner: {
      js: 'import { createRequire as requireFor } from "node:module";\nconst require = requireFor(import.meta.url);',
    },
    logLevel: "warning",
  };
  for (const program of [daemon, ctl]) await build({ ...shared, ...program });
}

generate("p4info", ["p4/config/v1/p4info.proto"], ["--no-encode", "--no-create"]); // all that src/ needs
generate("admin", ["p4rtd/v1/admin.proto"], []);
generate("proto", ["p4/v1/p4runtime.proto", "fourward/dataplane.proto"], []); // for tests
generate("p4rtd", ["p4rtd/v1/role.proto", "p4rtd/v1/capabilities.proto"], []); // for tests
run("tsc", ["-p", "tsconfig.json"]);
await bundle();
