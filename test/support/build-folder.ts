/** A copy of what the addon is built from, to build it in another way without touching `build/`. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./repository.js";

/** How scripts/build-native.mjs ended, and what it said on standard error. */
export interface Built {
  readonly status: number | null;
  readonly said: string;
}

export class BuildFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "p4rtd-build-"));
  readonly addon = join(this.path, "build/Release/p4rtd.node");

  constructor() {
    this.copy("binding.gyp", "package.json", "native", "scripts");
    symlinkSync(join(root, "node_modules"), join(this.path, "node_modules"));
  }

  /** Copies files and folders, named from the repository's root. */
  copy(...paths: readonly string[]): void {
    for (const path of paths)
      cpSync(join(root, path), join(this.path, path), { recursive: true, preserveTimestamps: true });
  }

  /** Builds `addon`. @param environment added to that of this process; the tools it may name are not passed on */
  build(environment: Readonly<Record<string, string | undefined>> = {}): Built {
    const { status, stderr } = spawnSync(process.execPath, [join(this.path, "scripts/build-native.mjs")], {
      env: { ...process.env, PYTHON: undefined, MAKE: undefined, CXX: undefined, ...environment },
      encoding: "utf8",
    });
    return { status, said: stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
