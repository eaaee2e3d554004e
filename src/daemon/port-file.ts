/** The file that tells test harnesses which port was bound. */
import { renameSync, rmSync, writeFileSync } from "node:fs";

/** The port file cannot be written: exit 73. */
export class PortFileError extends Error {
  override readonly name = "PortFileError";
}

/**
 * Writes `port` to `path` so that a reader sees all of it or nothing. Removed on disposal, and however else the process
 * exits by itself.
 * @throws PortFileError
 */
export function writePortFile(path: string, port: number): Disposable {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${port}\n`);
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new PortFileError(`cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  const remove = () => rmSync(path, { force: true });
  process.once("exit", remove);
  return {
    [Symbol.dispose]: () => {
      process.off("exit", remove);
      remove();
    },
  };
}
