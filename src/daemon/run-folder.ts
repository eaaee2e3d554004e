/** The folder of what lives as long as the machine runs: pins, locks, records. `docs/kernel-state.md` has each name. */
import { join } from "node:path";

/** Environment variable that names another folder, for tests and for several p4rtd beside each other. */
export const runFolderVariable = "P4RTD_RUN_DIR";
/** Where it is unless the variable says otherwise. */
export const defaultRunFolder = "/run/p4rtd";

/** Where things are in a run-time folder. */
export class RunFolder {
  /** @param path absolute */
  constructor(readonly path: string) {}

  /** Where p4rtd's own bpffs is mounted. */
  get bpffs(): string {
    return join(this.path, "bpf");
  }

  /** Maps and links of a device. @param layout version of the layout of the maps */
  pins(deviceId: bigint, layout: number): string {
    return join(this.bpffs, `device-${deviceId}-v${layout}`);
  }

  /** A socket that answers as long as a p4rtd holds the device. */
  lock(deviceId: bigint): string {
    return join(this.path, `device-${deviceId}.lock`);
  }

  /** What p4rtd made for the device outside of its folders. */
  record(deviceId: bigint): string {
    return join(this.path, `device-${deviceId}.json`);
  }
}

/** The run-time folder that `environment` names, or /run/p4rtd; undefined if what it names is no absolute path. */
export function runFolder(environment: Readonly<Record<string, string | undefined>>): RunFolder | undefined {
  const path = environment[runFolderVariable] ?? defaultRunFolder;
  return path.startsWith("/") ? new RunFolder(path) : undefined;
}
