/** `p4rtctl show rules`: one line per entry with its rule, and per rule without entry. */
import type {
  ActionLine,
  ChoiceLine,
  DeviceRules,
  FieldLine,
  RuleLine,
  RuleLineState,
  SelectorLine,
} from "../wire/admin.js";
import type { Json } from "./json-text.js";
import { columns, tableText } from "./table-text.js";

/** What the agent answered for all devices asked about. */
export interface ShownRules {
  readonly rules: readonly RuleLine[];
  readonly devices: readonly DeviceRules[];
}

const marks: Readonly<Record<RuleLineState, string>> = {
  held: " ",
  shadowed: " ",
  missing: "-",
  unexpected: "+",
  unrealised: " ",
};

const titles = [" ", "DEVICE", "TABLE", "PRIORITY", "MATCH", "KEY", "ACTION", "PACKETS", "BYTES"];
const numbers = ["DEVICE", "PRIORITY", "PACKETS", "BYTES"];

/** Keys of one rule that are written out; of more, the first and their number. */
const maxKeys = 2;

/** True if anything is missing or should not be there. */
export function differs({ devices }: ShownRules): boolean {
  return devices.some(({ differences }) => differences > 0);
}

/** For people. @param color `on`: differing lines are red and green */
export function rulesText({ rules, devices }: ShownRules, color: "on" | "off"): string {
  const sorted = inOrder(rules);
  const [header = "", ...lines] = tableText(columns(titles, numbers), sorted.map(cells));
  const marked = lines.map((line, i) => painted(line, sorted[i]?.state, color));
  return [...(rules.length === 0 ? [] : [header, ...marked]), ...devices.map(summary)].join("\n");
}

function cells(rule: RuleLine): readonly string[] {
  const { counter } = rule;
  return [
    marks[rule.state],
    String(rule.deviceId),
    rule.table,
    String(rule.priority),
    matchText(rule),
    keysText(rule),
    actionText(rule),
    counter === undefined ? "-" : String(counter.packets),
    counter === undefined ? "-" : String(counter.bytes),
  ];
}

function matchText({ isDefault, match, entryAction }: RuleLine): string {
  if (isDefault) return "default entry";
  return entryAction === undefined && match.length === 0 ? "-" : fieldsText(match);
}

function keysText({ keys, state }: RuleLine): string {
  if (state === "unrealised") return "-";
  const [first = []] = keys;
  return keys.length > maxKeys ? `${fieldsText(first)} or ${keys.length - 1} more` : keys.map(fieldsText).join(" or ");
}

function fieldsText(fields: readonly FieldLine[]): string {
  return fields.length === 0 ? "any" : fields.map(({ name, value }) => `${name} ${value}`).join(", ");
}

function actionText({ state, action, queue, selector }: RuleLine): string {
  const shadowed = state === "shadowed" ? " (shadowed)" : "";
  if (selector !== undefined) return `${selectorText(selector)}${shadowed}`;
  return action === undefined ? "not realised" : `${withQueue(action, queue)}${shadowed}`;
}

const withQueue = (action: ActionLine, queue: string | undefined) =>
  `${verdicts(action)}${queue === undefined ? "" : `, queue ${queue}`}${waysText(action)}`;

/** Choices of one selector that are written out. */
const maxChoices = 3;

/** Such as `by hash: trap × 2 | drop × 1 (port 3)`; a port in brackets is watched. */
function selectorText({ mode, choices }: SelectorLine): string {
  const shown = choices.slice(0, maxChoices).map(choiceText);
  if (choices.length > maxChoices) shown.push(`${choices.length - maxChoices} more`);
  return `${mode === "hash" ? "by hash" : "at random"}: ${shown.length === 0 ? "nothing" : shown.join(" | ")}`;
}

function choiceText({ action, queue, weight, watch }: ChoiceLine): string {
  return `${withQueue(action, queue)} × ${weight}${watch === undefined ? "" : ` (port ${watch})`}`;
}

function waysText({ redirect, mirror }: ActionLine): string {
  const clones = mirror === undefined ? "" : `, clones by session ${mirror}`;
  switch (redirect?.kind) {
    case undefined:
      return clones;
    case "port":
      return `, to port ${redirect.port}${clones}`;
    case "multicast":
      return `, to multicast group ${redirect.group}${clones}`;
  }
}

function verdicts({ green, yellow, red }: ActionLine): string {
  return green === yellow && green === red ? green : `green ${green}, yellow ${yellow}, red ${red}`;
}

function summary({ deviceId, backend, entries, installed, differences }: DeviceRules): string {
  const outcome =
    differences === 0 ? "no difference" : `${counted(differences, "difference")}: - is missing, + should not be there`;
  return `device ${deviceId} (${backend}): ${counted(entries, "entry", "entries")}, ${counted(installed, "key")} held, ${outcome}`;
}

const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

function painted(line: string, state: RuleLineState | undefined, color: "on" | "off"): string {
  if (color === "off" || (state !== "missing" && state !== "unexpected")) return line;
  return `\u001b[${state === "missing" ? 31 : 32}m${line}\u001b[0m`;
}

function actionJson({ green, yellow, red, redirect, mirror }: ActionLine, queue: string | undefined): Json {
  return {
    green,
    yellow,
    red,
    queue,
    redirect_port: redirect?.kind === "port" ? redirect.port : undefined,
    multicast_group: redirect?.kind === "multicast" ? redirect.group : undefined,
    clone_session: mirror,
  };
}

/** By device and table as they came, then by falling priority; what is missing before what should not be there. */
function inOrder(rules: readonly RuleLine[]): readonly RuleLine[] {
  const place = new Map<string, number>();
  const tableOf = ({ deviceId, table }: RuleLine) => `${deviceId} ${table}`;
  for (const rule of rules) if (!place.has(tableOf(rule))) place.set(tableOf(rule), place.size);
  const rank = (rule: RuleLine) => place.get(tableOf(rule)) ?? 0;
  const unexpected = ({ state }: RuleLine) => Number(state === "unexpected");
  return rules.toSorted((a, b) => rank(a) - rank(b) || b.priority - a.priority || unexpected(a) - unexpected(b));
}

/** For programs, in the names of admin.proto. */
export function rulesJson({ rules, devices }: ShownRules): Json {
  return {
    rules: inOrder(rules).map((rule) => ({
      device_id: rule.deviceId,
      state: rule.state,
      table: rule.table,
      priority: rule.priority,
      default_entry: rule.isDefault,
      match: rule.match.map(({ name, value }) => ({ name, value })),
      keys: rule.keys.map((fields) => fields.map(({ name, value }) => ({ name, value }))),
      action: rule.action && actionJson(rule.action, rule.queue),
      selector: rule.selector && {
        mode: rule.selector.mode,
        choices: rule.selector.choices.map(({ action, queue, weight, watch }) => ({
          action: actionJson(action, queue),
          weight,
          watch_port: watch,
        })),
      },
      entry_action: rule.entryAction,
      packets: rule.counter?.packets,
      bytes: rule.counter?.bytes,
    })),
    devices: devices.map(({ deviceId, ...rest }) => ({ device_id: deviceId, ...rest })),
  };
}
