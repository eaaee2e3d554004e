// Builds native/bpf/p4rtd.bpf.o, which is committed: who installs p4rtd needs no clang.
// usage: node scripts/build-bpf.mjs [--check]    --check: compare with what is committed, change nothing
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "native/bpf");
const committed = join(folder, "p4rtd.bpf.o");
const run = (name, args) =>
  execFileSync(name, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

/** Debian keeps the asm/ headers in a folder of the architecture, which clang does not look into for another target. */
const multiarch = run("clang", ["-print-multiarch"]).trim();
const scratch = mkdtempSync(join(tmpdir(), "p4rtd-bpf-"));
try {
  const built = join(scratch, "p4rtd.bpf.o");
  const warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers"];
  run("clang", [
    ...["-target", "bpfel", "-mcpu=v3", "-O2", "-g", ...warnings],
    // The object is the same wherever it is built: source lines in BTF name no folder.
    ...["-fdebug-compilation-dir=.", `-ffile-prefix-map=${folder}=.`],
    ...(multiarch === "" ? [] : ["-idirafter", `/usr/include/${multiarch}`]),
    ...["-c", "p4rtd.bpf.c", "-o", built],
  ]);
  // DWARF goes, BTF stays: the kernel wants to know where a map's value has its spin lock.
  run("llvm-strip", ["-g", built]);
  const object = readFileSync(built);
  if (!process.argv.includes("--check")) writeFileSync(committed, object);
  else if (!object.equals(readFileSync(committed))) {
    console.error("native/bpf/p4rtd.bpf.o is not what its sources give: run `npm run build:bpf` and commit it");
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
