/** The file that tells test harnesses which port was bound. */
import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes `port` to `path` so that a reader sees all of it or nothing; removed on disposal. */
export function writePortFile(path: string, port: number): Disposable {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${port}\n`);
  renameSync(draft, path);
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
