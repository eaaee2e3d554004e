/** Which updates a table's nature allows, before anything else of the entry is looked at. */
import { refusal } from "../base/situation.js";
import type { Table } from "../pipeline/pipeline.js";
import type { UpdateType } from "./table-entry.js";

/** @throws StatusError INVALID_ARGUMENT or PERMISSION_DENIED (DEF-01, DEF-02, DEF-07, DEF-09, CON-01 … CON-03, AMB-59) */
export function checkTablePolicy(table: Table, type: UpdateType, isDefault: boolean, hasAction: boolean): void {
  if (isDefault) {
    if (type !== "modify")
      throw refusal(
        "default-entry",
        `table '${table.alias}': the default entry always exists; only MODIFY is possible, not ${type.toUpperCase()}`,
      );
    if (table.constDefault) throw refusal("constant", `table '${table.alias}': its default action is constant`);
    return;
  }
  if (table.isConst && (type !== "modify" || hasAction))
    throw refusal(
      "constant",
      `table '${table.alias}' is constant: only direct resources of its entries can be modified`,
    );
  if (table.fields.length === 0)
    throw refusal("no-key", `table '${table.alias}' has no match fields: only its default entry exists`);
}
