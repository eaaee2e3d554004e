/** Every situation in which an update or an element of a Read is refused, with its stable number. */
import { Code, StatusError, type StatusFields } from "./status.js";

interface Row {
  /** `code` of `p4.v1.Error` in our space; never given to another situation. */
  readonly number: number;
  readonly canonical: Exclude<Code, 0>;
  /** A sentence for docs/errors.md: what is wrong and what would be right. */
  readonly meaning: string;
}

const { ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION, INTERNAL, INVALID_ARGUMENT } = Code;
const { NOT_FOUND, OUT_OF_RANGE, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAVAILABLE, UNIMPLEMENTED } = Code;

const row = (number: number, canonical: Exclude<Code, 0>, meaning: string): Row => ({ number, canonical, meaning });

/** 1 … 99 are those of stream messages (`packetio/stream-error.ts`). */
export const situations = {
  malformed: row(100, INVALID_ARGUMENT, "The bytes are no protobuf message of this type."),
  "no-entity": row(101, INVALID_ARGUMENT, "The update or request holds no entity."),
  "unknown-update-type": row(102, INVALID_ARGUMENT, "An update is INSERT, MODIFY or DELETE."),
  "unsupported-entity": row(103, UNIMPLEMENTED, "Entities of this kind are not offered."),
  "wrong-update-type": row(104, INVALID_ARGUMENT, "This kind of entity always exists: it can only be modified."),
  "missing-part": row(105, INVALID_ARGUMENT, "A message that says what is meant is not set."),
  "read-only": row(106, INVALID_ARGUMENT, "The field is filled by the switch and cannot be written."),
  unsupported: row(107, UNIMPLEMENTED, "The backend or this release does not do it."),

  "unknown-object": row(120, INVALID_ARGUMENT, "The id is not in the P4Info, or is that of another kind of object."),
  "unknown-action": row(121, INVALID_ARGUMENT, "The table does not list the action."),
  "unknown-field": row(122, INVALID_ARGUMENT, "The table has no match field of this id."),
  "unknown-parameter": row(123, INVALID_ARGUMENT, "The action has no parameter of this id."),

  "field-missing": row(130, INVALID_ARGUMENT, "An EXACT field must be given."),
  "field-twice": row(131, INVALID_ARGUMENT, "A match field can be given once."),
  "wrong-match-kind": row(132, INVALID_ARGUMENT, "A match field takes the kind of match that the P4Info says."),
  "dont-care-given": row(133, INVALID_ARGUMENT, "A field that does not matter is left out."),
  "stray-bits": row(134, INVALID_ARGUMENT, "A value has no bits outside its mask or prefix."),
  "bad-prefix": row(135, INVALID_ARGUMENT, "A prefix length is 1 up to the width of the field."),
  "bad-range": row(136, INVALID_ARGUMENT, "The low end of a range is not above its high end."),
  "bad-priority": row(137, INVALID_ARGUMENT, "Priority is above 0 where the key needs it, and else 0."),
  "default-entry": row(138, INVALID_ARGUMENT, "The default entry has no key, always exists, and can only be modified."),
  "no-key": row(139, INVALID_ARGUMENT, "A table without match fields has a default entry only."),

  "empty-value": row(140, INVALID_ARGUMENT, "A value has at least one byte."),
  "value-too-wide": row(141, INVALID_ARGUMENT, "A value fits the width of its field."),
  "bad-text": row(142, INVALID_ARGUMENT, "A text value is UTF-8 of bounded length."),
  "not-a-port": row(143, INVALID_ARGUMENT, "The value names no port of the device."),
  "negative-number": row(144, INVALID_ARGUMENT, "The number must not be negative."),
  "metadata-too-long": row(145, RESOURCE_EXHAUSTED, "More metadata than is kept of one entity."),

  "action-missing": row(150, INVALID_ARGUMENT, "An entry needs an action."),
  "wrong-action-style": row(
    151,
    INVALID_ARGUMENT,
    "Whether a table takes actions, members, groups or sets is up to its action profile.",
  ),
  "parameter-missing": row(152, INVALID_ARGUMENT, "Every parameter of the action must be given."),
  "parameter-twice": row(153, INVALID_ARGUMENT, "A parameter can be given once."),
  "wrong-scope": row(154, PERMISSION_DENIED, "The P4Info keeps the action for other entries."),

  exists: row(160, ALREADY_EXISTS, "The entity exists already; MODIFY changes it."),
  "not-found": row(161, NOT_FOUND, "There is no such entity."),
  full: row(162, RESOURCE_EXHAUSTED, "There is no room for another entity of this kind."),
  referenced: row(163, FAILED_PRECONDITION, "Another entity refers to it; delete that first."),
  "dangling-reference": row(164, NOT_FOUND, "What the entity refers to does not exist; insert it first."),

  constant: row(170, PERMISSION_DENIED, "The P4Info declares it constant."),
  "role-denied": row(171, PERMISSION_DENIED, "The role of the controller may not write it."),
  restricted: row(172, INVALID_ARGUMENT, "A restriction of the program is violated."),

  "not-realised": row(180, UNIMPLEMENTED, "The datapath has nothing that does what the action says."),
  "unknown-queue": row(182, INVALID_ARGUMENT, "The parameter names no queue of the configuration."),
  "datapath-full": row(
    183,
    RESOURCE_EXHAUSTED,
    "The datapath holds no more rules, or no more distinct masks in this table.",
  ),

  "no-direct-counter": row(190, INVALID_ARGUMENT, "The table has no direct counter."),
  "no-direct-meter": row(191, INVALID_ARGUMENT, "The table has no direct meter."),
  "bad-meter-config": row(192, INVALID_ARGUMENT, "The type of the meter does not allow these rates and bursts."),
  "no-idle-timeout": row(193, INVALID_ARGUMENT, "The table, or its default entry, has no idle timeout."),
  "negative-index": row(194, INVALID_ARGUMENT, "An index is 0 or above."),
  "index-out-of-range": row(195, OUT_OF_RANGE, "An index is below the size of the array."),
  "clear-only": row(196, INVALID_ARGUMENT, "Counters per meter colour can only be set to 0."),

  "id-out-of-range": row(200, INVALID_ARGUMENT, "The id is 1 up to the largest that the device takes."),
  "duplicate-replica": row(
    201,
    INVALID_ARGUMENT,
    "A port and instance appear once, and no backup on its replica's own port.",
  ),
  "bad-instance": row(202, INVALID_ARGUMENT, "An instance is 0 up to the largest that the device takes."),
  "bad-class-of-service": row(203, INVALID_ARGUMENT, "The device has no such class of service."),

  "no-selector": row(210, INVALID_ARGUMENT, "The action profile has no selector, so no groups and sets."),
  "duplicate-member": row(211, INVALID_ARGUMENT, "A group lists a member once."),
  "bad-weight": row(
    212,
    INVALID_ARGUMENT,
    "A weight is above 0, within the profile's limit, and 0 where weights are disallowed.",
  ),
  "bad-group-size": row(213, INVALID_ARGUMENT, "The size of a group is what its profile allows, and stays."),
  "bad-selection-mode": row(
    214,
    INVALID_ARGUMENT,
    "The selection mode or size semantics is unknown or not that of the profile.",
  ),
  "mixed-selection": row(215, INVALID_ARGUMENT, "An action profile has either members and groups, or action sets."),
  "group-too-large": row(216, RESOURCE_EXHAUSTED, "The group or set is larger than there is room for."),

  "bad-filter": row(230, INVALID_ARGUMENT, "A Read cannot be filtered by this."),

  undone: row(250, ABORTED, "A later update of the all-or-nothing batch failed, so this one was undone."),
  "not-tried": row(251, ABORTED, "An earlier update of the all-or-nothing batch failed, so this one was not tried."),
  lost: row(252, UNAVAILABLE, "The datapath did not take the batch; the entries are as before."),
  fault: row(253, INTERNAL, "p4rtd failed; its log has the cause."),
} as const satisfies Readonly<Record<string, Row>>;

export type Situation = keyof typeof situations;

/** The error of `situation`. `message` names the thing, the value, the rule and the valid choices. */
export function refusal(situation: Situation, message: string, fields?: StatusFields): StatusError {
  const { number, canonical } = situations[situation];
  return new StatusError({ code: canonical, message, number, ...(fields && { fields }) });
}
