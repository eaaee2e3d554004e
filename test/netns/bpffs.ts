/** A bpffs of a test. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../support/commands.js";
import { noteFolder } from "./no-traces.js";

export class Bpffs implements Disposable {
  /** `folder` is an ordinary one, in which the mount is. */
  private constructor(readonly folder: string) {}

  static mount(): Bpffs {
    const made = new Bpffs(mkdtempSync(join(tmpdir(), "p4rtd-bpffs-")));
    noteFolder(made.folder);
    mkdirSync(made.at());
    run("mount", ["-t", "bpf", "-o", "mode=0700", "p4rtd-test", made.at()]);
    return made;
  }

  /** A path in it. */
  at(...names: readonly string[]): string {
    return join(this.folder, "bpf", ...names);
  }

  [Symbol.dispose](): void {
    run("umount", [this.at()]);
    rmSync(this.folder, { recursive: true });
  }
}
