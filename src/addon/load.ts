/** Loads the `.node` file that `npm ci` built. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../base/package-root.js";
import type { Addon } from "./addon.js";

/**
 * The native addon. Loaded once per thread; every later call answers the same object.
 * @param root the folder that holds `build/`; p4rtd's own unless a test says otherwise
 * @throws Error that says what to run: the file is not there, or cannot be loaded, as after a move to another C library
 *   or with libbpf removed; `cause` is what Node said
 */
export function loadAddon(root = packageRoot().root): Addon {
  const file = join(root, "build/Release/p4rtd.node");
  const loaded = load(file, root);
  if (!isAddon(loaded)) throw new Error(`${file} is not p4rtd's addon: ${rebuild(root)}`);
  return loaded;
}

function load(file: string, root: string): unknown {
  try {
    return createRequire(import.meta.url)(file);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND";
    const reason = missing
      ? "is missing"
      : `cannot be loaded (${error instanceof Error ? error.message : String(error)})`;
    throw new Error(`the native addon ${file} ${reason}: ${rebuild(root)}`, { cause: error });
  }
}

function rebuild(root: string): string {
  return `run \`npm rebuild\` in ${root}; it needs python3, make and g++, and libbpf-dev for the kernel datapath`;
}

function isAddon(loaded: unknown): loaded is Addon {
  return typeof loaded === "object" && loaded !== null && "openPacketSender" in loaded;
}
