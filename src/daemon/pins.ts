/** The folders on our bpffs: whose they are, and how they go. */
import { readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** Layout of the pinned maps of this release: `P4RTD_LAYOUT` in `p4rtd_abi.h`, to which a test compares it. */
export const kernelLayout = 2;

/** How the names of marks of clsact qdiscs begin. */
const qdiscMark = "qdisc_";

/** The pins of one device as one layout has them. */
export interface PinFolder {
  readonly deviceId: bigint;
  readonly layout: number;
  readonly path: string;
}

/** Every folder of pins below `bpffs`; none if there is no such folder. */
export function pinFolders(bpffs: string): readonly PinFolder[] {
  return namesIn(bpffs).flatMap((name): PinFolder[] => {
    const [, id, layout] = /^device-([1-9]\d{0,19})-v([1-9]\d{0,8})$/.exec(name) ?? [];
    if (id === undefined) return [];
    return [{ deviceId: BigInt(id), layout: Number(layout), path: join(bpffs, name) }];
  });
}

/** The netdevs to which p4rtd gave a clsact qdisc, by the marks in a folder of pins; none if there is no such folder. */
export function markedNetdevs(folder: string): readonly string[] {
  return namesIn(folder)
    .filter((name) => name.startsWith(qdiscMark))
    .map((name) => Buffer.from(unescaped(name.slice(qdiscMark.length)), "latin1").toString("utf8"));
}

/** A bpffs takes no dots in names: native code writes bytes but letters, digits, `_` and `-` as `%` and two hex digits. */
function unescaped(name: string): string {
  return name.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/**
 * Removes a folder of pins with everything in it: a link that nothing else holds is detached by that.
 * @returns what was removed, the folder last
 */
export function removePins(folder: string): readonly string[] {
  const removed: string[] = [];
  for (const name of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, name.name);
    if (name.isDirectory()) removed.push(...removePins(path));
    else {
      unlinkSync(path);
      removed.push(path);
    }
  }
  rmdirSync(folder);
  return [...removed, folder];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
