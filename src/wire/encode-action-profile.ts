/** Members, groups and selections → messages. @see P4Runtime §9.2 */
import type { ActionGroup, Selection, Weighted } from "../entity/action-profile.js";
import { absurd } from "../base/invariant.js";
import { numberAt } from "../entity/record-layout.js";
import type { ByteWriter } from "./byte-writer.js";

/** Appends one `entities` field of a ReadResponse. @param action writes the member's action as the field `tag` */
export function encodeActionMember(
  writer: ByteWriter,
  profileId: number,
  id: number,
  action: (tag: number) => void,
): void {
  const entity = writer.open(0x0a);
  const body = writer.open(0x1a);
  numberField(writer, 0x08, profileId);
  numberField(writer, 0x10, id);
  action(0x1a);
  writer.close(body);
  writer.close(entity);
}

/** Appends one `entities` field of a ReadResponse. */
export function encodeActionGroup(writer: ByteWriter, profileId: number, id: number, group: ActionGroup): void {
  const entity = writer.open(0x0a);
  const body = writer.open(0x22);
  numberField(writer, 0x08, profileId);
  numberField(writer, 0x10, id);
  for (const member of group.members) {
    const listed = writer.open(0x1a);
    numberField(writer, 0x08, member.memberId);
    encodeWeighted(writer, member);
    writer.close(listed);
  }
  numberField(writer, 0x20, group.maxSize);
  writer.close(body);
  writer.close(entity);
}

/** Appends a member of the oneof of `TableAction`. @param action writes an action record as the field `tag` */
export function encodeSelection(
  writer: ByteWriter,
  selection: Selection,
  action: (tag: number, record: string) => void,
): void {
  switch (selection.kind) {
    case "member":
    case "group":
      numberField(writer, selection.kind === "member" ? 0x10 : 0x18, selection.id);
      return;
    case "set": {
      const body = writer.open(0x22);
      for (const one of selection.actions) {
        const choice = writer.open(0x0a);
        action(0x0a, one.action);
        encodeWeighted(writer, one);
        writer.close(choice);
      }
      numberField(writer, 0x10, selection.mode);
      numberField(writer, 0x18, selection.sizeSemantics);
      writer.close(body);
      return;
    }
    default:
      absurd(selection);
  }
}

/** The port comes back in the field in which it was written (APG-29). */
function encodeWeighted(writer: ByteWriter, { weight, watch }: Weighted): void {
  numberField(writer, 0x10, weight);
  if (watch === undefined) return;
  if (watch.legacy) {
    writer.tag(0x18);
    writer.int32(numberAt(watch.sdn, 0, watch.sdn.length));
  } else writer.bytesField(0x22, watch.sdn);
}

/** A scalar number, left out if it is 0. */
function numberField(writer: ByteWriter, tag: number, value: number): void {
  if (value === 0) return;
  writer.tag(tag);
  writer.uint32(value);
}
