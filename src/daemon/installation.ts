/** Where this p4rtd is installed, and which release it is. */
import { join } from "node:path";
import { packageRoot } from "../base/package-root.js";

/** The release, as in `package.json`. */
export function version(): string {
  return packageRoot().version;
}

/** The folder of the published `.proto` files. */
export function protoFolder(): string {
  return join(packageRoot().root, "proto");
}
