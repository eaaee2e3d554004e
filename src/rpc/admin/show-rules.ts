/** `ShowRules`: what the datapath holds beside what the entries ask for, as a stream. */
import { Code, notFound, StatusError } from "../../base/status.js";
import type { Switch } from "../../switch/switch.js";
import { decodeShowRequest, encodeRules } from "../../wire/admin.js";
import type { RpcContext, ServerStreamCall } from "../context.js";
import { sent } from "../sent.js";
import { serviceError } from "../unary.js";
import { chosenDevices } from "./chosen-devices.js";

/** A client that takes nothing for so long does not want the rest. */
const patienceMs = 60_000;

export async function showRules(context: RpcContext, call: ServerStreamCall): Promise<void> {
  const began = performance.now();
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort());
  const finish = (code: number) => context.finished("ShowRules", code, (performance.now() - began) / 1000);
  try {
    const { deviceId, table } = decodeShowRequest(call.request);
    let found = 0;
    let last: StatusError | undefined;
    for (const device of chosenDevices(context, deviceId)) {
      last = await showDevice(device, table, call, gone.signal);
      if (last === undefined) found++;
    }
    if (found === 0) throw last ?? notFound("there is no device");
    call.end();
    finish(Code.OK);
  } catch (error) {
    if (gone.signal.aborted) {
      call.end();
      finish(Code.CANCELLED);
      return;
    }
    const failure = serviceError(context, "ShowRules", call, error);
    finish(failure.code);
    call.emit("error", failure);
  }
}

/** Answers for one device. @returns why not, if it has no such table: another device may have it */
async function showDevice(
  device: Switch,
  table: string | undefined,
  call: ServerStreamCall,
  gone: AbortSignal,
): Promise<StatusError | undefined> {
  const { deviceId } = device;
  let comparison;
  try {
    comparison = await device.compareRules(table, gone);
  } catch (error) {
    if (error instanceof StatusError && error.status.code === Code.NOT_FOUND) return error;
    throw error;
  }
  using compared = comparison;
  for await (const rows of compared.rows(gone))
    await sent(call, encodeRules(rows.map((row) => ({ ...row, deviceId }))), gone, patienceMs);
  const { entries, installed, differences } = compared;
  const { backend } = device.datapath.capabilities;
  await sent(call, encodeRules([], { deviceId, backend, entries, installed, differences }), gone, patienceMs);
  return undefined;
}
