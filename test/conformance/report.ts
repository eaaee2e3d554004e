/** The compliance report, made from the list and the tests. */
import { posix } from "node:path";
import type { TestsById } from "./requirement-calls.js";
import { closings, type Area, type Requirement } from "./requirement-list.js";

/** Where the report is committed, from the root of the repository. */
export const reportPath = "docs/conformance.md";

const statuses = ["tested", "refused", "not-applicable", "open"] as const;

/** Where the page of choices is committed, from the root of the repository. */
export const decisionsPath = "docs/decisions.md";

/** What we take where the specification is open or peers differ, as Markdown. Equal input gives equal text. */
export function renderDecisions(areas: readonly Area[], tests: TestsById): string {
  const choices = areas.flatMap(({ requirements }) => requirements).filter(({ question }) => question !== undefined);
  return [
    "# Decisions",
    "",
    "Made by `npm run conformance` from `test/conformance/requirements/AMB.yaml` and the tests; do not edit.",
    "",
    "Where P4Runtime leaves a choice, contradicts itself, or its servers differ: what p4rtd does, and the test that shows it.",
    "",
    "| id | question | p4rtd | shown by |",
    "|---|---|---|---|",
    ...choices.map((choice) => {
      const links = linksTo(tests.get(choice.id) ?? []);
      return `| ${choice.id} | ${choice.question ?? ""} | ${choice.demand} | ${links === "" ? standing(choice) : links} |`;
    }),
    "",
  ].join("\n");
}

/** The report as Markdown. Equal input gives equal text. */
export function renderReport(areas: readonly Area[], tests: TestsById): string {
  const all = areas.flatMap(({ requirements }) => requirements);
  return [
    "# Conformance",
    "",
    "Made by `npm run conformance` from `test/conformance/requirements/` and the tests; do not edit.",
    "",
    `${all.length} requirements: ${statuses.map((status) => `${count(all, status)} ${status}`).join(", ")}.`,
    "",
    "Level: as the specification words it; `p` in a proto comment only, `d` derived from the text, `i` asked for by public clients.",
    "Target: F every fixed-function switch, L an L3 switch, R rarely supported.",
    "",
    "| area | | tested | refused | not applicable | open |",
    "|---|---|--:|--:|--:|--:|",
    ...areas.map(summary),
    "",
    ...areas.flatMap((area) => section(area, tests)),
    "What p4rtd does where the specification leaves a choice: [decisions.md](decisions.md).",
    "",
    "## Open, by what will close it",
    "",
    ...closings.flatMap((closing) => openFor(closing, all)),
  ].join("\n");
}

function count(requirements: readonly Requirement[], status: Requirement["status"]): number {
  return requirements.filter((requirement) => requirement.status === status).length;
}

function summary({ area, title, requirements }: Area): string {
  const counts = statuses.map((status) => count(requirements, status));
  return `| [${area}](#${area.toLowerCase()}) | ${title} | ${counts.join(" | ")} |`;
}

function section({ area, title, requirements }: Area, tests: TestsById): readonly string[] {
  const rows = requirements.map((requirement) => row(requirement, tests.get(requirement.id) ?? []));
  return [
    `## ${area}`,
    "",
    `${title[0]?.toUpperCase() ?? ""}${title.slice(1)}.`,
    "",
    "| id | level | target | demand | status |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ];
}

function row(requirement: Requirement, tests: readonly string[]): string {
  const links = linksTo(tests);
  const status = `${standing(requirement)}${links === "" ? "" : `: ${links}`}`;
  const { id, level, target, demand } = requirement;
  return `| ${id} | ${level} | ${target} | ${demand} | ${status} |`;
}

function linksTo(tests: readonly string[]): string {
  return tests.map((path) => `[${posix.basename(path)}](../${path})`).join(", ");
}

function standing(requirement: Requirement): string {
  switch (requirement.status) {
    case "tested":
      return "tested";
    case "refused":
      return `refused, ${requirement.code}`;
    case "not-applicable":
      return `not applicable: ${requirement.why}`;
    case "open":
      return `open: ${requirement.until}`;
  }
}

function openFor(closing: string, all: readonly Requirement[]): readonly string[] {
  const ids = all
    .filter((requirement) => requirement.status === "open" && requirement.until === closing)
    .map(({ id }) => id);
  return ids.length === 0 ? [] : [`* **${closing}** (${ids.length}): ${ids.join(", ")}`];
}
