/** Why an id in a message names no object of the kind that the message needs. */
import { refusal } from "../base/situation.js";
import type { StatusError } from "../base/status.js";
import type { Pipeline } from "../pipeline/pipeline.js";

/** Objects named in one message. */
const maxListed = 20;

export interface WantedObject {
  /** Of the message, such as `table_id`. */
  readonly field: string;
  /** With article, such as `a table`. */
  readonly noun: string;
  /** The choices, by id. */
  readonly known: ReadonlyMap<number, string>;
}

/** INVALID_ARGUMENT naming what `id` is, if anything, else the choices (WRT-16, WRT-17, APM-05, APG-31, CTR-22) */
export function unknownObject(id: number, { field, noun, known }: WantedObject, { objects }: Pipeline): StatusError {
  if (id === 0) return refusal("unknown-object", `${field} is not set`);
  const other = objects.get(id);
  const message =
    other === undefined
      ? `${field} ${id} is not in the P4Info; it has ${listOf(known) || `none that is ${noun}`}`
      : `${field} ${id} is ${other.kind} '${other.name}', not ${noun}`;
  return refusal("unknown-object", message, { [field]: id });
}

function listOf(known: ReadonlyMap<number, string>): string {
  const listed: string[] = [];
  for (const [id, name] of known) {
    if (listed.length === maxListed) return [...listed, `and ${known.size - maxListed} more`].join(", ");
    listed.push(`${id} (${name})`);
  }
  return listed.join(", ");
}
