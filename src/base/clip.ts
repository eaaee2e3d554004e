/** Shortens texts that peers sent before they are given back. Characters stay whole: half a surrogate pair is no text. */

/** `text` if it has at most `max` UTF-16 units; else its first characters and `…`, together at most `max`. @precondition max > 0 */
export function clip(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, boundaryBefore(text, max - 1))}…`;
}

/** The last offset in `text` between two characters that is not behind `offset`; both in UTF-16 units. */
export function boundaryBefore(text: string, offset: number): number {
  return isLead(text.charCodeAt(offset - 1)) && isTrail(text.charCodeAt(offset)) ? offset - 1 : offset;
}

function isLead(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isTrail(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
