/** The command line of `p4rtctl` → exit code. */
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import type { ShowRequest } from "../wire/admin.js";
import { AdminClient } from "./admin-client.js";
import { CtlError, exit, type ExitCode } from "./exit-code.js";
import { jsonText, type Json } from "./json-text.js";
import { dropsJson, dropsText, shownDrops } from "./show-drops.js";
import { interfacesJson, interfacesText } from "./show-interfaces.js";
import { differs, rulesJson, rulesText } from "./show-rules.js";

/** Where p4rtd's admin socket is unless somebody says otherwise. */
export const defaultSocket = "/run/p4rtd/admin.sock";

export interface CtlOptions {
  readonly version: string;
  /** The socket that the environment names. */
  readonly socket: string | undefined;
  /** True if colours may be written to `out`. */
  readonly color: boolean;
  readonly out: Writable;
  readonly err: Writable;
}

interface Flags {
  readonly socket: string;
  readonly json?: true;
  readonly device?: bigint;
  readonly table?: string;
  readonly all?: true;
}

/** What a command has to say, for people and for programs. */
interface Answer {
  readonly text: string;
  readonly json: Json;
  readonly code?: ExitCode;
}

const exitHelp = `
Exit codes: ${exit.fine} done; ${exit.difference} the datapath does not hold what it should; ${exit.usage} wrong usage, or no such device or table;
${exit.unreachable} p4rtd cannot be reached; ${exit.failed} it cannot answer`;

/** Does what `args` say. Resolves to the exit code when all is written. */
export async function runP4rtctl(args: readonly string[], options: CtlOptions): Promise<ExitCode> {
  let code: ExitCode = exit.fine;
  const command =
    (ask: (client: AdminClient, flags: Flags) => Promise<Answer>) =>
    async (_flags: unknown, invoked: { optsWithGlobals: () => Flags }): Promise<void> => {
      const flags = invoked.optsWithGlobals();
      using client = await AdminClient.open(resolve(flags.socket));
      const answer = await ask(client, flags);
      await write(options.out, `${flags.json === true ? jsonText(answer.json) : answer.text}\n`);
      code = answer.code ?? exit.fine;
    };
  try {
    await program(options, command).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.fine : exit.usage;
    if (!(error instanceof CtlError)) throw error;
    await write(options.err, `p4rtctl: ${error.message}\n`);
    return error.code;
  }
}

function program(
  { version, socket, color, out, err }: CtlOptions,
  command: (
    ask: (client: AdminClient, flags: Flags) => Promise<Answer>,
  ) => (flags: unknown, command: { optsWithGlobals: () => Flags }) => Promise<void>,
): Command {
  const all = new Command("p4rtctl")
    .description("Asks the p4rtd on this box what it does.")
    .option("--socket <path>", "admin socket of p4rtd (environment: P4RTD_ADMIN_SOCKET)", socket ?? defaultSocket)
    .option("--json", "answer for programs, in the names of p4rtd/v1/admin.proto")
    .version(version, "--version")
    .helpOption("-h, --help", "say what can be asked")
    .addHelpText("after", exitHelp)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => void out.write(text), writeErr: (text) => void err.write(text) })
    .exitOverride()
    .allowExcessArguments(false);
  const show = all.command("show").description("what there is, without changing it");
  show
    .command("interfaces")
    .description("ports with network device, port id, state and counters")
    .option("--device <id>", "of this device only", deviceId)
    .action(
      command(async (client, flags) => {
        const lines = await client.interfaces(requestOf(flags));
        return { text: interfacesText(lines), json: interfacesJson(lines) };
      }),
    );
  show
    .command("rules")
    .description(
      `what the datapath holds beside what the entries ask for; exits with ${exit.difference} if they differ`,
    )
    .option("--device <id>", "of this device only", deviceId)
    .option("--table <name>", "of this table only: alias, name or id in the P4Info")
    .action(
      command(async (client, flags) => {
        const shown = await client.rules(requestOf(flags));
        const text = rulesText(shown, color ? "on" : "off");
        return { text, json: rulesJson(shown), code: differs(shown) ? exit.difference : exit.fine };
      }),
    );
  show
    .command("drops")
    .description("frames that went no further, by reason")
    .option("--device <id>", "of this device only", deviceId)
    .option("--all", "also reasons that never occurred")
    .action(
      command(async (client, flags) => {
        const lines = shownDrops(await client.drops(requestOf(flags)), flags.all === true ? "all" : "counted");
        return { text: dropsText(lines), json: dropsJson(lines) };
      }),
    );
  return all;
}

function requestOf({ device, table }: Flags): ShowRequest {
  return { deviceId: device, table };
}

function deviceId(text: string): bigint {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n)
    throw new InvalidArgumentError("It must be a number, 1 to 18446744073709551615.");
  return BigInt(text);
}

/** Resolves when the text is on its way; a reader that has gone, such as `head`, has seen enough. */
function write(to: Writable, text: string): Promise<void> {
  return new Promise((done, failed) => {
    const settle = (error?: Error | null) => {
      if (error && !("code" in error && error.code === "EPIPE")) failed(error);
      else done();
    };
    to.once("error", settle);
    to.write(text, (error) => {
      settle(error);
      if (!error) to.off("error", settle);
    });
  });
}
