/** Unstructured P4 annotations, taken apart: `@name` or `@name(body)`. */

/** `body` is the text between the outer parentheses, undefined if there are none. */
export interface Annotation {
  readonly name: string;
  readonly body: string | undefined;
}

/**
 * Takes one annotation apart. Tolerates blanks anywhere between the tokens, as compilers print `@ sai_field ( X )`.
 * @returns undefined if `text` is no annotation
 */
export function parseAnnotation(text: string): Annotation | undefined {
  const match = /^\s*@\s*([A-Za-z_][\w.]*)\s*(?:\(([\s\S]*)\)\s*)?$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  return { name: match[1], body: match[2] };
}

/** All annotations of `texts` that can be taken apart, in order. */
export function parseAnnotations(texts: readonly string[]): readonly Annotation[] {
  return texts.map(parseAnnotation).filter((annotation) => annotation !== undefined);
}

/** The bodies of all annotations called `name`, in order; an annotation without parentheses has the body "". */
export function annotationBodies(annotations: readonly Annotation[], name: string): readonly string[] {
  return annotations.filter((annotation) => annotation.name === name).map((annotation) => annotation.body ?? "");
}

/** Splits `body` at the commas outside parentheses and quotes, trimmed: the arguments of an annotation. */
export function annotationArguments(body: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < body.length; i++) {
    const char = body[i];
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "," && depth === 0) {
      parts.push(body.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = body.slice(start).trim();
  return parts.length === 0 && last === "" ? [] : [...parts, last];
}

/** The text of a quoted string literal, or of several in a row joined; undefined if `body` is no string. */
export function stringLiteral(body: string): string | undefined {
  return stringPieces(body)?.join("");
}

/**
 * The texts of the quoted string literals that `body` consists of, at least one; undefined if there is anything else.
 * One pass, whatever the text: it comes from the wire.
 */
export function stringPieces(body: string): readonly string[] | undefined {
  const pieces: string[] = [];
  let piece: string[] | undefined;
  let from = 0;
  for (let i = 0; i < body.length; i++) {
    const char = body[i];
    if (piece === undefined) {
      if (char === '"') {
        piece = [];
        from = i + 1;
      } else if (!/\s/.test(char ?? "")) return undefined;
    } else if (char === "\\") {
      const escaped = body[++i] ?? "";
      piece.push(body.slice(from, i - 1), escapes.get(escaped) ?? escaped);
      from = i + 1;
    } else if (char === '"') {
      pieces.push(piece.join("") + body.slice(from, i));
      piece = undefined;
    }
  }
  return piece === undefined && pieces.length > 0 ? pieces : undefined;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
]);
