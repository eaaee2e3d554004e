/** Values → JSON for programs. */

export type Json =
  string | number | bigint | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** `value` in JSON with a line per member of the outer two levels; bigints keep all their digits, undefined is left out. */
export function jsonText(value: Json, depth = 0): string {
  const [open, inner] = ["  ".repeat(depth), "  ".repeat(depth + 1)];
  if (typeof value !== "object" || value === null)
    return typeof value === "bigint" ? value.toString() : JSON.stringify(value ?? null);
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((member: Json) => jsonText(member, depth + 1))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${JSON.stringify(key)}: ${jsonText(member, depth + 1)}`);
  const [begin, end] = isList ? "[]" : "{}";
  if (members.length === 0) return `${begin}${end}`;
  if (depth > 1) return isList ? `[${members.join(", ")}]` : `{ ${members.join(", ")} }`;
  return `${begin}\n${members.map((member) => `${inner}${member}`).join(",\n")}\n${open}${end}`;
}
