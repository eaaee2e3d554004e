/** The list of requirements: `requirements/<AREA>.yaml`, one file an area. */
import { parse } from "yaml";
import { z } from "zod";
import { Code } from "../../src/base/status.js";
import { filesBelow, readText } from "../support/repository.js";

/** Where the list is, from the root of the repository. */
export const listFolder = "test/conformance/requirements";

/** What can close an open requirement. */
export const closings = ["transport security"] as const;

const common = {
  id: z.string().regex(/^[A-Z0-9]{3}-\d{2}$/),
  /** Titles in the specification, or the public test-suite that depends on it. */
  section: z.string().min(1),
  /** As the specification words it: MUST, SHOULD, MAY; `p` in a proto comment only, `d` derived, `i` asked for by clients. */
  level: z.string().min(1),
  /** F: every fixed-function target; L: an L3 switch; R: rarely supported. */
  target: z.enum(["F", "L", "R"]),
  demand: z.string().min(1),
  /** What the specification leaves open; `demand` is our answer. Of the choices only. */
  question: z.string().min(1).optional(),
};

const requirementSchema = z.discriminatedUnion("status", [
  z.strictObject({ ...common, status: z.literal("tested") }),
  z.strictObject({ ...common, status: z.literal("refused"), code: z.enum(Object.keys(Code)) }),
  z.strictObject({ ...common, status: z.literal("not-applicable"), why: z.string().min(1) }),
  z.strictObject({ ...common, status: z.literal("open"), until: z.enum(closings) }),
]);

const areaSchema = z.strictObject({ area: z.string(), title: z.string(), requirements: z.array(requirementSchema) });

/** One requirement and where it stands. */
export type Requirement = z.infer<typeof requirementSchema>;

/** The requirements of one area, in their order. */
export type Area = z.infer<typeof areaSchema>;

/** Every expected id, in the order of the specification's checklist. */
export function expectedIds(): readonly string[] {
  return readText("test/conformance/ids.txt").trimEnd().split("\n");
}

/**
 * Every area, in the order of the expected ids.
 * @throws Error that names file and place if a file does not have the form above
 */
export function readAreas(): readonly Area[] {
  const order = [...new Set(expectedIds().map((id) => id.slice(0, 3)))];
  return filesBelow(listFolder, ".yaml")
    .map(readArea)
    .sort((a, b) => order.indexOf(a.area) - order.indexOf(b.area));
}

function readArea(path: string): Area {
  const result = areaSchema.safeParse(parse(readText(path)));
  if (!result.success) throw new Error(`${path}: ${z.prettifyError(result.error)}`);
  return result.data;
}
