/** What Markdown says exists, against what does. */
import { posix } from "node:path";
import ts from "typescript";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { filesBelow, readText, textsBelow } from "../support/repository.js";
import { nodesBelow, parse } from "../support/syntax.js";

/** What documents may name. */
export interface Facts {
  /** Paths from the root. */
  readonly files: readonly string[];
  readonly npmScripts: ReadonlySet<string>;
  /** The text of `src/`: flags and log events are named there. */
  readonly source: string;
  /** Keys at the top of the configuration file; where none are known, dotted keys are not judged. */
  readonly configSections: ReadonlySet<string>;
  readonly configKeys: ReadonlySet<string>;
}

/** What there is in this repository. */
export function readFacts(): Facts {
  const example = filesBelow("config/p4rtd.example.yaml").map((path) =>
    z.record(z.string(), z.unknown()).parse(parseYaml(readText(path))),
  );
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readText("package.json")));
  return {
    files: filesBelow(""),
    npmScripts: new Set(Object.keys(scripts)),
    source: [...textsBelow("src", ".ts").values()].join("\n"),
    configSections: new Set(example.flatMap((top) => Object.keys(top))),
    configKeys: new Set([...textsBelow("src/config", ".ts")].flatMap(([path, text]) => propertyNames(path, text))),
  };
}

function propertyNames(path: string, text: string): readonly string[] {
  return nodesBelow(parse(path, text))
    .filter((node) => ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node))
    .map(({ name }) => name.getText().replaceAll('"', ""));
}

/** Each thing that the document at `path` names and that does not exist. */
export function claimComplaints(path: string, markdown: string, facts: Facts): readonly string[] {
  const blocks = [...markdown.matchAll(/^```(?:sh|bash|console)\n([^]*?)^```/gm)].flatMap(([, body = ""]) =>
    body.split("\n"),
  );
  const prose = markdown.replace(/^```[^]*?^```/gm, "");
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  const links = [...prose.matchAll(/\]\(([^)#\s]+)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
  const wrong = [
    ...spans.filter((span) => isPath(span, facts) && !exists(span, path, facts)),
    ...links.filter((link) => !exists(link, path, facts)),
    ...[...spans, ...blocks].flatMap((command) => commandClaims(command, path, facts)),
    ...spans.filter((span) => isMissingConfigKey(span, facts)),
  ];
  return [...new Set(wrong)].map((what) => `${path}: \`${what}\` does not exist`);
}

/** Built or fetched: not in the tree, and known to be made. */
const made = /^(dist|node_modules|coverage|src\/wire\/gen)(\/|$)/;

/** True if `text` names a file or folder of the repository: by its end, or because it begins with one of our folders. */
function isPath(text: string, { files }: Facts): boolean {
  if (!/^(\.{1,2}\/)*[\w.@-]+(\/[\w.@-]+)*\/?$/.test(text) || made.test(text)) return false;
  if (/\.(ts|mjs|md|proto)$/.test(text) || text.endsWith("/")) return true;
  return text.includes("/") && files.some((file) => file.startsWith(`${text.split("/", 1).join()}/`));
}

/** True if `name` is a file or folder: from the root, from the folder of `document`, or at the end of some path. */
function exists(name: string, document: string, { files }: Facts): boolean {
  const plain = posix.normalize(name).replace(/\/$/, "");
  const beside = posix.join(posix.dirname(document), plain);
  return files.some((file) => {
    const rooted = `/${file}/`;
    return [plain, beside].some((path) => rooted.startsWith(`/${path}/`)) || rooted.includes(`/${plain}/`);
  });
}

/** What a command line names that does not exist: npm scripts, flags of p4rtd, our own scripts. */
function commandClaims(command: string, document: string, facts: Facts): readonly string[] {
  const script =
    /\bnpm run (?:-s |--silent )?([\w:-]+)/.exec(command)?.[1] ?? /^\$? ?npm (test|start)\b/.exec(command)?.[1];
  const file = /^\$? ?(?:node|bash) ([\w./-]+)/.exec(command)?.[1];
  const ours = /^--[a-z]/.test(command) ? command : /\b(?:p4rtd|npm start --)(?= )(.*)/.exec(command)?.[1];
  const flags = (ours ?? "").match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [];
  return [
    ...(script === undefined || facts.npmScripts.has(script) ? [] : [`npm run ${script}`]),
    ...(file === undefined || made.test(file) || exists(file, document, facts) ? [] : [file]),
    ...flags.filter((flag) => !new RegExp(`${flag}(?![\\w-])`).test(facts.source)),
  ];
}

/** True for `section.key.key` (a value may follow) with a key that the configuration does not have. */
function isMissingConfigKey(span: string, { configSections, configKeys, source }: Facts): boolean {
  const key = /^([a-z_]+(?:\.[a-z_]+)+)(?:: .*)?$/.exec(span)?.[1];
  if (key === undefined || source.includes(`"${key}"`)) return false; // a log event, or named as it is
  const [section = "", ...rest] = key.split(".");
  return configSections.has(section) && rest.some((part) => !configKeys.has(part));
}
