/** Reads the configuration file. Only here, and only for a file, the YAML and schema libraries are loaded. */
import type { Config } from "./config.js";
import { readFile } from "node:fs/promises";
import { ConfigError, formatPath, type ConfigProblem, type KeyPath } from "./problem.js";

/** Larger files are refused, in bytes. */
const maxFileBytes = 1024 * 1024;

/**
 * The configuration in the file at `path`, with every default applied.
 * @throws ConfigError holding every problem of the file, or that it cannot be read
 */
export async function loadConfig(path: string): Promise<Config> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw whole(path, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  return parseConfig(bytes, path);
}

/**
 * The configuration that `bytes` say.
 * @param file what messages call the file
 * @throws ConfigError holding every problem
 */
export async function parseConfig(bytes: Uint8Array, file: string): Promise<Config> {
  if (bytes.length > maxFileBytes) throw whole(file, `${bytes.length} bytes (allowed: at most ${maxFileBytes})`);
  const [{ readDocument }, { checkConfig }] = await Promise.all([import("./document.js"), import("./schema.js")]);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw whole(file, "is not UTF-8 text");
  const document = readDocument(text);
  const problem = (offset: number, path: KeyPath, reason: string): ConfigProblem => {
    return { file, ...document.position(offset), path: formatPath(path), reason };
  };
  const faults = document.problems.map((fault) => ({ ...fault }));
  if (document.value === null) throw whole(file, "is empty (allowed: a mapping of sections)");
  const checked = document.broken ? { problems: [] } : checkConfig(document.value);
  if ("config" in checked && faults.length === 0) return checked.config;
  const wrong = "config" in checked ? [] : checked.problems;
  for (const { path, part, reason } of wrong) faults.push({ offset: document.locate(path, part), path, reason });
  faults.sort((a, b) => a.offset - b.offset);
  throw new ConfigError(faults.map(({ offset, path, reason }) => problem(offset, path, reason)));
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function whole(file: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError([{ file, line: undefined, column: undefined, path: "", reason }], { cause });
}
